// Unlike a reshape it repeats elements; unlike Tile it repeats only dimensions of size 1.
// Broadcast to a shape, in both directions. Source: ONNX operator Expand, opset 13.
#include "kernel/ref/lib/moving_op.hpp"
#include "kernel/ref/lib/strided_copy.hpp"
#include "kernel/shape/shape_input.hpp"

namespace halftone::ref {
namespace {

class ExpandOp final : public MovingOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 2, 2);
        check_outputs(op, 1);
        const Shape wanted = shape_from(op, shape_input(op, 1, "shape"));
        return {{op.inputs[0].dtype, broadcast(op, op.inputs[0].shape, wanted)}};
    }

    void run(const OpContext&, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const Shape& from = inputs[0].type.shape;
        const std::size_t missing = outputs[0].type.shape.rank() - from.rank();
        std::vector<std::int64_t> steps(missing, 0);
        for (const std::int64_t step : row_major_steps(from)) {
            steps.push_back(from[steps.size() - missing] == 1 ? 0 : step);
        }
        gather_strided(inputs[0], 0, steps, outputs[0]);
    }
};

}  // namespace

const RefOp& expand_op() {
    static const ExpandOp op;
    return op;
}

}  // namespace halftone::ref
