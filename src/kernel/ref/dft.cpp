// The discrete Fourier transform along an axis. Complex numbers are pairs in the last dimension; a last dimension of 1
// holds real ones. `onesided` gives the first half of the spectrum of a real signal, and with `inverse` reads such a
// half and gives the real signal. A signal is cut, or filled with 0, to dft_length. Source: ONNX operator DFT, opsets
// 17 (the axis is an attribute) and 20 (it is an input), and numpy.fft for the inverse of a half.
#include "kernel/ref/lib/fourier.hpp"
#include "kernel/ref/lib/numbers.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/shape_input.hpp"

namespace halftone::ref {
namespace {

struct DftPlan {
    std::size_t axis = 0;
    std::int64_t length = 0;                                       ///< of the transform
    std::int64_t produced = 0;                                     ///< elements along the axis of the output
    bool is_inverse = false, is_half = false, is_complex = false;  ///< is_complex: the input
    [[nodiscard]] bool gives_real() const { return is_inverse && is_half; }
};

std::int64_t dft_scalar(const OpContext& op, std::size_t input, const char* name) {
    const std::vector<std::int64_t> numbers = number_input(op, input, name);
    if (numbers.size() != 1) refuse(op, std::string(name) + " is not a single number");
    return numbers[0];
}

DftPlan dft_plan(const OpContext& op) {
    const Shape& shape = op.inputs[0].shape;
    DftPlan plan{.is_inverse = int_attribute(op.node, "inverse", 0) != 0,
                 .is_half = int_attribute(op.node, "onesided", 0) != 0,
                 .is_complex = shape[shape.rank() - 1] == 2};
    std::int64_t axis = int_attribute(op.node, "axis", -2);
    if (op.has_input(2)) axis = dft_scalar(op, 2, "axis");
    plan.axis = normal_axis(op, axis, shape.rank());
    if (plan.axis + 1 == shape.rank()) refuse(op, "the last dimension holds the parts of complex numbers");
    const std::int64_t given = shape[plan.axis];
    if (given == kSymbolic) refuse(op, "cannot transform along the symbolic batch");
    // The half of a real signal of length n has n / 2 + 1 values; without dft_length, n is taken to be even.
    plan.length = plan.gives_real() ? 2 * (given - 1) : given;
    if (op.has_input(1)) plan.length = dft_scalar(op, 1, "dft_length");
    if (plan.length < 1 || plan.length >= kMaxElements)
        refuse(op, "its length " + std::to_string(plan.length) + " is out of range");
    plan.produced = plan.is_half && !plan.is_inverse ? plan.length / 2 + 1 : plan.length;
    return plan;
}

class DftOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 3);
        check_outputs(op, 1);
        check_dtype(op, 0, kReals);
        check_rank(op, 0, 2, 8);
        Shape shape = op.inputs[0].shape;
        const std::int64_t parts = shape[shape.rank() - 1];
        if (parts != 1 && parts != 2) refuse(op, "the last dimension of " + shape.to_text() + " is neither 1 nor 2");
        const DftPlan plan = dft_plan(op);
        if (plan.is_half && !plan.is_inverse && plan.is_complex) refuse(op, "onesided needs a real input");
        if (plan.gives_real() && !plan.is_complex) refuse(op, "the inverse of a half needs a complex input");
        shape[plan.axis] = plan.produced;
        shape[shape.rank() - 1] = plan.gives_real() ? 1 : 2;
        return {{op.inputs[0].dtype, shape}};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const auto transform = [&]<class T>(T) { run_as<T>(dft_plan(op), inputs[0], outputs[0]); };
        if (inputs[0].type.dtype == DType::f32) return transform(float{});
        transform(double{});
    }

private:
    template <class T>
    static void run_as(const DftPlan& plan, const TensorView& input, const MutableView& output) {
        const Shape& shape = input.type.shape;
        const std::int64_t given = shape[plan.axis];
        const std::int64_t in_parts = shape[shape.rank() - 1];
        const std::int64_t out_parts = output.type.shape[shape.rank() - 1];
        // Lines along the axis: `outer` blocks of `inner` lines that lie beside each other. The parts of a complex
        // number are innermost.
        std::int64_t outer = 1, inner = 1;
        for (std::size_t d = 0; d < plan.axis; ++d) outer *= shape[d];
        for (std::size_t d = plan.axis + 1; d + 1 < shape.rank(); ++d) inner *= shape[d];
        const T* x = input.as<T>().data();
        T* y = output.as<T>().data();
        const Fourier fourier(plan.length, plan.is_inverse);
        std::vector<std::complex<double>> line;
        for (std::int64_t o = 0; o < outer; ++o) {
            for (std::int64_t i = 0; i < inner; ++i) {
                // What is missing at the end of a line is 0, and what is too much is left out.
                line.assign(static_cast<std::size_t>(plan.length), 0);
                for (std::int64_t t = 0; t < std::min(given, plan.length); ++t) {
                    const T* pair = x + ((o * given + t) * inner + i) * in_parts;
                    line[static_cast<std::size_t>(t)] = {static_cast<double>(pair[0]),
                                                         in_parts == 2 ? static_cast<double>(pair[1]) : 0.0};
                }
                if (plan.gives_real()) complete(line);
                fourier.run(line);
                for (std::int64_t t = 0; t < plan.produced; ++t) {
                    T* pair = y + ((o * plan.produced + t) * inner + i) * out_parts;
                    pair[0] = static_cast<T>(line[static_cast<std::size_t>(t)].real());
                    if (out_parts == 2) pair[1] = static_cast<T>(line[static_cast<std::size_t>(t)].imag());
                }
            }
        }
    }

    /// The whole spectrum of a real signal from its first half: the rest is the mirror, conjugated. The first and the
    /// middle value are real.
    static void complete(std::vector<std::complex<double>>& line) {
        const std::size_t n = line.size();
        line[0] = line[0].real();
        for (std::size_t k = n / 2 + 1; k < n; ++k) line[k] = std::conj(line[n - k]);
        if (n % 2 == 0) line[n / 2] = line[n / 2].real();
    }
};

}  // namespace

const RefOp& dft_op() {
    static const DftOp op;
    return op;
}

}  // namespace halftone::ref
