// Source: ONNX operator Transpose, opset 13.
#include "kernel/ref/common_moving_op.hpp"

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

/// Copies in the order of `out`: dimension i of the output steps `steps[i]` elements through the input.
template <class Word>
void gather(const Shape& out, const std::vector<std::int64_t>& steps, const std::byte* from, std::byte* to) {
    const auto* source = reinterpret_cast<const Word*>(from);
    auto* target = reinterpret_cast<Word*>(to);
    std::vector<std::int64_t> place(out.rank(), 0);
    std::int64_t offset = 0;
    for (std::int64_t i = 0, count = out.elements(); i < count; ++i) {
        target[i] = source[offset];
        for (std::size_t d = out.rank(); d-- > 0;) {
            offset += steps[d];
            if (++place[d] < out[d]) break;
            offset -= steps[d] * out[d];
            place[d] = 0;
        }
    }
}

class TransposeOp final : public MovingOp {
public:
    std::string_view type() const override { return "Transpose"; }

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
        const Shape& shape = inputs[0].type.shape;
        std::vector<std::int64_t> own_steps(shape.rank(), 1);
        for (std::size_t d = shape.rank(); d-- > 1;) own_steps[d - 1] = own_steps[d] * shape[d];
        std::vector<std::int64_t> steps;
        for (const std::size_t place : permutation(op, shape.rank())) steps.push_back(own_steps[place]);
        const Shape& out = outputs[0].type.shape;
        switch (size_of(inputs[0].type.dtype)) {
            case 1:
                return gather<std::uint8_t>(out, steps, inputs[0].data, outputs[0].data);
            case 2:
                return gather<std::uint16_t>(out, steps, inputs[0].data, outputs[0].data);
            case 4:
                return gather<std::uint32_t>(out, steps, inputs[0].data, outputs[0].data);
            default:
                return gather<std::uint64_t>(out, steps, inputs[0].data, outputs[0].data);
        }
    }
};

}  // namespace

const RefOp& transpose_op() {
    static const TransposeOp op;
    return op;
}

}  // namespace halftone::ref
