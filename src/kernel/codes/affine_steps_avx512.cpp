// The steps of affine_steps.hpp with AVX-512: 16 elements at once, tails by masks instead of a second loop.
//
//   quantized          16 real values to codes, by the reciprocal of the scale; by division only near a tie
//   binary_range       a op b for any pair of operand kinds, one rounding at the end
//   add_codes_range    the sum of two codes, where both dequantizations and the quantization become two FMAs
//   binary_function    the loop for the kinds of the operands, chosen once per call
//   look_up_range      a table of 256 bytes by two vpermi2b
//
// The results are the reference's, bit for bit. Where a faster formula could round otherwise, the loop notices it (a
// quotient near a tie) and computes those 16 elements by the reference's formula.
#include "kernel/codes/affine_steps.hpp"

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include <algorithm>
#include <cmath>

#include "base/check.hpp"
#include "kernel/codes/parallel.hpp"
#include "kernel/codes/targets.hpp"

namespace halftone::codes {

#ifdef __x86_64__

// GCC 12 takes the undefined operand of its own unmasked intrinsics for an uninitialized variable.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

namespace avx512 {  // the names of its helpers stand in other instruction sets' files, too
namespace {

constexpr std::size_t kLanes = 16;

/// Division by the scale is what takes the time: 16 divisions need 16 cycles. A product with the reciprocal is off by
/// less than 1e-4 of a code in the range of codes, so it decides unless the quotient is that close to a tie.
struct Quantizer {
    __m512 scale, reciprocal;
    __m512 lowest, highest;  ///< of the quotient
    __m512i zero_point;
};

HALFTONE_AVX512_INLINE Quantizer quantizer(const CodesResult& result) {
    return {_mm512_set1_ps(result.scale), _mm512_set1_ps(1.0F / result.scale),
            _mm512_set1_ps(static_cast<float>(result.low - result.zero_point)),
            _mm512_set1_ps(static_cast<float>(result.high - result.zero_point)), _mm512_set1_epi32(result.zero_point)};
}

/// max and min return their second operand when one is NaN, which so stays NaN.
HALFTONE_AVX512_INLINE __m512 bounded(__m512 v, const Quantizer& q) {
    return _mm512_min_ps(q.highest, _mm512_max_ps(q.lowest, v));
}

/// The codes of 16 reals, in the lowest byte of each lane. NaN is the code of 0, as in quantize_linear.
HALFTONE_AVX512_INLINE __m512i quantized(__m512 real, const Quantizer& q) {
    const __m512 quotient = bounded(_mm512_mul_ps(real, q.reciprocal), q);
    __m512i rounded = _mm512_cvtps_epi32(quotient);
    const __m512 distance = _mm512_abs_ps(_mm512_sub_ps(quotient, _mm512_cvtepi32_ps(rounded)));
    // A tie is 0.5 away from the nearest whole number, and the product errs by less than 1e-4. "Not less than" is also
    // true for NaN, which the branch below turns into the code of 0.
    const __mmask16 is_unsure = _mm512_cmp_ps_mask(distance, _mm512_set1_ps(0.4999F), _CMP_NLT_UQ);
    if (__builtin_expect(is_unsure != 0, 0)) {
        __m512 exact = _mm512_div_ps(real, q.scale);
        exact = _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(exact, exact, _CMP_ORD_Q), exact);
        rounded = _mm512_cvtps_epi32(bounded(exact, q));
    }
    return _mm512_add_epi32(rounded, q.zero_point);
}

/// Reads 16 elements of an operand as reals. A plain function of a kind, so that each loop has one kind only.
template <DType Kind>
struct Reader {
    const std::byte* data;
    __m512 scale, zero_point;

