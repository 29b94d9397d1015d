// The product of two tensors of 8-bit codes, each minus its zero point, exact in int32. A may have a zero point for
// each row and B one for each column. Source: ONNX operator MatMulInteger, opset 10.
#include <numeric>
#include <utility>

#include "kernel/ref/lib/elementwise.hpp"
#include "kernel/ref/lib/integer_operand.hpp"

namespace halftone::ref {
namespace {

/// Row-major list of the pairs of matrices that are multiplied, for stacks that are broadcast together.
std::vector<std::pair<std::int64_t, std::int64_t>> matrix_pairs(const Shape& left, const Shape& right,
                                                                const Shape& out) {
    std::vector<std::int64_t> a(static_cast<std::size_t>(left.elements()));
    std::vector<std::int64_t> b(static_cast<std::size_t>(right.elements()));
    std::iota(a.begin(), a.end(), std::int64_t{0});
    std::iota(b.begin(), b.end(), std::int64_t{0});
    std::vector<std::pair<std::int64_t, std::int64_t>> pairs(static_cast<std::size_t>(out.elements()));
    if (pairs.empty()) return pairs;
    walk_pairs(broadcast_walk(left, right, out), a.data(), b.data(), pairs.data(),
               [](std::int64_t i, std::int64_t j) { return std::pair(i, j); });
    return pairs;
}

Shape integer_stack(const Shape& matrix) {
    return Shape(std::vector<std::int64_t>(matrix.dims().begin(), matrix.dims().end() - 2));
}

class MatMulIntegerOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 2, 4);
        check_outputs(op, 1);
        for (std::size_t i = 0; i < 2; ++i) {
            check_dtype(op, i, {DType::u8, DType::s8});
            check_rank(op, i, 2, 8);
        }
        const Shape& a = op.inputs[0].shape;
        const Shape& b = op.inputs[1].shape;
        const std::int64_t inner = a[a.rank() - 1];
        if (inner != b[b.rank() - 2] || inner == kSymbolic) {
            refuse(op, "the shapes " + a.to_text() + " and " + b.to_text() + " cannot be multiplied");
        }
        check_zero_point(op, 2, 0, a[a.rank() - 2]);
        check_zero_point(op, 3, 1, b[b.rank() - 1]);
        std::vector<std::int64_t> dims = broadcast(op, integer_stack(a), integer_stack(b)).dims();
        // int32 holds the exact sum of up to 33,000 products; that is also all that the operator promises.
        dims.insert(dims.end(), {a[a.rank() - 2], b[b.rank() - 1]});
        return {{DType::s32, Shape(std::move(dims))}};
    }

    void run(const OpContext&, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        if (outputs[0].elements() == 0) return;
        const Shape& a = inputs[0].type.shape;
        const Shape& b = inputs[1].type.shape;
        const auto rows = static_cast<std::size_t>(a[a.rank() - 2]);
        const auto inner = static_cast<std::size_t>(a[a.rank() - 1]);
        const auto columns = static_cast<std::size_t>(b[b.rank() - 1]);
        const TensorView none{};
        const TensorView& a_zero = inputs.size() > 2 ? inputs[2] : none;
        const TensorView& b_zero = inputs.size() > 3 ? inputs[3] : none;
        // Zero points are subtracted once for each element and not once for each product.
        const auto left = centred_codes(
            inputs[0], [&](std::size_t i) { return zero_point_of(a_zero, inner == 0 ? 0 : i / inner % rows); });
        const auto right = centred_codes(inputs[1], [&](std::size_t i) { return zero_point_of(b_zero, i % columns); });
        std::int32_t* y = outputs[0].as<std::int32_t>().data();
        for (const auto& [i, j] :
             matrix_pairs(integer_stack(a), integer_stack(b), integer_stack(outputs[0].type.shape))) {
            // The pair of matrices that meet at this place of the stacks.
            const std::int32_t* x = left.data() + static_cast<std::size_t>(i) * rows * inner;
            const std::int32_t* w = right.data() + static_cast<std::size_t>(j) * inner * columns;
            for (std::size_t row = 0; row < rows; ++row, y += columns) {
                // In 64 bits: 2^31 / 2^16 products are enough to leave 32, and then the result wraps, as in hardware.
                std::vector<std::int64_t> sums(columns, 0);
                // Row by row of B, so that both are read in memory order.
                for (std::size_t k = 0; k < inner; ++k) {
                    const std::int64_t factor = x[row * inner + k];
                    for (std::size_t n = 0; n < columns; ++n) sums[n] += factor * w[k * columns + n];
                }
                for (std::size_t n = 0; n < columns; ++n) y[n] = static_cast<std::int32_t>(sums[n]);
            }
        }
    }
};

}  // namespace

const RefOp& mat_mul_integer_op() {
    static const MatMulIntegerOp op;
    return op;
}

}  // namespace halftone::ref
