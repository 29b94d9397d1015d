// Products of two tensors, as in attention, in fp32. The right operands are packed into scratch memory in each run,
// which costs little beside the product when the left has more than a few rows. A product by a constant is oneDNN's,
// which packs the weights once. Source: ONNX operator MatMul, opset 13. The products themselves are in lib/gemm.
#include <algorithm>

#include "kernel/native/lib/gemm.hpp"
#include "kernel/native/lib/strided_walk.hpp"
#include "kernel/ops/machine.hpp"
#include "kernel/shape/fast_op.hpp"

namespace halftone::native {
namespace {

// 96 rows are 16 tiles of six rows (lib/gemm): a piece is long enough to be worth handing out, and a large product
// still has pieces for every thread.
constexpr std::int64_t kRowsOfProduct = 96;    ///< that a thread takes at once
constexpr std::int64_t kLeastProductRows = 8;  ///< of fewer, packing would cost more than the product

struct PairShape {
    std::int64_t rows = 1, inner = 1, columns = 1;
    std::int64_t left_matrices = 1, right_matrices = 1;
    std::vector<std::int64_t> left, right;  ///< the matrix of each operand, for each matrix of the output

    [[nodiscard]] std::int64_t panels() const { return (columns + kPanel - 1) / kPanel; }
    [[nodiscard]] std::int64_t packed_floats() const { return panels() * inner * kPanel; }
};

/// The dimensions in front of the last two.
Shape matrices_of(const Shape& shape) {
    return Shape(std::vector<std::int64_t>(shape.dims().begin(), shape.dims().end() - 2));
}

PairShape pair_shape(const KernelRequest& request) {
    const Shape& a = request.inputs[0].type.shape;
    const Shape& b = request.inputs[1].type.shape;
    const Shape output = matrices_of(request.outputs[0].type.shape);
    PairShape pair;
    pair.rows = a[a.rank() - 2];
    pair.inner = a[a.rank() - 1];
    pair.columns = b[b.rank() - 1];
    pair.left_matrices = matrices_of(a).elements();
    pair.right_matrices = matrices_of(b).elements();
    const StridedWalk walk = strided_walk(
        {{matrices_of(a), row_major_steps(matrices_of(a))}, {matrices_of(b), row_major_steps(matrices_of(b))}}, output,
        row_major_steps(output));
    // Which matrix of each operand belongs to which of the output: broadcasting of the dimensions in front.
    for (std::int64_t m = 0; m < output.elements(); ++m) {
        std::int64_t rest = m;
        std::int64_t left = 0;
        std::int64_t right = 0;
        for (std::size_t d = walk.dimensions.size(); d-- > 0;) {
            const std::int64_t place = rest % walk.dimensions[d].size;
            rest /= walk.dimensions[d].size;
            left += place * walk.dimensions[d].steps[0];
            right += place * walk.dimensions[d].steps[1];
        }
        pair.left.push_back(left);
        pair.right.push_back(right);
    }
    return pair;
}

void pack_right(const PairShape& pair, const float* b, float* packed) {
    const std::int64_t all = pair.right_matrices * pair.panels();
    // Below this a thread would wait longer for its start than it packs.
    const bool is_large = pair.right_matrices * pair.packed_floats() >= kRowsOfProduct * kRowsOfProduct;
#pragma omp parallel for schedule(static) if (is_large)
    for (std::int64_t p = 0; p < all; ++p) {
        const std::int64_t panel = p % pair.panels();
        const float* matrix = b + p / pair.panels() * pair.inner * pair.columns;
        pack_panel(packed + p * pair.inner * kPanel, pair.inner, matrix + panel * kPanel, pair.columns, 1,
                   std::min(kPanel, pair.columns - panel * kPanel));
    }
}

void multiply_pairs(const PairShape& pair, const float* a, const float* packed, float* y) {
    const std::int64_t pieces = (pair.rows + kRowsOfProduct - 1) / kRowsOfProduct;
    const auto all = static_cast<std::int64_t>(pair.left.size()) * pieces;
    // Rows of all matrices are shared out alike, so that one large product has work for every thread too.
#pragma omp parallel for schedule(static) if (all > 1)
    for (std::int64_t i = 0; i < all; ++i) {
        const std::int64_t m = i / pieces;
        const std::int64_t row = i % pieces * kRowsOfProduct;
        const auto number = static_cast<std::size_t>(m);
        multiply_panels({.a = a + (pair.left[number] * pair.rows + row) * pair.inner,
                         .a_step = pair.inner,
                         .rows = std::min(kRowsOfProduct, pair.rows - row),
                         .b = {pair.inner, pair.panels(), packed + pair.right[number] * pair.packed_floats()},
                         .start = nullptr,
                         .start_step = 0,
                         .y = y + (m * pair.rows + row) * pair.columns,
                         .y_step = pair.columns,
                         .columns = pair.columns},
                        0, pair.panels());
    }
}

class PairStep final : public Primitive {
public:
    explicit PairStep(const KernelRequest& request)
        : left_(request.inputs[0].type),
          right_(request.inputs[1].type),
          output_(request.outputs[0].type),
          pair_(pair_shape(request)) {}

    [[nodiscard]] const Layout& input_layout(std::size_t i) const override { return i == 0 ? left_ : right_; }
    [[nodiscard]] const Layout& output_layout(std::size_t /*i*/) const override { return output_; }
    [[nodiscard]] std::string implementation() const override {
        return std::string("native_product:") + product_instructions();
    }
    [[nodiscard]] std::size_t scratch_bytes() const override {
        // All right matrices are packed before the product, so that a matrix that several left ones share is packed
        // once.
        return static_cast<std::size_t>(pair_.right_matrices * pair_.packed_floats()) * sizeof(float);
    }
    void execute(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
                 std::byte* scratch) override {
        apply_kernel_threads();
        auto* packed = reinterpret_cast<float*>(scratch);
        pack_right(pair_, reinterpret_cast<const float*>(inputs[1]), packed);
        multiply_pairs(pair_, reinterpret_cast<const float*>(inputs[0]), packed, reinterpret_cast<float*>(outputs[0]));
    }

private:
    Layout left_, right_, output_;
    PairShape pair_;
};

class MatMulOp final : public FastOp {
public:
    Support accepts(const KernelRequest& request) const override {
        if (request.inputs.size() != 2 || !request.weight.values.is_empty() || request.is_fused())
            return Support::no("own kernels multiply two tensors and fuse nothing");
        for (const OperandEncoding& port : request.inputs) {
            if (port.params || port.type.dtype != DType::f32) return Support::no("fp32 only");
            if (port.type.shape.rank() < 2) return Support::no("an operand is no matrix");
        }
        if (request.outputs[0].params) return Support::no("fp32 only");
        // With AVX-512 oneDNN's product is faster than one for AVX2.
        if (!has_avx2() || has_avx512()) return Support::no("own products are for AVX2");
        if (request.outputs[0].type.shape.elements() == 0 || request.inputs[0].type.shape.elements() == 0)
            return Support::no("the output is empty");
        const Shape& left = request.inputs[0].type.shape;
        return left[left.rank() - 2] >= kLeastProductRows ? Support::yes()
                                                          : Support::no("too few rows to pack the right operand for");
    }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& /*context*/) const override {
        return std::make_unique<PairStep>(request);
    }
};

}  // namespace

const FastOp& mat_mul_op() {
    static const MatMulOp op;
    return op;
}

}  // namespace halftone::native