    HALFTONE_AVX512_INLINE __m512 read(std::size_t i, __mmask16 mask) const {
        if constexpr (Kind == DType::f32) {
            return _mm512_maskz_loadu_ps(mask, reinterpret_cast<const float*>(data) + i);
        } else {
            const __m128i codes = _mm_maskz_loadu_epi8(mask, data + i);
            const __m512i wide = Kind == DType::u8 ? _mm512_cvtepu8_epi32(codes) : _mm512_cvtepi8_epi32(codes);
            return _mm512_mul_ps(_mm512_sub_ps(_mm512_cvtepi32_ps(wide), zero_point), scale);
        }
    }
};

template <DType Kind>
HALFTONE_AVX512_INLINE Reader<Kind> reader(const CodesOperand& operand, const std::byte* data) {
    return {data, _mm512_set1_ps(operand.scale), _mm512_set1_ps(operand.zero_point)};
}

HALFTONE_AVX512_INLINE __mmask16 mask_of(std::size_t left) {
    return left >= kLanes ? __mmask16{0xFFFF} : static_cast<__mmask16>((1U << left) - 1U);
}

template <Arithmetic Kind>
HALFTONE_AVX512_INLINE __m512 combined(__m512 a, __m512 b) {
    if constexpr (Kind == Arithmetic::add) return _mm512_add_ps(a, b);
    if constexpr (Kind == Arithmetic::subtract) return _mm512_sub_ps(a, b);
    return _mm512_mul_ps(a, b);
}

/// Elements [first, last) of the tensor; b is a row of `columns` when IsRow.
template <Arithmetic Kind, DType A, DType B, bool IsRow>
HALFTONE_AVX512 void binary_range(const CodesOperand& a, const std::byte* a_data, const CodesOperand& b,
                                  const std::byte* b_data, std::size_t first, std::size_t last,
                                  const CodesResult& result, std::byte* y) {
    const Quantizer q = quantizer(result);
    const Reader<A> left = reader<A>(a, a_data);
    const Reader<B> right = reader<B>(b, b_data);
    for (std::size_t i = first; i < last; i += kLanes) {
        const __mmask16 mask = mask_of(last - i);
        const __m512 real = combined<Kind>(left.read(i, mask), right.read(IsRow ? i - first : i, mask));
        _mm512_mask_cvtepi32_storeu_epi8(y + i, mask, quantized(real, q));
    }
}

/// The sum of two operands' codes in steps of the result: ka * a + kb * b + k. Two fused products instead of two
/// subtractions and three products; `margin` bounds what their roundings change, and within it of a tie the reals
/// decide.
struct CodeSum {
    float ka, kb, k, margin;
};

CodeSum code_sum(const CodesOperand& a, const CodesOperand& b, const CodesResult& result) {
    constexpr double kRounding = 6.0e-8;  // 2^-24
    const double ka = double{a.scale} / result.scale;
    const double kb = double{b.scale} / result.scale;
    const double k = -(ka * a.zero_point + kb * b.zero_point);
    const double largest = 256.0 * (ka + kb) + std::abs(k);
    return {static_cast<float>(ka), static_cast<float>(kb), static_cast<float>(k),
            static_cast<float>(8.0 * kRounding * largest)};
}

template <DType Kind>
HALFTONE_AVX512_INLINE __m512 codes_as_float(const std::byte* data, __mmask16 mask) {
    const __m128i codes = _mm_maskz_loadu_epi8(mask, data);
    return _mm512_cvtepi32_ps(Kind == DType::u8 ? _mm512_cvtepu8_epi32(codes) : _mm512_cvtepi8_epi32(codes));
}

template <DType A, DType B>
HALFTONE_AVX512 void add_codes_range(const CodesOperand& a, const std::byte* a_data, const CodesOperand& b,
                                     const std::byte* b_data, std::size_t first, std::size_t last,
                                     const CodesResult& result, std::byte* y) {
    const CodeSum sum = code_sum(a, b, result);
    constexpr float kWidestMargin = 0.01F;  // scales that differ so much that most sums saturate
    if (!(sum.margin < kWidestMargin)) {
        return binary_range<Arithmetic::add, A, B, false>(a, a_data, b, b_data, first, last, result, y);
    }
    const Quantizer q = quantizer(result);
    const Reader<A> left = reader<A>(a, a_data);
    const Reader<B> right = reader<B>(b, b_data);
    const __m512 ka = _mm512_set1_ps(sum.ka), kb = _mm512_set1_ps(sum.kb), k = _mm512_set1_ps(sum.k);
    const __m512 limit = _mm512_set1_ps(0.4999F - sum.margin);
    for (std::size_t i = first; i < last; i += kLanes) {
        const __mmask16 mask = mask_of(last - i);
        const __m512 wide = _mm512_fmadd_ps(codes_as_float<B>(b_data + i, mask), kb, k);
        const __m512 quotient = bounded(_mm512_fmadd_ps(codes_as_float<A>(a_data + i, mask), ka, wide), q);
        const __m512i rounded = _mm512_cvtps_epi32(quotient);
        const __m512 distance = _mm512_abs_ps(_mm512_sub_ps(quotient, _mm512_cvtepi32_ps(rounded)));
        __m512i codes = _mm512_add_epi32(rounded, q.zero_point);
        if (__builtin_expect(_mm512_cmp_ps_mask(distance, limit, _CMP_NLT_UQ) != 0, 0)) {
            codes = quantized(_mm512_add_ps(left.read(i, mask), right.read(i, mask)), q);
        }
        _mm512_mask_cvtepi32_storeu_epi8(y + i, mask, codes);
    }
}

using BinaryFunction = void (*)(const CodesOperand&, const std::byte*, const CodesOperand&, const std::byte*,
                                std::size_t, std::size_t, const CodesResult&, std::byte*);

template <Arithmetic Kind, DType A>
BinaryFunction binary_function(const CodesOperand& b) {
    if (b.is_row) return binary_range<Kind, A, DType::f32, true>;
    if (b.dtype == DType::u8) return binary_range<Kind, A, DType::u8, false>;
    return b.dtype == DType::s8 ? binary_range<Kind, A, DType::s8, false> : binary_range<Kind, A, DType::f32, false>;
}

template <Arithmetic Kind>
BinaryFunction binary_function(const CodesOperand& a, const CodesOperand& b) {
    if (a.dtype == DType::u8) return binary_function<Kind, DType::u8>(b);
    return a.dtype == DType::s8 ? binary_function<Kind, DType::s8>(b) : binary_function<Kind, DType::f32>(b);
}

BinaryFunction sum_of_codes(const CodesOperand& a, const CodesOperand& b) {
    if (a.dtype == DType::u8) {
        return b.dtype == DType::u8 ? add_codes_range<DType::u8, DType::u8> : add_codes_range<DType::u8, DType::s8>;
    }
    return b.dtype == DType::u8 ? add_codes_range<DType::s8, DType::u8> : add_codes_range<DType::s8, DType::s8>;
}

BinaryFunction binary_function(Arithmetic arithmetic, const CodesOperand& a, const CodesOperand& b) {
    switch (arithmetic) {
        case Arithmetic::add:
            if (a.dtype != DType::f32 && b.dtype != DType::f32) return sum_of_codes(a, b);
            return binary_function<Arithmetic::add>(a, b);
        case Arithmetic::subtract:
            return binary_function<Arithmetic::subtract>(a, b);
        default:
            return binary_function<Arithmetic::multiply>(a, b);
    }
}

HALFTONE_AVX512 void quantize_range(const float* x, std::size_t n, const CodesResult& result, std::byte* y) {
    const Quantizer q = quantizer(result);
    for (std::size_t i = 0; i < n; i += kLanes) {
        const __mmask16 mask = mask_of(n - i);
        _mm512_mask_cvtepi32_storeu_epi8(y + i, mask, quantized(_mm512_maskz_loadu_ps(mask, x + i), q));
    }
}

template <DType Kind>
HALFTONE_AVX512 void dequantize_range(const CodesOperand& operand, const std::byte* codes, std::size_t n, float* y) {
    const Reader<Kind> x = reader<Kind>(operand, codes);
    for (std::size_t i = 0; i < n; i += kLanes) {
        const __mmask16 mask = mask_of(n - i);
        _mm512_mask_storeu_ps(y + i, mask, x.read(i, mask));
    }
}

HALFTONE_AVX512_VBMI void look_up_range(const std::byte* table, const std::byte* x, std::size_t n, std::byte* y) {
    const __m512i t0 = _mm512_loadu_si512(table);
    const __m512i t1 = _mm512_loadu_si512(table + 64);
    const __m512i t2 = _mm512_loadu_si512(table + 128);
    const __m512i t3 = _mm512_loadu_si512(table + 192);
    for (std::size_t i = 0; i < n; i += 64) {
        const std::size_t left = std::min<std::size_t>(64, n - i);
        const __mmask64 mask = ~__mmask64{0} >> (64 - left);
        const __m512i codes = _mm512_maskz_loadu_epi8(mask, x + i);
        const __m512i low = _mm512_permutex2var_epi8(t0, codes, t1);
        const __m512i high = _mm512_permutex2var_epi8(t2, codes, t3);
        _mm512_mask_storeu_epi8(y + i, mask, _mm512_mask_blend_epi8(_mm512_movepi8_mask(codes), low, high));
    }
}

}  // namespace
}  // namespace avx512

