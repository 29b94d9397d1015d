// `k` moves the diagonal: positive to the right, negative to the left. The last two dimensions are the matrices.
// The upper or lower triangle; zeros elsewhere. Source: ONNX operator Trilu, opset 14.
#include "kernel/ref/lib/numbers.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

class TriluOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 2);
        check_outputs(op, 1);
        if (op.inputs[0].shape.rank() < 2) refuse(op, "input 0 " + op.inputs[0].shape.to_text() + " is no matrix");
        for (const std::size_t back : {std::size_t{1}, std::size_t{2}}) {
            if (op.inputs[0].shape[op.inputs[0].shape.rank() - back] == kSymbolic)
                refuse(op, "its matrices have the symbolic batch as a side");
        }
        if (op.has_input(1)) {
            check_dtype(op, 1, {DType::s64});
            if (op.inputs[1].shape != Shape{} && op.inputs[1].shape != Shape{1}) refuse(op, "k is not a scalar");
        }
        return {op.inputs[0]};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const bool is_upper = int_attribute(op.node, "upper", 1) != 0;
        const std::int64_t k = op.has_input(1) ? inputs[1].as<std::int64_t>()[0] : 0;
        const Shape& shape = inputs[0].type.shape;
        const std::int64_t rows = shape[shape.rank() - 2];
        const std::int64_t columns = shape[shape.rank() - 1];
        with_word(inputs[0].type.dtype, [&]<class Word>(Word) {
            const auto* x = reinterpret_cast<const Word*>(inputs[0].data);
            auto* y = reinterpret_cast<Word*>(outputs[0].data);
            // A stack of matrices is one run of elements: row and column follow from the index alone.
            for (std::int64_t i = 0; i < shape.elements(); ++i) {
                const std::int64_t row = i / columns % rows;
                const std::int64_t column = i % columns;
                y[i] = (is_upper ? column - row >= k : column - row <= k) ? x[i] : Word{0};
            }
        });
    }
};

}  // namespace

const RefOp& trilu_op() {
    static const TriluOp op;
    return op;
}

}  // namespace halftone::ref
