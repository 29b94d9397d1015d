// The Fourier transforms of the frames of a signal: [N, length, 1 or 2] becomes [N, frames, frequencies, 2]. Frames
// begin every frame_step samples and are weighed by the window; a frame that would reach beyond the end is left out.
// `onesided` (the default) gives the first half of the frequencies. Source: ONNX operator STFT, opset 17.
#include "kernel/ref/lib/fourier.hpp"
#include "kernel/ref/lib/numbers.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/shape_input.hpp"

namespace halftone::ref {
namespace {

struct StftPlan {
    std::int64_t step = 1, frame = 1, frames = 1, frequencies = 1;
};

std::int64_t stft_scalar(const OpContext& op, std::size_t input, const char* name) {
    const std::vector<std::int64_t> numbers = number_input(op, input, name);
    if (numbers.size() != 1) refuse(op, std::string(name) + " is not a single number");
    return numbers[0];
}

StftPlan stft_plan(const OpContext& op) {
    const std::int64_t length = op.inputs[0].shape[1];
    if (length == kSymbolic) refuse(op, "the length of the signal must be known");
    StftPlan plan{.step = stft_scalar(op, 1, "frame_step"), .frame = length};
    if (op.has_input(2)) plan.frame = op.inputs[2].shape[0];
    if (op.has_input(3)) plan.frame = stft_scalar(op, 3, "frame_length");
    if (plan.step < 1 || plan.frame < 1 || plan.frame > length)
        refuse(op, "its frames do not fit a signal of " + std::to_string(length));
    if (op.has_input(2) && op.inputs[2].shape[0] != plan.frame) refuse(op, "the window is not as long as a frame");
    // Only whole frames: the signal is not padded. PyTorch's `center` is a Pad in front of this operator.
    plan.frames = 1 + (length - plan.frame) / plan.step;
    plan.frequencies = int_attribute(op.node, "onesided", 1) != 0 ? plan.frame / 2 + 1 : plan.frame;
    return plan;
}

class StftOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 2, 4);
        check_outputs(op, 1);
        check_dtype(op, 0, kReals);
        check_rank(op, 0, 3, 3);
        if (op.has_input(2)) {
            check_same_dtype(op, 2, 0);
            check_rank(op, 2, 1, 1);
        }
        const Shape& shape = op.inputs[0].shape;
        const bool is_complex = shape[2] == 2;
        if (shape[2] != 1 && !is_complex)
            refuse(op, "the last dimension of " + shape.to_text() + " is neither 1 nor 2");
        if (is_complex && int_attribute(op.node, "onesided", 1) != 0) refuse(op, "onesided needs a real signal");
        const StftPlan plan = stft_plan(op);
        return {{op.inputs[0].dtype, Shape{shape[0], plan.frames, plan.frequencies, 2}}};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const auto transform = [&]<class T>(T) { run_as<T>(op, stft_plan(op), inputs, outputs[0]); };
        if (inputs[0].type.dtype == DType::f32) return transform(float{});
        transform(double{});
    }

private:
    template <class T>
    static void run_as(const OpContext& op, const StftPlan& plan, std::span<const TensorView> inputs,
                       const MutableView& output) {
        const Shape& shape = inputs[0].type.shape;
        const std::int64_t parts = shape[2];
        const T* x = inputs[0].as<T>().data();
        const T* window = op.has_input(2) ? inputs[2].as<T>().data() : nullptr;
        T* y = output.as<T>().data();
        // The roots of unity are the same for all frames, so they are computed once.
        const Fourier fourier(plan.frame, false);
        std::vector<std::complex<double>> line(static_cast<std::size_t>(plan.frame));
        for (std::int64_t n = 0; n < shape[0]; ++n) {
            for (std::int64_t f = 0; f < plan.frames; ++f) {
                for (std::int64_t t = 0; t < plan.frame; ++t) {
                    const T* from = x + (n * shape[1] + f * plan.step + t) * parts;
                    const double weight = window == nullptr ? 1.0 : static_cast<double>(window[t]);
                    line[static_cast<std::size_t>(t)] = {weight * static_cast<double>(from[0]),
                                                         parts == 2 ? weight * static_cast<double>(from[1]) : 0.0};
                }
                fourier.run(line);
                for (std::int64_t k = 0; k < plan.frequencies; ++k) {
                    *y++ = static_cast<T>(line[static_cast<std::size_t>(k)].real());
                    *y++ = static_cast<T>(line[static_cast<std::size_t>(k)].imag());
                }
            }
        }
    }
};

}  // namespace

const RefOp& stft_op() {
    static const StftOp op;
    return op;
}

}  // namespace halftone::ref
