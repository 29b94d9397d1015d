// The loops of affine_steps.hpp without intrinsics, for AVX2 and for any machine. They divide by the scale: 8 divisions
// take 5 cycles with AVX2, less than a product with the reciprocal and the test for ties that it would need.
//
//   ScalarQuantizer   one real value to a code: divide, saturate, round
//   binary_loop, quantize_loop, scale_loop   the bodies, inlined into the functions below
//   HALFTONE_LOOPS    the same body compiled for the base instruction set and for AVX2
//   find_binary, find_scale   the function for the operands' kinds, chosen once per call
//   binary_to_codes_loops, scale_to_codes, quantize_loops   the calls, cut into pieces for threads
//
// "ivdep" before a loop: y is an operand itself or overlaps none, so no iteration reads what another wrote.
#include <bit>
#include <type_traits>

#include "kernel/codes/affine_steps.hpp"
#include "kernel/codes/parallel.hpp"
#include "kernel/codes/targets.hpp"
#include "kernel/ops/machine.hpp"
#include "tensor/affine.hpp"

namespace halftone::codes {
namespace {

// v + kRound - kRound is v rounded to an integer, ties to even, for |v| < 2^22: the sum has no fraction bits.
constexpr float kRound = 12582912.0F;  // 1.5 * 2^23

/// quantize_linear: divide, saturate, round. The last bits of v + kRound are round(v) in two's complement.
class ScalarQuantizer {
public:
    explicit ScalarQuantizer(const CodesResult& result)
        : clamp_(result.reals),
          scale_(result.scale),
          lowest_(static_cast<float>(result.low - result.zero_point)),
          highest_(static_cast<float>(result.high - result.zero_point)),
          zero_point_(result.zero_point) {}

