// Output dimension d is input dimension perm[d]; without perm the order is turned around. Nothing is computed, so codes
// keep their parameters. Source: ONNX operator Transpose, opset 13.
#include "kernel/ref/lib/moving_op.hpp"
#include "kernel/ref/lib/strided_copy.hpp"

namespace halftone::ref {
namespace {

std::vector<std::size_t> permutation(const OpContext& op, std::size_t rank) {
    std::vector<std::int64_t> reversed(rank);
    for (std::size_t i = 0; i < rank; ++i) reversed[i] = static_cast<std::int64_t>(rank - 1 - i);
    const auto perm = ints_attribute(op.node, "perm", reversed);
    std::vector<std::size_t> places(rank);
    std::vector<bool> is_taken(rank, false);
    bool is_valid = perm.size() == rank;
    for (std::size_t i = 0; is_valid && i < rank; ++i) {
        is_valid =
            perm[i] >= 0 && perm[i] < static_cast<std::int64_t>(rank) && !is_taken[static_cast<std::size_t>(perm[i])];
        if (!is_valid) break;
        places[i] = static_cast<std::size_t>(perm[i]);
        is_taken[places[i]] = true;
    }
    if (!is_valid) refuse(op, "perm " + text_of(perm) + " is not a permutation of " + std::to_string(rank) + " axes");
    return places;
}

class TransposeOp final : public MovingOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 1);
        check_outputs(op, 1);
        const Shape& shape = op.inputs[0].shape;
        std::vector<std::int64_t> dims;
        for (const std::size_t place : permutation(op, shape.rank())) dims.push_back(shape[place]);
        return {{op.inputs[0].dtype, Shape(std::move(dims))}};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const std::vector<std::int64_t> own_steps = row_major_steps(inputs[0].type.shape);
        std::vector<std::int64_t> steps;
        for (const std::size_t place : permutation(op, own_steps.size())) steps.push_back(own_steps[place]);
        // The output is walked in its own order, and the input by the steps of the dimension that stands there.
        gather_strided(inputs[0], 0, steps, outputs[0]);
    }
};

}  // namespace

const RefOp& transpose_op() {
    static const TransposeOp op;
    return op;
}

}  // namespace halftone::ref
