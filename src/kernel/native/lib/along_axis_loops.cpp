// The loops of along_axis.hpp. The axis is innermost (rows), or it is not (slices: as many independent axes side by
// side as a slice has elements). Both take out the largest element first, so that no exponential overflows, and both
// vectorise: a row in as many partial results as a register has lanes, a slice over its elements.
//
//   softmax_rows     one row after the other
//   softmax_slices   `width` neighbouring elements of all slices of a block
//   softmax_along_axis   pieces for threads; each axis is computed by one thread, always in the same order
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "kernel/codes/parallel.hpp"
#include "kernel/native/lib/along_axis.hpp"
#include "kernel/native/lib/row_powers.hpp"
#include "kernel/ops/machine.hpp"

namespace halftone::native {
namespace {

/// Elements of a slice that are computed together: their maxima and sums stay in the first-level cache.
constexpr std::int64_t kWidth = 128;

// "ivdep": y is x itself or overlaps it nowhere. `Rows`: see row_powers.hpp.
template <class Rows>
HALFTONE_INLINE void softmax_rows(const float* x, std::int64_t rows, std::int64_t n, bool is_log, float* y) {
    for (std::int64_t row = 0; row < rows; ++row, x += n, y += n) {
        const float largest = Rows::largest_of(x, n);
        if (is_log) {
            const float logarithm = std::log(Rows::template sum_of_powers<false>(x, n, largest, nullptr));
#pragma GCC ivdep
            for (std::int64_t i = 0; i < n; ++i) y[i] = x[i] - largest - logarithm;
        } else {
            const float factor = 1.0F / Rows::template sum_of_powers<true>(x, n, largest, y);
            for (std::int64_t i = 0; i < n; ++i) y[i] *= factor;
        }
    }
}

template <bool Fused, bool IsLog>
HALFTONE_INLINE void softmax_slices(const float* x, std::int64_t count, std::int64_t step, std::int64_t n, float* y) {
    std::array<float, kWidth> largest;
    std::array<float, kWidth> sums{};
    largest.fill(-std::numeric_limits<float>::infinity());
    // By pointers: the compiler does not vectorise accesses through std::array beside others.
    float* const top = largest.data();
    float* const sum = sums.data();
    for (std::int64_t c = 0; c < count; ++c) {
        const float* slice = x + c * step;
        for (std::int64_t i = 0; i < n; ++i) top[i] = slice[i] > top[i] ? slice[i] : top[i];
    }
    for (std::int64_t c = 0; c < count; ++c) {
        const float* slice = x + c * step;
        float* to = y + c * step;
#pragma GCC ivdep
        for (std::int64_t i = 0; i < n; ++i) {
            const float shifted = slice[i] - top[i];
            const float power = exp_of_nonpositive<Fused>(shifted);
            sum[i] += power;
            to[i] = IsLog ? shifted : power;
        }
    }
    for (std::int64_t i = 0; i < n; ++i) sum[i] = IsLog ? std::log(sum[i]) : 1.0F / sum[i];
    for (std::int64_t c = 0; c < count; ++c) {
        float* to = y + c * step;
        for (std::int64_t i = 0; i < n; ++i) to[i] = IsLog ? to[i] - sum[i] : to[i] * sum[i];
    }
}

using RowsLoop = void (*)(const float*, std::int64_t, std::int64_t, bool, float*);
using SlicesLoop = void (*)(const float*, std::int64_t, std::int64_t, std::int64_t, bool, float*);

void softmax_rows_base(const float* x, std::int64_t rows, std::int64_t n, bool is_log, float* y) {
    softmax_rows<RowLoops<false>>(x, rows, n, is_log, y);
}
void softmax_slices_base(const float* x, std::int64_t count, std::int64_t step, std::int64_t width, bool is_log,
                         float* y) {
    is_log ? softmax_slices<false, true>(x, count, step, width, y)
           : softmax_slices<false, false>(x, count, step, width, y);
}

#ifdef __x86_64__
HALFTONE_FMA void softmax_rows_avx2(const float* x, std::int64_t rows, std::int64_t n, bool is_log, float* y) {
    softmax_rows<RowLoops<true>>(x, rows, n, is_log, y);
}
HALFTONE_FMA void softmax_slices_avx2(const float* x, std::int64_t count, std::int64_t step, std::int64_t width,
                                      bool is_log, float* y) {
    is_log ? softmax_slices<true, true>(x, count, step, width, y)
           : softmax_slices<true, false>(x, count, step, width, y);
}
HALFTONE_AVX512_FMA void softmax_rows_avx512(const float* x, std::int64_t rows, std::int64_t n, bool is_log, float* y) {
    softmax_rows<RowRegisters>(x, rows, n, is_log, y);
}
HALFTONE_AVX512_FMA void softmax_slices_avx512(const float* x, std::int64_t count, std::int64_t step,
                                               std::int64_t width, bool is_log, float* y) {
    is_log ? softmax_slices<true, true>(x, count, step, width, y)
           : softmax_slices<true, false>(x, count, step, width, y);
}
#endif

RowsLoop rows_loop() {
#ifdef __x86_64__
    if (has_avx512()) return softmax_rows_avx512;
    if (has_avx2()) return softmax_rows_avx2;
#endif
    return softmax_rows_base;
}

SlicesLoop slices_loop() {
#ifdef __x86_64__
    if (has_avx512()) return softmax_slices_avx512;
    if (has_avx2()) return softmax_slices_avx2;
#endif
    return softmax_slices_base;
}

}  // namespace

void softmax_along_axis(const AxisLoops& loops, bool is_log, const float* x, float* y) {
    const std::int64_t block = loops.count * loops.step;
    if (loops.step == 1) {
        codes::in_rows(static_cast<std::size_t>(loops.blocks), static_cast<std::size_t>(loops.count),
                       [&, rows = rows_loop()](std::size_t first, std::size_t last) {
                           const auto from = static_cast<std::int64_t>(first) * block;
                           rows(x + from, static_cast<std::int64_t>(last - first), loops.count, is_log, y + from);
                       });
        return;
    }
    // A piece is `kWidth` elements of each slice of one block.
    const std::int64_t pieces = (loops.step + kWidth - 1) / kWidth;
    const std::int64_t all = pieces * loops.blocks;
    codes::in_rows(static_cast<std::size_t>(all), static_cast<std::size_t>(loops.count * kWidth),
                   [&, slices = slices_loop()](std::size_t first, std::size_t last) {
                       for (auto p = static_cast<std::int64_t>(first); p < static_cast<std::int64_t>(last); ++p) {
                           const std::int64_t left = p % pieces * kWidth;
                           const std::int64_t at = p / pieces * block + left;
                           slices(x + at, loops.count, loops.step, std::min(kWidth, loops.step - left), is_log, y + at);
                       }
                   });
}

}  // namespace halftone::native
