// Mode DCR reads the block's position from the slow part of the channels, CRD from the fast one. It is how networks for
// super-resolution make their image larger.
// Channels become blocks of blocksize x blocksize pixels. Source: ONNX operator DepthToSpace, opset 13.
#include "kernel/ref/lib/block_size.hpp"
#include "kernel/ref/lib/moving_op.hpp"
#include "kernel/ref/lib/strided_copy.hpp"

namespace halftone::ref {
namespace {

class DepthToSpaceOp final : public MovingOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 1);
        check_outputs(op, 1);
        check_rank(op, 0, 4, 4);
        const std::string mode = string_attribute(op.node, "mode", "DCR");
        if (mode != "DCR" && mode != "CRD") refuse(op, "mode '" + mode + "' is neither 'DCR' nor 'CRD'");
        const std::int64_t block = block_size(op);
        Shape shape = op.inputs[0].shape;
        if (shape[1] == kSymbolic || shape[1] % (block * block) != 0) {
            refuse(op, "blocksize " + std::to_string(block) + " squared does not divide the channels of " +
                           shape.to_text());
        }
        shape[1] /= block * block;
        for (const std::size_t d : {std::size_t{2}, std::size_t{3}}) {
            if (shape[d] == kSymbolic || __builtin_mul_overflow(shape[d], block, &shape[d]))
                refuse(op, "its size is too large or unknown");
        }
        return {{op.inputs[0].dtype, shape}};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const std::int64_t block = block_size(op);
        const Shape& out = outputs[0].type.shape;
        const Shape& in = inputs[0].type.shape;
        const std::vector<std::int64_t> own = row_major_steps(in);
        // Source channel of (y, x, c) within blocks: DCR [y, x, c], CRD [c, y, x].
        const bool is_crd = string_attribute(op.node, "mode", "DCR") == "CRD";
        const std::int64_t y_step = is_crd ? block * own[1] : block * out[1] * own[1];
        const std::int64_t x_step = is_crd ? own[1] : out[1] * own[1];
        const std::int64_t c_step = is_crd ? block * block * own[1] : own[1];
        // Both shapes in six dimensions are the same elements in another order, which one strided copy does.
        const Shape seen{out[0], out[1], in[2], block, in[3], block};
        const std::vector<std::int64_t> steps{own[0], c_step, own[2], y_step, own[3], x_step};
        gather_strided(inputs[0], 0, steps, {{inputs[0].type.dtype, seen}, outputs[0].data});
    }
};

}  // namespace

const RefOp& depth_to_space_op() {
    static const DepthToSpaceOp op;
    return op;
}

}  // namespace halftone::ref
