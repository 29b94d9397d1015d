// y = x * W + bias, where W is a matrix that is stored as codes by blocks: w = (code - zero_point) * scale, rounded
// once, with one scale and zero point for `block_size` neighbours of a column. What a file writes as a DequantizeLinear
// with blocks along axis 0, MatMul and Add. An operator of ours, which no file can name (exec/passes makes it). Inputs:
// x [.., K], codes [K, N] of 4 or 8 bits, scale [blocks, N], zero_point like scale (optional), bias [N] (optional).
// With the attribute bf16 = 1, x, the weights w and y are rounded to bf16. Source: ONNX operators DequantizeLinear,
// opset 21, and MatMul, opset 13.
#include "kernel/codes/linear_params.hpp"
#include "kernel/ref/lib/bf16.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "tensor/block_affine.hpp"

namespace halftone::ref {
namespace {

constexpr std::size_t kBlockCodes = 1;
constexpr std::size_t kBlockScale = 2;
constexpr std::size_t kBlockZero = 3;
constexpr std::size_t kBlockBias = 4;

std::int32_t code_of(const TensorView& codes, std::size_t i) {
    const bool is_signed = codes.type.dtype == DType::s4 || codes.type.dtype == DType::s8;
    return is_signed ? std::int32_t{codes.as<std::int8_t>()[i]} : std::int32_t{codes.as<std::uint8_t>()[i]};
}

class BlockMatMulOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 3, 5);
        check_outputs(op, 1);
        for (const std::size_t i : {std::size_t{0}, kBlockScale, kBlockBias}) check_dtype(op, i, {DType::f32});
        check_dtype(op, kBlockCodes, {DType::s4, DType::u4, DType::s8, DType::u8});
        check_rank(op, 0, 2, 8);
        check_rank(op, kBlockCodes, 2, 2);
        const Shape& x = op.inputs[0].shape;
        const Shape& codes = op.inputs[kBlockCodes].shape;
        const std::int64_t size = int_attribute(op.node, "block_size", 0);
        if (!codes.is_static() || x[x.rank() - 1] != codes[0]) {
            refuse(op, "the shapes " + x.to_text() + " and " + codes.to_text() + " cannot be multiplied");
        }
        if (size < 1) refuse(op, "block_size " + std::to_string(size) + " cannot cut it");
        const Shape scales = block_scale_shape(codes, 0, size);
        if (op.inputs[kBlockScale].shape != scales) refuse(op, "the scales are not " + scales.to_text());
        if (op.has_input(kBlockZero)) {
            check_same_dtype(op, kBlockZero, kBlockCodes);
            if (op.inputs[kBlockZero].shape != scales) refuse(op, "the zero points are not " + scales.to_text());
        }
        if (op.has_input(kBlockBias) && op.inputs[kBlockBias].shape != Shape{codes[1]})
            refuse(op, "the bias does not have a value for each column");
        std::vector<std::int64_t> dims = x.dims();
        dims.back() = codes[1];
        return {{DType::f32, Shape(std::move(dims))}};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const auto inner = static_cast<std::size_t>(inputs[kBlockCodes].type.shape[0]);
        const auto columns = static_cast<std::size_t>(inputs[kBlockCodes].type.shape[1]);
        if (columns == 0) return;
        const auto size = static_cast<std::size_t>(int_attribute(op.node, "block_size", 0));
        const bool is_bf16 = int_attribute(op.node, "bf16", 0) != 0;
        const auto stored = [&](float value) { return is_bf16 ? rounded_to_bf16(value) : value; };
        std::vector<float> weight(inner * columns);
        for (std::size_t i = 0; i < weight.size(); ++i) {
            const std::size_t block = i / columns / size * columns + i % columns;
            const std::int32_t zero = op.has_input(kBlockZero) ? code_of(inputs[kBlockZero], block) : 0;
            weight[i] = stored(static_cast<float>(code_of(inputs[kBlockCodes], i) - zero) *
                               inputs[kBlockScale].as<float>()[block]);
        }
        const auto x = inputs[0].as<float>();
        const auto y = outputs[0].as<float>();
        for (std::size_t row = 0; row < y.size() / columns; ++row) {
            for (std::size_t n = 0; n < columns; ++n) {
                float sum = 0;
                for (std::size_t k = 0; k < inner; ++k) sum += stored(x[row * inner + k]) * weight[k * columns + n];
                y[row * columns + n] = stored(op.has_input(kBlockBias) ? sum + inputs[kBlockBias].as<float>()[n] : sum);
            }
        }
    }
};

}  // namespace

const RefOp& block_mat_mul_op() {
    static const BlockMatMulOp op;
    return op;
}

}  // namespace halftone::ref
