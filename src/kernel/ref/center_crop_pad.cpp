// Cuts or pads dimensions to given sizes, evenly at both ends: what does not divide by two comes off, or is added, at
// the far end. New elements are 0. Source: ONNX operator CenterCropPad, opset 18.
#include "kernel/ref/lib/numbers.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/ref/lib/strided_copy.hpp"
#include "kernel/shape/shape_input.hpp"

namespace halftone::ref {
namespace {

class CenterCropPadOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 2, 2);
        check_outputs(op, 1);
        check_rank(op, 1, 1, 1);
        Shape shape = op.inputs[0].shape;
        const Shape wanted = shape_from(op, shape_input(op, 1, "shape"));
        std::vector<std::int64_t> axes = ints_attribute(op.node, "axes", {});
        if (axes.empty()) {
            for (std::size_t d = 0; d < shape.rank(); ++d) axes.push_back(static_cast<std::int64_t>(d));
        }
        if (axes.size() != wanted.rank()) {
            refuse(op, "shape " + wanted.to_text() + " does not have one size for each of the axes " + text_of(axes));
        }
        for (std::size_t i = 0; i < axes.size(); ++i) {
            const std::size_t d = normal_axis(op, axes[i], shape.rank());
            if (shape[d] == wanted[i]) continue;
            if (shape[d] == kSymbolic || wanted[i] == kSymbolic) refuse(op, "cannot cut or pad the symbolic batch");
            shape[d] = wanted[i];
        }
        return {{op.inputs[0].dtype, shape}};
    }

    void run(const OpContext&, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const Shape& in = inputs[0].type.shape;
        const Shape& out = outputs[0].type.shape;
        const std::vector<std::int64_t> from_steps = row_major_steps(in);
        const std::vector<std::int64_t> to_steps = row_major_steps(out);
        with_word(inputs[0].type.dtype, [&]<class Word>(Word) {
            const auto* x = reinterpret_cast<const Word*>(inputs[0].data);
            auto* y = reinterpret_cast<Word*>(outputs[0].data);
            for (std::int64_t i = 0; i < out.elements(); ++i) {
                std::int64_t offset = 0;
                bool is_outside = false;
                for (std::size_t d = 0; d < out.rank(); ++d) {
                    // Both halves are rounded down: the element that is left over stands at the far end.
                    const std::int64_t start = in[d] > out[d] ? (in[d] - out[d]) / 2 : -((out[d] - in[d]) / 2);
                    const std::int64_t place = i / to_steps[d] % out[d] + start;
                    is_outside = is_outside || place < 0 || place >= in[d];
                    offset += place * from_steps[d];
                }
                y[i] = is_outside ? Word{0} : x[offset];
            }
        });
    }
};

}  // namespace

const RefOp& center_crop_pad_op() {
    static const CenterCropPadOp op;
    return op;
}

}  // namespace halftone::ref
