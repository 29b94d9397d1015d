// Modes constant, reflect, edge and wrap; negative pads cut. Source: ONNX operator Pad, opset 21.
#include <cstdlib>

#include "kernel/ref/lib/moving_op.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/ref/lib/strided_copy.hpp"
#include "kernel/shape/pad_margins.hpp"

namespace halftone::ref {
namespace {

class PadOp final : public MovingOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 2, 4);
        check_outputs(op, 1);
        const std::string mode = string_attribute(op.node, "mode", "constant");
        if (mode != "constant" && mode != "reflect" && mode != "edge" && mode != "wrap")
            refuse(op, "mode '" + mode + "' is none of constant reflect edge wrap");
        if (op.has_input(2)) {
            check_same_dtype(op, 2, 0);
            if (op.inputs[2].shape != Shape{} && op.inputs[2].shape != Shape{1})
                refuse(op, "the constant value is not a scalar");
        }
        const PadMargins margins = pad_margins(op);
        Shape shape = op.inputs[0].shape;
        for (std::size_t d = 0; d < shape.rank(); ++d) {
            const bool is_still = margins.begin[d] == 0 && margins.end[d] == 0;
            if (is_still) continue;
            // An open batch that grows by the pads would be a different number from the batch of all other values.
            if (shape[d] == kSymbolic) refuse(op, "cannot pad the symbolic batch");
            // Halves are compared, because the absolute value of the least number of 64 bits does not exist.
            const bool is_small =
                std::abs(margins.begin[d] / 2) < kMaxElements && std::abs(margins.end[d] / 2) < kMaxElements;
            if (!is_small || shape[d] + margins.begin[d] + margins.end[d] < 0)
                refuse(op, "its pads do not fit " + shape.to_text());
            // Copies need something to copy.
            if (mode != "constant" && shape[d] == 0) refuse(op, "mode " + mode + " has nothing to copy");
            shape[d] += margins.begin[d] + margins.end[d];
        }
        return {{op.inputs[0].dtype, shape}};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const std::string mode = string_attribute(op.node, "mode", "constant");
        const PadMargins margins = pad_margins(op);
        const Shape& in = inputs[0].type.shape;
        const Shape& out = outputs[0].type.shape;
        const std::vector<std::int64_t> steps = row_major_steps(in);
        with_word(inputs[0].type.dtype, [&]<class Word>(Word) {
            const auto* x = reinterpret_cast<const Word*>(inputs[0].data);
            auto* y = reinterpret_cast<Word*>(outputs[0].data);
            const Word fill = op.has_input(2) ? *reinterpret_cast<const Word*>(inputs[2].data) : Word{0};
            std::vector<std::int64_t> place(out.rank(), 0);
            for (std::int64_t i = 0; i < out.elements(); ++i) {
                std::int64_t offset = 0;
                bool is_outside = false;
                for (std::size_t d = 0; d < out.rank(); ++d) {
                    const std::int64_t source = pad_source(place[d] - margins.begin[d], in[d], mode);
                    is_outside = is_outside || source < 0;
                    offset += source * steps[d];
                }
                y[i] = is_outside ? fill : x[offset];
                // The position is counted like an odometer: cheaper than a division for each dimension of each element.
                for (std::size_t d = out.rank(); d-- > 0;) {
                    if (++place[d] < out[d]) break;
                    place[d] = 0;
                }
            }
        });
    }
};

}  // namespace

const RefOp& pad_op() {
    static const PadOp op;
    return op;
}

}  // namespace halftone::ref
