// y = float(sum) * (a_scale * b_scale) + bias, where sum is the product of codes that MatMulInteger gives: what a file
// writes as MatMulInteger, Cast, Mul and Add. An operator of ours, which no file can name (exec/passes makes it). The
// order of the roundings is that of the four nodes, so the result is theirs bit for bit.
// Inputs, as of ONNX Runtime's com.microsoft.MatMulIntegerToFloat: A, B [K, N], a_scale, b_scale, a_zero_point,
// b_zero_point, bias. A has one scale and zero point, B one for all or one for each column.
#include "kernel/ref/lib/integer_operand.hpp"
#include "kernel/ref/lib/ref_op.hpp"

namespace halftone::ref {
namespace {

constexpr std::size_t kScaleOfA = 2;
constexpr std::size_t kScaleOfB = 3;
constexpr std::size_t kZeroOfA = 4;
constexpr std::size_t kZeroOfB = 5;
constexpr std::size_t kBias = 6;

class ScaledMatMulIntegerOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 4, 7);
        check_outputs(op, 1);
        for (std::size_t i = 0; i < 2; ++i) check_dtype(op, i, {DType::u8, DType::s8});
        for (const std::size_t i : {kScaleOfA, kScaleOfB, kBias}) check_dtype(op, i, {DType::f32});
        check_rank(op, 0, 2, 8);
        check_rank(op, 1, 2, 2);
        const Shape& a = op.inputs[0].shape;
        const Shape& b = op.inputs[1].shape;
        if (a[a.rank() - 1] != b[0] || !b.is_static()) {
            refuse(op, "the shapes " + a.to_text() + " and " + b.to_text() + " cannot be multiplied");
        }
        check_zero_point(op, kZeroOfA, 0, 1);
        check_zero_point(op, kZeroOfB, 1, b[1]);
        if (op.inputs[kScaleOfA].shape.elements() != 1) refuse(op, "a_scale is not one value");
        for (const std::size_t row : {kScaleOfB, kBias}) {
            if (!op.has_input(row)) continue;
            const Shape& shape = op.inputs[row].shape;
            if (shape.elements() != 1 && shape != Shape{b[1]})
                refuse(op, "a row does not have a value for each column");
        }
        std::vector<std::int64_t> dims = a.dims();
        dims.back() = b[1];
        return {{DType::f32, Shape(std::move(dims))}};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const auto inner = static_cast<std::size_t>(inputs[1].type.shape[0]);
        const auto columns = static_cast<std::size_t>(inputs[1].type.shape[1]);
        if (columns == 0) return;
        const TensorView none{};
        const TensorView& b_zero = op.has_input(kZeroOfB) ? inputs[kZeroOfB] : none;
        const std::int32_t a_zero = op.has_input(kZeroOfA) ? zero_point_of(inputs[kZeroOfA], 0) : 0;
        const auto left = centred_codes(inputs[0], [&](std::size_t) { return a_zero; });
        const auto right = centred_codes(inputs[1], [&](std::size_t i) { return zero_point_of(b_zero, i % columns); });
        const auto b_scale = inputs[kScaleOfB].as<float>();
        const float a_scale = inputs[kScaleOfA].as<float>()[0];
        const auto y = outputs[0].as<float>();
        for (std::size_t row = 0; row < y.size() / columns; ++row) {
            // 64 bits, cut to 32 at the end: a sum beyond 32 bits wraps, as MatMulInteger's does.
            std::vector<std::int64_t> sums(columns, 0);
            for (std::size_t k = 0; k < inner; ++k) {
                const std::int64_t factor = left[row * inner + k];
                for (std::size_t n = 0; n < columns; ++n) sums[n] += factor * right[k * columns + n];
            }
            for (std::size_t n = 0; n < columns; ++n) {
                // The roundings come in the order of the nodes: the product of the scales; the sum as a float, times
                // that product; then the bias.
                const float scale = a_scale * b_scale[b_scale.size() == 1 ? 0 : n];
                float value = static_cast<float>(static_cast<std::int32_t>(sums[n])) * scale;
                if (op.has_input(kBias)) {
                    const auto bias = inputs[kBias].as<float>();
                    value += bias[bias.size() == 1 ? 0 : n];
                }
                y[row * columns + n] = value;
            }
        }
    }
};

}  // namespace

const RefOp& scaled_mat_mul_integer_op() {
    static const ScaledMatMulIntegerOp op;
    return op;
}

}  // namespace halftone::ref
