// The tensor beside itself, `repeats` times along each dimension.
// Source: ONNX operator Tile, opset 13.
#include "kernel/ref/lib/moving_op.hpp"
#include "kernel/ref/lib/strided_copy.hpp"
#include "kernel/shape/shape_input.hpp"

namespace halftone::ref {
namespace {

class TileOp final : public MovingOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 2, 2);
        check_outputs(op, 1);
        const std::vector<std::int64_t> repeats = number_input(op, 1, "repeats");
        Shape shape = op.inputs[0].shape;
        if (repeats.size() != shape.rank()) {
            refuse(op, "repeats " + text_of(repeats) + " does not have one number for each dimension of " +
                           shape.to_text());
        }
        for (std::size_t d = 0; d < repeats.size(); ++d) {
            if (repeats[d] < 0) refuse(op, "repeats " + text_of(repeats) + " has a negative number");
            if (repeats[d] == 1) continue;
            if (shape[d] == kSymbolic) refuse(op, "cannot repeat along the symbolic batch");
            // Repeats come from the file.
            if (__builtin_mul_overflow(shape[d], repeats[d], &shape[d]))
                refuse(op, "repeats " + text_of(repeats) + " is too large");
        }
        return {{op.inputs[0].dtype, shape}};
    }

    void run(const OpContext&, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const Shape& from = inputs[0].type.shape;
        const Shape& to = outputs[0].type.shape;
        // Every dimension as [repeats, size], of which repeats does not move in the source.
        std::vector<std::int64_t> dims;
        std::vector<std::int64_t> steps;
        const std::vector<std::int64_t> own = row_major_steps(from);
        for (std::size_t d = 0; d < from.rank(); ++d) {
            dims.insert(dims.end(), {from[d] == 0 ? 0 : to[d] / from[d], from[d]});
            steps.insert(steps.end(), {0, own[d]});
        }
        gather_strided(inputs[0], 0, steps, {{inputs[0].type.dtype, Shape(dims)}, outputs[0].data});
    }
};

}  // namespace

const RefOp& tile_op() {
    static const TileOp op;
    return op;
}

}  // namespace halftone::ref
