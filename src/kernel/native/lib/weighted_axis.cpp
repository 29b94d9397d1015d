// Two loops: rows of `inner` elements, which vectorise, and single elements where the dimension is innermost.
#include "kernel/native/lib/weighted_axis.hpp"

#include <algorithm>

#include "kernel/codes/parallel.hpp"
#include "kernel/codes/targets.hpp"
#include "kernel/ops/machine.hpp"

namespace halftone::native {
namespace {

/// y = sum of weight * row over the taps. Two taps are linear interpolation, by far the most usual.
HALFTONE_INLINE void weigh_row(const AxisPass& pass, const float* x, std::int64_t output, float* y) {
    const std::int64_t* places = pass.taps.places.data() + output * pass.taps.taps;
    const float* weights = pass.taps.weights.data() + output * pass.taps.taps;
    const std::int64_t n = pass.inner;
    // The first tap writes and the others add, so that the row needs not be cleared before.
    const float* first = x + places[0] * n;
    if (pass.taps.taps == 2) {
        const float* second = x + places[1] * n;
        const float a = weights[0];
        const float b = weights[1];
#pragma GCC ivdep
        for (std::int64_t i = 0; i < n; ++i) y[i] = a * first[i] + b * second[i];
        return;
    }
#pragma GCC ivdep
    for (std::int64_t i = 0; i < n; ++i) y[i] = weights[0] * first[i];
    for (std::int64_t t = 1; t < pass.taps.taps; ++t) {
        const float* row = x + places[t] * n;
        const float weight = weights[t];
#pragma GCC ivdep
        for (std::int64_t i = 0; i < n; ++i) y[i] += weight * row[i];
    }
}

/// All outputs of a dimension whose elements lie side by side.
HALFTONE_INLINE void weigh_elements(const AxisPass& pass, const float* x, float* y) {
    const std::int64_t* places = pass.taps.places.data();
    const float* weights = pass.taps.weights.data();
    if (pass.taps.taps == 2) {
        for (std::int64_t o = 0; o < pass.outputs; ++o) {
            y[o] = weights[2 * o] * x[places[2 * o]] + weights[2 * o + 1] * x[places[2 * o + 1]];
        }
        return;
    }
    for (std::int64_t o = 0; o < pass.outputs; ++o) {
        // Neighbouring outputs read different places, so this loop does not vectorise. Pictures with several channels
        // last do not come here, because their channels are innermost.
        float sum = 0;
        for (std::int64_t t = 0; t < pass.taps.taps; ++t, ++places, ++weights) sum += *weights * x[*places];
        y[o] = sum;
    }
}

// Compiled for the base instruction set and for AVX2, as in the other files of this folder.
void weigh_row_base(const AxisPass& pass, const float* x, std::int64_t output, float* y) {
    weigh_row(pass, x, output, y);
}
void weigh_elements_base(const AxisPass& pass, const float* x, float* y) { weigh_elements(pass, x, y); }

#ifdef __x86_64__
HALFTONE_AVX2 void weigh_row_avx2(const AxisPass& pass, const float* x, std::int64_t output, float* y) {
    weigh_row(pass, x, output, y);
}
HALFTONE_AVX2 void weigh_elements_avx2(const AxisPass& pass, const float* x, float* y) { weigh_elements(pass, x, y); }
#else
constexpr auto weigh_row_avx2 = weigh_row_base;
constexpr auto weigh_elements_avx2 = weigh_elements_base;
#endif

}  // namespace

void run_axis_pass(const AxisPass& pass, const float* x, float* y) {
    // By rows of the output in both cases: a row is written by one thread.
    const bool is_wide = has_avx2();
    if (pass.inner == 1) {
        const auto weigh = is_wide ? weigh_elements_avx2 : weigh_elements_base;
        codes::in_rows(static_cast<std::size_t>(pass.outer), static_cast<std::size_t>(pass.outputs),
                       [&](std::size_t first, std::size_t last) {
                           for (auto o = static_cast<std::int64_t>(first); o < static_cast<std::int64_t>(last); ++o)
                               weigh(pass, x + o * pass.inputs, y + o * pass.outputs);
                       });
        return;
    }
    const auto weigh = is_wide ? weigh_row_avx2 : weigh_row_base;
    codes::in_rows(static_cast<std::size_t>(pass.outer * pass.outputs), static_cast<std::size_t>(pass.inner),
                   [&](std::size_t first, std::size_t last) {
                       for (auto row = static_cast<std::int64_t>(first); row < static_cast<std::int64_t>(last); ++row) {
                           const float* block = x + row / pass.outputs * pass.inputs * pass.inner;
                           weigh(pass, block, row % pass.outputs, y + row * pass.inner);
                       }
                   });
}

}  // namespace halftone::native
