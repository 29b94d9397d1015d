// The inverse of DepthToSpace in its mode DCR.
// Blocks of blocksize x blocksize pixels become channels. Source: ONNX operator SpaceToDepth, opset 13.
#include "kernel/ref/lib/block_size.hpp"
#include "kernel/ref/lib/moving_op.hpp"
#include "kernel/ref/lib/strided_copy.hpp"

namespace halftone::ref {
namespace {

class SpaceToDepthOp final : public MovingOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 1);
        check_outputs(op, 1);
        check_rank(op, 0, 4, 4);
        const std::int64_t block = block_size(op);
        Shape shape = op.inputs[0].shape;
        for (const std::size_t d : {std::size_t{2}, std::size_t{3}}) {
            if (shape[d] == kSymbolic || shape[d] % block != 0) {
                refuse(op, "blocksize " + std::to_string(block) + " does not divide the size of " + shape.to_text());
            }
            shape[d] /= block;
        }
        if (shape[1] == kSymbolic || __builtin_mul_overflow(shape[1], block * block, &shape[1]))
            refuse(op, "its channels are too many or unknown");
        return {{op.inputs[0].dtype, shape}};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const std::int64_t block = block_size(op);
        const Shape& out = outputs[0].type.shape;
        const Shape& in = inputs[0].type.shape;
        const std::vector<std::int64_t> own = row_major_steps(in);
        // The output's channel number is (row in the block, column in the block, channel). So the output is a strided
        // view of the input with six dimensions, and nothing has to be computed.
        const Shape seen{in[0], block, block, in[1], out[2], out[3]};
        const std::vector<std::int64_t> steps{own[0], own[2], own[3], own[1], block * own[2], block * own[3]};
        gather_strided(inputs[0], 0, steps, {{inputs[0].type.dtype, seen}, outputs[0].data});
    }
};

}  // namespace

const RefOp& space_to_depth_op() {
    static const SpaceToDepthOp op;
    return op;
}

}  // namespace halftone::ref
