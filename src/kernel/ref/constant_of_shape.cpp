// A tensor of the shape that input 0 holds, filled with the attribute value (a float zero if it is missing). It appears
// in exported models where a framework made a mask or an initial state. Source: ONNX operator ConstantOfShape,
// opset 20.
#include "kernel/ref/lib/moving_op.hpp"
#include "kernel/ref/lib/strided_copy.hpp"
#include "kernel/shape/shape_input.hpp"

namespace halftone::ref {
namespace {

Tensor value_of(const OpContext& op) {
    const auto found = op.node.attributes.find("value");
    if (found == op.node.attributes.end()) return Tensor::of<float>(Shape{1}, std::vector<float>{0.0F});
    const auto* tensor = std::get_if<Tensor>(&found->second);
    if (tensor == nullptr || tensor->elements() != 1)
        refuse(op, "the attribute 'value' must be a tensor of one element");
    return *tensor;
}

class ConstantOfShapeOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 1);
        check_outputs(op, 1);
        return {{value_of(op).dtype(), shape_from(op, shape_input(op, 0, "shape"))}};
    }

    void run(const OpContext& op, std::span<const TensorView> /*inputs*/,
             std::span<const MutableView> outputs) const override {
        const Tensor value = value_of(op);
        const std::vector<std::int64_t> steps(outputs[0].type.shape.rank(), 0);
        gather_strided(value.view(), 0, steps, outputs[0]);
    }
};

}  // namespace

const RefOp& constant_of_shape_op() {
    static const ConstantOfShapeOp op;
    return op;
}

}  // namespace halftone::ref
