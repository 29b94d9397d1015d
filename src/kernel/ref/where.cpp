// All three inputs are broadcast to one shape first, because any of them may be the smaller one.
// y = condition ? a : b, all three broadcast. Source: ONNX operator Where, opset 16.
#include "kernel/ref/lib/elementwise.hpp"

namespace halftone::ref {
namespace {

/// Row-major copy of a tensor in the shape that it is broadcast to.
/// A copy costs memory, but the loop over three operands stays one line. It is the oracle and need not be fast.
template <class Word>
std::vector<Word> spread_over(const TensorView& view, const Shape& shape) {
    std::vector<Word> out(static_cast<std::size_t>(shape.elements()));
    const auto* data = reinterpret_cast<const Word*>(view.data);
    walk_pairs(broadcast_walk(view.type.shape, Shape{}, shape), data, data, out.data(),
               [](Word value, Word) { return value; });
    return out;
}

template <class Word>
void choose(std::span<const TensorView> inputs, const MutableView& out) {
    const Shape& shape = out.type.shape;
    const std::vector<std::uint8_t> conditions = spread_over<std::uint8_t>(inputs[0], shape);
    const std::vector<Word> yes = spread_over<Word>(inputs[1], shape);
    const std::vector<Word> no = spread_over<Word>(inputs[2], shape);
    auto* y = reinterpret_cast<Word*>(out.data);
    for (std::size_t i = 0; i < yes.size(); ++i) y[i] = conditions[i] != 0 ? yes[i] : no[i];
}

class WhereOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 3, 3);
        check_outputs(op, 1);
        check_dtype(op, 0, {DType::boolean});
        check_same_dtype(op, 2, 1);
        const Shape both = broadcast(op, op.inputs[1].shape, op.inputs[2].shape);
        return {{op.inputs[1].dtype, broadcast(op, op.inputs[0].shape, both)}};
    }

    void run(const OpContext&, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        if (outputs[0].elements() == 0) return;
        with_word(outputs[0].type.dtype, [&]<class Word>(Word) { choose<Word>(inputs, outputs[0]); });
    }
};

}  // namespace

const RefOp& where_op() {
    static const WhereOp op;
    return op;
}

}  // namespace halftone::ref
