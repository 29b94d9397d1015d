// Rows by AVX-512: two registers side by side, masks for the rest of a row, and 2^n by one instruction.
#include "base/check.hpp"
#include "kernel/codes/targets.hpp"
#include "kernel/native/lib/row_powers.hpp"

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace halftone::native {

#ifdef __x86_64__

// GCC 12 takes the undefined operand of its own unmasked intrinsics for an uninitialized variable.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

namespace {

constexpr std::int64_t kPowerLanes = 16;

HALFTONE_AVX512_FMA HALFTONE_INLINE __mmask16 first_lanes(std::int64_t n) {
    return n >= kPowerLanes ? __mmask16{0xFFFF} : static_cast<__mmask16>((1U << static_cast<unsigned>(n)) - 1U);
}

/// exp_of_nonpositive() of 16 elements, with the same constants.
HALFTONE_AVX512_FMA HALFTONE_INLINE __m512 power_of(__m512 x) {
    // The second operand is x, so that NaN passes. From -110 on the power is 0 in fp32.
    const __m512 bounded = _mm512_max_ps(_mm512_set1_ps(-110.0F), x);
    const __m512 n = _mm512_sub_ps(_mm512_fmadd_ps(bounded, _mm512_set1_ps(1.44269504F), _mm512_set1_ps(12582912.0F)),
                                   _mm512_set1_ps(12582912.0F));
    const __m512 r =
        _mm512_fmadd_ps(n, _mm512_set1_ps(2.12194440e-4F), _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693359375F), bounded));
    __m512 p = _mm512_fmadd_ps(_mm512_set1_ps(1.9875691500e-4F), r, _mm512_set1_ps(1.3981999507e-3F));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(8.3334519073e-3F));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(4.1665795894e-2F));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.6666665459e-1F));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(5.0000001201e-1F));
    p = _mm512_add_ps(_mm512_fmadd_ps(p, _mm512_mul_ps(r, r), r), _mm512_set1_ps(1.0F));
    return _mm512_scalef_ps(p, n);
}

}  // namespace

HALFTONE_AVX512_FMA float RowRegisters::largest_of(const float* x, std::int64_t n) {
    const __m512 least = _mm512_set1_ps(-std::numeric_limits<float>::infinity());
    __m512 first = least;
    __m512 second = least;
    std::int64_t i = 0;
    // Of a NaN and a number the instruction gives its second operand: a NaN in x is passed over.
    for (; i + 2 * kPowerLanes <= n; i += 2 * kPowerLanes) {
        first = _mm512_max_ps(_mm512_loadu_ps(x + i), first);
        second = _mm512_max_ps(_mm512_loadu_ps(x + i + kPowerLanes), second);
    }
    for (; i < n; i += kPowerLanes) {
        first = _mm512_max_ps(_mm512_mask_loadu_ps(least, first_lanes(n - i), x + i), first);
    }
    return _mm512_reduce_max_ps(_mm512_max_ps(first, second));
}

template <bool Writes>
HALFTONE_AVX512_FMA float RowRegisters::sum_of_powers(const float* x, std::int64_t n, float largest, float* y) {
    const __m512 top = _mm512_set1_ps(largest);
    __m512 first = _mm512_setzero_ps();
    __m512 second = _mm512_setzero_ps();
    std::int64_t i = 0;
    for (; i + 2 * kPowerLanes <= n; i += 2 * kPowerLanes) {
        const __m512 low = power_of(_mm512_sub_ps(_mm512_loadu_ps(x + i), top));
        const __m512 high = power_of(_mm512_sub_ps(_mm512_loadu_ps(x + i + kPowerLanes), top));
        first = _mm512_add_ps(first, low);
        second = _mm512_add_ps(second, high);
        if constexpr (Writes) _mm512_storeu_ps(y + i, low);
        if constexpr (Writes) _mm512_storeu_ps(y + i + kPowerLanes, high);
    }
    for (; i < n; i += kPowerLanes) {
        const __mmask16 mask = first_lanes(n - i);
        const __m512 power = power_of(_mm512_sub_ps(_mm512_maskz_loadu_ps(mask, x + i), top));
        first = _mm512_mask_add_ps(first, mask, first, power);
        if constexpr (Writes) _mm512_mask_storeu_ps(y + i, mask, power);
    }
    return _mm512_reduce_add_ps(_mm512_add_ps(first, second));
}

#pragma GCC diagnostic pop

#else

float RowRegisters::largest_of(const float* /*x*/, std::int64_t /*n*/) {
    HALFTONE_CHECK(false, "AVX-512 on another architecture");
}
template <bool Writes>
float RowRegisters::sum_of_powers(const float* /*x*/, std::int64_t /*n*/, float /*largest*/, float* /*y*/) {
    HALFTONE_CHECK(false, "AVX-512 on another architecture");
}

#endif

template float RowRegisters::sum_of_powers<false>(const float*, std::int64_t, float, float*);
template float RowRegisters::sum_of_powers<true>(const float*, std::int64_t, float, float*);

}  // namespace halftone::native