    template <class Code>
    [[nodiscard]] HALFTONE_INLINE Code code(float real) const {
        if constexpr (std::is_same_v<Code, float>) {
            const float v = real < clamp_.low ? clamp_.low : real;
            return v > clamp_.high ? clamp_.high : v;  // Clip lets high win when low > high
        }
        float v = real / scale_;
        v = v == v ? v : 0.0F;  // NaN is the code of 0
        // Saturation comes before rounding, while the value is a float: the bounds are whole numbers, so the order
        // makes no difference to the result, and kRound needs |v| < 2^22.
        v = v > lowest_ ? v : lowest_;
        v = v < highest_ ? v : highest_;
        return static_cast<Code>(std::bit_cast<std::int32_t>(v + kRound) + zero_point_);
    }

private:
    Clamp clamp_;
    float scale_, lowest_, highest_;
    std::int32_t zero_point_;
};

template <class T>
HALFTONE_INLINE float real_of(T stored, float scale, float zero_point) {
    if constexpr (std::is_same_v<T, float>) return stored;
    return (static_cast<float>(stored) - zero_point) * scale;
}

HALFTONE_INLINE float combined_scalars(Arithmetic kind, float a, float b) {
    if (kind == Arithmetic::add) return a + b;
    return kind == Arithmetic::subtract ? a - b : a * b;
}

/// `n` elements of y = quantize(a op b).
template <Arithmetic Kind, class A, class B, class Y>
HALFTONE_INLINE void binary_loop(const std::byte* a_data, const CodesOperand& a, const std::byte* b_data,
                                 const CodesOperand& b, std::size_t n, const CodesResult& result, std::byte* y_data) {
    const ScalarQuantizer to(result);
    const A* left = reinterpret_cast<const A*>(a_data);
    const B* right = reinterpret_cast<const B*>(b_data);
    Y* y = reinterpret_cast<Y*>(y_data);
    const float a_scale = a.scale, a_zero = a.zero_point, b_scale = b.scale, b_zero = b.zero_point;
#pragma GCC ivdep
    for (std::size_t i = 0; i < n; ++i) {
        const float real =
            combined_scalars(Kind, real_of(left[i], a_scale, a_zero), real_of(right[i], b_scale, b_zero));
        y[i] = to.template code<Y>(real);
    }
}

template <class Y>
HALFTONE_INLINE void quantize_loop(const float* x, std::size_t n, const CodesResult& result, std::byte* y_data) {
    const ScalarQuantizer to(result);
    Y* y = reinterpret_cast<Y*>(y_data);
#pragma GCC ivdep
    for (std::size_t i = 0; i < n; ++i) y[i] = to.template code<Y>(x[i]);
}

/// Rows of channels: y = quantize(sums * scale + bias + residual).
template <bool HasBias, bool HasResidual, class Y>
HALFTONE_INLINE void scale_loop(const float* sums, const ChannelScales& by, const float* residual, std::size_t rows,
                                const CodesResult& result, std::byte* y_data) {
    const ScalarQuantizer to(result);
    const std::size_t channels = by.scale.size();
    const float* scale = by.scale.data();
    const float* bias = by.bias.data();
    Y* y = reinterpret_cast<Y*>(y_data);
    for (std::size_t row = 0; row < rows; ++row, sums += channels, y += channels) {
#pragma GCC ivdep
        for (std::size_t c = 0; c < channels; ++c) {
            float v = sums[c] * scale[c];
            if constexpr (HasBias) v += bias[c];
            if constexpr (HasResidual) v += residual[row * channels + c];
            y[c] = to.template code<Y>(v);
        }
    }
}

using BinaryLoop = void (*)(const std::byte*, const CodesOperand&, const std::byte*, const CodesOperand&, std::size_t,
                            const CodesResult&, std::byte*);
using ScaleLoop = void (*)(const float*, const ChannelScales&, const float*, std::size_t, const CodesResult&,
                           std::byte*);
using QuantizeLoop = void (*)(const float*, std::size_t, const CodesResult&, std::byte*);

// target_clones does not go with templates. NOLINTBEGIN(bugprone-macro-parentheses): attributes and names of functions
// cannot stand in parentheses.
#define HALFTONE_LOOPS(suffix, target)                                                                              \
    template <Arithmetic Kind, class A, class B, class Y>                                                           \
    target void binary_##suffix(const std::byte* a_data, const CodesOperand& a, const std::byte* b_data,            \
                                const CodesOperand& b, std::size_t n, const CodesResult& result, std::byte* y) {    \
        binary_loop<Kind, A, B, Y>(a_data, a, b_data, b, n, result, y);                                             \
    }                                                                                                               \
    template <bool HasBias, bool HasResidual, class Y>                                                              \
    target void scale_##suffix(const float* sums, const ChannelScales& by, const float* residual, std::size_t rows, \
                               const CodesResult& result, std::byte* y) {                                           \
        scale_loop<HasBias, HasResidual, Y>(sums, by, residual, rows, result, y);                                   \
    }                                                                                                               \
    template <class Y>                                                                                              \
    target void quantize_##suffix(const float* x, std::size_t n, const CodesResult& result, std::byte* y) {         \
        quantize_loop<Y>(x, n, result, y);                                                                          \
    }
HALFTONE_LOOPS(base, )
#ifdef __x86_64__
HALFTONE_LOOPS(avx2, HALFTONE_AVX2)
#endif
#undef HALFTONE_LOOPS
// NOLINTEND(bugprone-macro-parentheses)

template <Arithmetic Kind, class A, class B, class Y>
BinaryLoop binary_of() {
#ifdef __x86_64__
    if (has_avx2()) return binary_avx2<Kind, A, B, Y>;
#endif
    return binary_base<Kind, A, B, Y>;
}

template <bool HasBias, bool HasResidual, class Y>
ScaleLoop scale_of() {
#ifdef __x86_64__
    if (has_avx2()) return scale_avx2<HasBias, HasResidual, Y>;
#endif
    return scale_base<HasBias, HasResidual, Y>;
}

template <class Y>
QuantizeLoop quantize_of() {
#ifdef __x86_64__
    if (has_avx2()) return quantize_avx2<Y>;
#endif
    return quantize_base<Y>;
}

/// The element types become template parameters, so that the inner loops have no switch.
/// Calls make<T> with the C++ type of an operand or result.
template <class Make>
auto with_type(DType dtype, Make make) {
    if (dtype == DType::u8) return make(std::uint8_t{});
    return dtype == DType::s8 ? make(std::int8_t{}) : make(float{});
}

