#pragma once
// What Softmax needs of a row: its largest element, the exponentials and their sum. The functions are inlined into
// loops for each instruction set, which take one of the structs as a template argument.

#include <cstdint>
#include <limits>

#include "kernel/native/lib/exponentials.hpp"

namespace halftone::native {

/// Loops that the compiler vectorises, inlined into functions for each instruction set. "omp simd reduction" lets it
/// keep one partial result for each lane, which it may not do by itself, because floats are then added in another
/// order. That order depends on the instruction set and on nothing else.
template <bool Fused>
struct RowLoops {
    static constexpr bool kIsFused = Fused;

    /// NaN is passed over here; it comes back by its exponential, which makes the sum NaN.
    static HALFTONE_INLINE float largest_of(const float* x, std::int64_t n) {
        constexpr float kStart = -std::numeric_limits<float>::infinity();
        float first = kStart;
        constexpr std::int64_t kLongRow = 512;
        if (n < kLongRow) {
#pragma omp simd reduction(max : first)
            for (std::int64_t i = 0; i < n; ++i) first = x[i] > first ? x[i] : first;
            return first;
        }
        // Four quarters side by side: in one long run each comparison would wait for the one before.
        const std::int64_t quarter = n / 4;
        float second = kStart;
        float third = kStart;
        float fourth = kStart;
#pragma omp simd reduction(max : first, second, third, fourth)
        for (std::int64_t i = 0; i < quarter; ++i) {
            first = x[i] > first ? x[i] : first;
            second = x[i + quarter] > second ? x[i + quarter] : second;
            third = x[i + 2 * quarter] > third ? x[i + 2 * quarter] : third;
            fourth = x[i + 3 * quarter] > fourth ? x[i + 3 * quarter] : fourth;
        }
        for (std::int64_t i = 4 * quarter; i < n; ++i) first = x[i] > first ? x[i] : first;
        first = second > first ? second : first;
        third = fourth > third ? fourth : third;
        return third > first ? third : first;
    }

    /// Returns the sum of e^(x - largest), and writes the exponentials where `Writes`; `y` may be `x`.
    template <bool Writes>
    static HALFTONE_INLINE float sum_of_powers(const float* x, std::int64_t n, float largest, float* y) {
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (std::int64_t i = 0; i < n; ++i) {
            const float power = exp_of_nonpositive<Fused>(x[i] - largest);
            sum += power;
            if constexpr (Writes) y[i] = power;
        }
        return sum;
    }
};

/// The same by AVX-512, without the compiler's help (row_powers_avx512).
struct RowRegisters {
    static constexpr bool kIsFused = true;
    static float largest_of(const float* x, std::int64_t n);
    template <bool Writes>
    static float sum_of_powers(const float* x, std::int64_t n, float largest, float* y);
};

}  // namespace halftone::native
