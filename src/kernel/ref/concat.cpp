// The inputs one behind the other along one axis. All other dimensions must agree, element types too; nothing is
// computed, so codes pass as they are where all inputs have the output's parameters. Source: ONNX operator Concat,
// opset 13.
#include <limits>

#include "kernel/ref/lib/moving_op.hpp"

namespace halftone::ref {
namespace {

std::size_t concat_axis(const OpContext& op) {
    if (!op.node.attributes.contains("axis")) refuse(op, "the attribute 'axis' is missing");
    return normal_axis(op, int_attribute(op.node, "axis", 0), op.inputs[0].shape.rank());
}

class ConcatOp final : public MovingOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, std::numeric_limits<std::int32_t>::max());
        check_outputs(op, 1);
        const std::size_t axis = concat_axis(op);
        TensorType out = op.inputs[0];
        for (std::size_t i = 0; i < op.input_count(); ++i) {
            const Shape& shape = op.inputs[i].shape;
            if (!op.has_input(i)) refuse(op, "input " + std::to_string(i) + " is missing");
            check_same_dtype(op, i, 0);
            check_rank(op, i, out.shape.rank(), out.shape.rank());
            if (shape[axis] == kSymbolic && op.input_count() > 1)
                refuse(op, "cannot concatenate along the symbolic batch");
            if (i == 0) continue;
            const std::int64_t joined = out.shape[axis] + shape[axis];
            // All but the axis must agree: for the comparison, the axis is made equal first.
            out.shape[axis] = shape[axis];
            if (out.shape != shape) {
                refuse(op, "inputs 0 " + op.inputs[0].shape.to_text() + " and " + std::to_string(i) + " " +
                               shape.to_text() + " differ outside axis " + std::to_string(axis));
            }
            out.shape[axis] = joined;
            check_size(op, out, "the output");
        }
        return {out};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const std::size_t axis = concat_axis(op);
        std::size_t outer = 1;
        for (std::size_t d = 0; d < axis; ++d) outer *= static_cast<std::size_t>(outputs[0].type.shape[d]);
        std::byte* to = outputs[0].data;
        // In memory, a concatenation is a block of each input in turn, for each position in front of the axis.
        for (std::size_t block = 0; block < outer; ++block) {
            for (const TensorView& input : inputs) {
                const std::size_t bytes = input.bytes() / outer;
                if (bytes != 0) std::memcpy(to, input.data + block * bytes, bytes);
                to += bytes;
            }
        }
    }
};

}  // namespace

const RefOp& concat_op() {
    static const ConcatOp op;
    return op;
}

}  // namespace halftone::ref