void binary_to_codes_avx512(Arithmetic arithmetic, const CodesOperand& a, const std::byte* a_data,
                            const CodesOperand& b, const std::byte* b_data, std::size_t rows, std::size_t columns,
                            const CodesResult& result, std::byte* y) {
    const avx512::BinaryFunction run = avx512::binary_function(arithmetic, a, b);
    if (!b.is_row) {
        in_chunks(rows * columns,
                  [&](std::size_t first, std::size_t last) { run(a, a_data, b, b_data, first, last, result, y); });
        return;
    }
    in_rows(rows, columns, [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first * columns; i < last * columns; i += columns) {
            run(a, a_data, b, b_data, i, i + columns, result, y);
        }
    });
}

void quantize_avx512(const float* x, std::size_t n, const CodesResult& result, std::byte* y) {
    in_chunks(n, [&](std::size_t first, std::size_t last) {
        avx512::quantize_range(x + first, last - first, result, y + first);
    });
}

void dequantize_avx512(const CodesOperand& operand, const std::byte* codes, std::size_t n, float* y) {
    const auto run =
        operand.dtype == DType::u8 ? avx512::dequantize_range<DType::u8> : avx512::dequantize_range<DType::s8>;
    in_chunks(n, [&](std::size_t first, std::size_t last) { run(operand, codes + first, last - first, y + first); });
}

void look_up_avx512_vbmi(const std::byte* table, const std::byte* x, std::size_t n, std::byte* y) {
    in_chunks(n, [&](std::size_t first, std::size_t last) {
        avx512::look_up_range(table, x + first, last - first, y + first);
    });
}

#pragma GCC diagnostic pop

#else

namespace {

void refuse() { HALFTONE_CHECK(false, "AVX-512 on another architecture"); }

}  // namespace

void binary_to_codes_avx512(Arithmetic, const CodesOperand&, const std::byte*, const CodesOperand&, const std::byte*,
                            std::size_t, std::size_t, const CodesResult&, std::byte*) {
    refuse();
}
void quantize_avx512(const float*, std::size_t, const CodesResult&, std::byte*) { refuse(); }
void dequantize_avx512(const CodesOperand&, const std::byte*, std::size_t, float*) { refuse(); }
void look_up_avx512_vbmi(const std::byte*, const std::byte*, std::size_t, std::byte*) { refuse(); }

#endif

}  // namespace halftone::codes
