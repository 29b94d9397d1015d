// Dimensions of size 1 go; the elements stay where they are. Without axes, all of them go.
// Source: ONNX operator Squeeze, opset 13.
#include "kernel/ref/lib/moving_op.hpp"
#include "kernel/shape/axes.hpp"

namespace halftone::ref {
namespace {

std::vector<bool> dropped(const OpContext& op) {
    const Shape& shape = op.inputs[0].shape;
    const Axes axes = axes_of(op, 1, shape.rank());
    std::vector<bool> is_dropped(shape.rank(), false);
    for (std::size_t d = 0; d < shape.rank(); ++d) is_dropped[d] = !axes.is_given && shape[d] == 1;
    // A named dimension must be 1; the symbolic batch is not, even if one sample is what a user will run.
    for (const std::size_t place : axes.places) {
        if (shape[place] != 1)
            refuse(op, "dimension " + std::to_string(place) + " of " + shape.to_text() + " is not 1");
        is_dropped[place] = true;
    }
    return is_dropped;
}

class SqueezeOp final : public MovingOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 2);
        check_outputs(op, 1);
        return {{op.inputs[0].dtype, reduced_shape(op.inputs[0].shape, dropped(op), false)}};
    }

    void run(const OpContext&, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        copy_bytes(inputs[0], outputs[0]);
    }
};

}  // namespace

const RefOp& squeeze_op() {
    static const SqueezeOp op;
    return op;
}

}  // namespace halftone::ref
