// The same elements as a matrix: dimensions in front of the axis become rows, the others columns. Only the shape
// changes. The axis may be equal to the rank, which gives one column. Source: ONNX operator Flatten, opset 13.
#include "kernel/ref/lib/moving_op.hpp"

namespace halftone::ref {
namespace {

class FlattenOp final : public MovingOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 1);
        check_outputs(op, 1);
        const Shape& shape = op.inputs[0].shape;
        const auto rank = static_cast<std::int64_t>(shape.rank());
        const std::int64_t axis = int_attribute(op.node, "axis", 1);
        if (axis < -rank || axis > rank) {  // axis == rank is allowed here, unlike elsewhere
            refuse(op, "axis " + std::to_string(axis) + " is outside [-" + std::to_string(rank) + "," +
                           std::to_string(rank) + "]");
        }
        const std::span<const std::int64_t> dims = shape.dims();
        const auto cut = static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
        return {{op.inputs[0].dtype, Shape{product(op, dims.first(cut)), product(op, dims.subspan(cut))}}};
    }

    void run(const OpContext&, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        copy_bytes(inputs[0], outputs[0]);
    }
};

}  // namespace

const RefOp& flatten_op() {
    static const FlattenOp op;
    return op;
}

}  // namespace halftone::ref
