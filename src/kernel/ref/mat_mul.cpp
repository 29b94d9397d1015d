// Matrix product as NumPy's matmul. Source: ONNX operator MatMul, opset 13.
#include <algorithm>
#include <array>

#include "kernel/ref/lib/gemm_loops.hpp"
#include "kernel/ref/lib/mat_mul_step.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

/// Operands as stacks of matrices: a vector on the left is one row, on the right one column.
struct Operands {
    Shape left;
    Shape right;
    bool drops_row = false;
    bool drops_column = false;
};

Operands operands_of(const Shape& a, const Shape& b) {
    Operands operands{.left = a, .right = b};
    if (a.rank() == 1) operands.left = Shape{1, a[0]};
    if (b.rank() == 1) operands.right = Shape{b[0], 1};
    operands.drops_row = a.rank() == 1;
    operands.drops_column = b.rank() == 1;
    return operands;
}

Shape stack_of(const Shape& matrix) {
    return Shape(std::vector<std::int64_t>(matrix.dims().begin(), matrix.dims().end() - 2));
}

class MatMulOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 2, 2);
        check_outputs(op, 1);
        for (std::size_t i = 0; i < 2; ++i) {
            check_dtype(op, i, {DType::f32});
            if (op.inputs[i].shape.rank() == 0) refuse(op, "input " + std::to_string(i) + " is a scalar");
        }
        const auto [left, right, drops_row, drops_column] = operands_of(op.inputs[0].shape, op.inputs[1].shape);
        const std::int64_t inner = left[left.rank() - 1];
        // A sum over the unknown batch is no product of matrices of one shape.
        if (inner != right[right.rank() - 2] || inner == kSymbolic) {
            refuse(op, "the shapes " + op.inputs[0].shape.to_text() + " and " + op.inputs[1].shape.to_text() +
                           " cannot be multiplied");
        }
        std::vector<std::int64_t> dims = broadcast(op, stack_of(left), stack_of(right)).dims();
        // A vector was made a matrix only for the product; its dimension of 1 goes again.
        if (!drops_row) dims.push_back(left[left.rank() - 2]);
        if (!drops_column) dims.push_back(right[right.rank() - 1]);
        return {{DType::f32, Shape(std::move(dims))}};
    }

    void run(const OpContext&, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        // Before the divisions by sizes below.
        if (outputs[0].elements() == 0) return;
        const Operands operands = operands_of(inputs[0].type.shape, inputs[1].type.shape);
        const Shape& left = operands.left;
        const Shape& right = operands.right;
        const std::int64_t rows = left[left.rank() - 2];
        const std::int64_t inner = left[left.rank() - 1];
        const std::int64_t columns = right[right.rank() - 1];
        const float* a = inputs[0].as<float>().data();
        const float* b = inputs[1].as<float>().data();
        float* y = outputs[0].as<float>().data();
        std::vector<double> sums(static_cast<std::size_t>(columns));
        for_each_pair(stack_of(left), stack_of(right), [&](std::int64_t i, std::int64_t j) {
            for (std::int64_t m = 0; m < rows; ++m) {
                // A whole row of sums at once: the inner loop then walks both B and the sums element by element.
                sums.assign(sums.size(), 0.0);
                add_product_f32(a + (i * rows + m) * inner, 1, b + j * inner * columns, inner, sums);
                for (const double sum : sums) *y++ = static_cast<float>(sum);
            }
        });
    }

    Support supports(const KernelRequest& request) const override {
        return is_mat_mul_step(request) ? supports_mat_mul_step(request) : RefOp::supports(request);
    }

    std::unique_ptr<Primitive> build(const KernelRequest& request) const override {
        return is_mat_mul_step(request) ? build_mat_mul_step(request) : RefOp::build(request);
    }

private:
    /// body(matrix of the left stack, matrix of the right stack) in the output's order.
    template <class Body>
    static void for_each_pair(const Shape& left, const Shape& right, Body body) {
        const std::size_t rank = std::max(left.rank(), right.rank());
        const auto dim = [&](const Shape& shape, std::size_t d) {
            return d < rank - shape.rank() ? 1 : shape[d - (rank - shape.rank())];
        };
        std::int64_t count = 1;
        for (std::size_t d = 0; d < rank; ++d) count *= std::max(dim(left, d), dim(right, d));
        for (std::int64_t n = 0; n < count; ++n) {
            std::int64_t rest = n;
            std::array<std::int64_t, 2> place{0, 0};
            std::array<std::int64_t, 2> step{1, 1};
            // Stacks are broadcast: where one operand has size 1, its matrix is used again for every position of the
            // other.
            for (std::size_t d = rank; d-- > 0;) {
                const std::array<std::int64_t, 2> sizes{dim(left, d), dim(right, d)};
                const std::int64_t size = std::max(sizes[0], sizes[1]);
                for (std::size_t side = 0; side < 2; ++side) {
                    place[side] += (sizes[side] == 1 ? 0 : rest % size) * step[side];
                    step[side] *= sizes[side];
                }
                rest /= size;
            }
            body(place[0], place[1]);
        }
    }
};

}  // namespace

const RefOp& mat_mul_op() {
    static const MatMulOp op;
    return op;
}

}  // namespace halftone::ref