template <Arithmetic Kind>
BinaryLoop find_binary(const CodesOperand& a, const CodesOperand& b, DType y) {
    return with_type(a.dtype, [&](auto left) {
        return with_type(b.dtype, [&](auto right) {
            using A = decltype(left);
            using B = decltype(right);
            return with_type(y, [](auto result) { return binary_of<Kind, A, B, decltype(result)>(); });
        });
    });
}

BinaryLoop find_binary(Arithmetic kind, const CodesOperand& a, const CodesOperand& b, DType y) {
    switch (kind) {
        case Arithmetic::add:
            return find_binary<Arithmetic::add>(a, b, y);
        case Arithmetic::subtract:
            return find_binary<Arithmetic::subtract>(a, b, y);
        default:
            return find_binary<Arithmetic::multiply>(a, b, y);
    }
}

template <bool HasBias, bool HasResidual>
ScaleLoop find_scale(DType y) {
    return y == DType::u8 ? scale_of<HasBias, HasResidual, std::uint8_t>()
                          : scale_of<HasBias, HasResidual, std::int8_t>();
}

ScaleLoop find_scale(bool has_bias, bool has_residual, DType y) {
    if (has_bias) return has_residual ? find_scale<true, true>(y) : find_scale<true, false>(y);
    return has_residual ? find_scale<false, true>(y) : find_scale<false, false>(y);
}

}  // namespace

void binary_to_codes_loops(Arithmetic arithmetic, const CodesOperand& a, const std::byte* a_data, const CodesOperand& b,
                           const std::byte* b_data, std::size_t rows, std::size_t columns, const CodesResult& result,
                           std::byte* y) {
    const BinaryLoop loop = find_binary(arithmetic, a, b, result.dtype);
    const std::size_t a_size = size_of(a.dtype);
    const std::size_t y_size = size_of(result.dtype);
    // Rows are not cut in the middle, because the second operand begins anew with each of them.
    if (b.is_row) {
        in_rows(rows, columns, [&](std::size_t first, std::size_t last) {
            for (std::size_t i = first * columns; i < last * columns; i += columns) {
                loop(a_data + i * a_size, a, b_data, b, columns, result, y + i * y_size);
            }
        });
        return;
    }
    const std::size_t b_size = size_of(b.dtype);
    in_chunks(rows * columns, [&](std::size_t first, std::size_t last) {
        loop(a_data + first * a_size, a, b_data + first * b_size, b, last - first, result, y + first * y_size);
    });
}

void scale_to_codes(const float* sums, const ChannelScales& by, const float* residual, std::size_t rows,
                    const CodesResult& result, std::byte* y) {
    const std::size_t channels = by.scale.size();
    const ScaleLoop loop = find_scale(!by.bias.empty(), residual != nullptr, result.dtype);
    in_rows(rows, channels, [&](std::size_t first, std::size_t last) {
        const std::size_t at = first * channels;
        loop(sums + at, by, residual != nullptr ? residual + at : nullptr, last - first, result, y + at);
    });
}

void quantize_loops(const float* x, std::size_t n, const CodesResult& result, std::byte* y) {
    const QuantizeLoop loop = result.dtype == DType::u8 ? quantize_of<std::uint8_t>() : quantize_of<std::int8_t>();
    in_chunks(n, [&](std::size_t first, std::size_t last) { loop(x + first, last - first, result, y + first); });
}

void look_up_loops(const std::byte* table, const std::byte* x, std::size_t n, std::byte* y) {
    in_chunks(n, [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i) y[i] = table[static_cast<std::size_t>(x[i])];
    });
}

void dequantize_loops(const CodesOperand& operand, const std::byte* codes, std::size_t n, float* y) {
    in_chunks(n, [&](std::size_t first, std::size_t last) {
        const TensorType type{operand.dtype, Shape{static_cast<std::int64_t>(last - first)}};
        dequantize_linear({type, codes + first}, operand.scale, static_cast<std::int32_t>(operand.zero_point),
                          {y + first, last - first});
    });
}

}  // namespace halftone::codes
