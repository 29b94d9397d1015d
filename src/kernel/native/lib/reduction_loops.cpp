// The loops of reduction.hpp.
//
//   Summed, Squared, Largest, Smallest   how an element joins, and how two results do
//   reduce_row     a run of neighbours to one number; partial results in the lanes of a register
//   reduce_slices  neighbours that stay apart: one result for each, over many slices
//   run_reduction  pieces for threads. A result is made by one thread in one order, so threads change no bit.
//
// Sums of fp32 would lose digits over long runs. So at most kRun elements are added in fp32, and the sums of those runs
// in double.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "kernel/codes/parallel.hpp"
#include "kernel/codes/targets.hpp"
#include "kernel/native/lib/reduction.hpp"
#include "kernel/ops/machine.hpp"

namespace halftone::native {
namespace {

// A sum of n floats has a relative error of up to n * 2^-24. With runs of 1024, that is below 1e-4 in the worst case
// and about 2e-6 usually; sums in double alone would halve the number of lanes.
constexpr std::int64_t kRun = 1024;
constexpr std::int64_t kSlice = 128;  ///< results that are made together

struct Summed {
    static constexpr float kStart = 0.0F;
    static constexpr bool kIsSum = true;
    HALFTONE_INLINE static float term(float x) { return x; }
};
struct Squared {
    static constexpr float kStart = 0.0F;
    static constexpr bool kIsSum = true;
    HALFTONE_INLINE static float term(float x) { return x * x; }
};
struct Largest {
    static constexpr float kStart = -std::numeric_limits<float>::infinity();
    static constexpr bool kIsSum = false;
    HALFTONE_INLINE static bool is_better(float a, float b) { return a > b; }
};
struct Smallest {
    static constexpr float kStart = std::numeric_limits<float>::infinity();
    static constexpr bool kIsSum = false;
    HALFTONE_INLINE static bool is_better(float a, float b) { return a < b; }
};

/// "omp simd reduction" lets the compiler keep a partial result in each lane.
template <class Join>
HALFTONE_INLINE float reduce_run(const float* x, std::int64_t n) {
    if constexpr (Join::kIsSum) {
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (std::int64_t i = 0; i < n; ++i) sum += Join::term(x[i]);
        return sum;
    } else {
        float best = Join::kStart;
        std::int32_t nans = 0;
        // The lanes know no NaN: a comparison with one is false. So they are counted beside it.
#pragma omp simd reduction(+ : nans)
        for (std::int64_t i = 0; i < n; ++i) nans += x[i] != x[i] ? 1 : 0;
        if constexpr (Join::kStart < 0) {
#pragma omp simd reduction(max : best)
            for (std::int64_t i = 0; i < n; ++i) best = x[i] > best ? x[i] : best;
        } else {
#pragma omp simd reduction(min : best)
            for (std::int64_t i = 0; i < n; ++i) best = x[i] < best ? x[i] : best;
        }
        return nans != 0 ? std::numeric_limits<float>::quiet_NaN() : best;
    }
}

/// `slices` runs of `n` elements, `step` apart, to one number.
template <class Join>
HALFTONE_INLINE double reduce_row(const float* x, std::int64_t slices, std::int64_t step, std::int64_t n) {
    double result = static_cast<double>(Join::kStart);
    for (std::int64_t s = 0; s < slices; ++s, x += step) {
        for (std::int64_t i = 0; i < n; i += kRun) {
            const auto part = static_cast<double>(reduce_run<Join>(x + i, std::min(kRun, n - i)));
            if constexpr (Join::kIsSum) {
                result += part;
            } else if (part != part || Join::is_better(static_cast<float>(part), static_cast<float>(result))) {
                result = part;
            }
            // Nothing can replace a NaN, so the rest need not be read.
            if (!Join::kIsSum && result != result) return result;
        }
    }
    return result;
}

/// `width` results, each over `slices` elements that are `step` apart.
template <class Join>
HALFTONE_INLINE void reduce_slices(const float* x, std::int64_t slices, std::int64_t step, std::int64_t width,
                                   double* results) {
    const auto n = static_cast<std::size_t>(width);
    std::fill_n(results, n, static_cast<double>(Join::kStart));
    // The results of a run stay in the first-level cache: kSlice floats, eight cache lines of each slice.
    std::array<float, kSlice> run;
    for (std::int64_t first = 0; first < slices; first += kRun) {
        run.fill(Join::kStart);
        for (std::int64_t s = first; s < std::min(first + kRun, slices); ++s) {
            const float* slice = x + s * step;
            for (std::size_t i = 0; i < n; ++i) {
                if constexpr (Join::kIsSum) {
                    run[i] += Join::term(slice[i]);
                } else {
                    run[i] = slice[i] != slice[i] || Join::is_better(slice[i], run[i]) ? slice[i] : run[i];
                    // A NaN that is in the result already stays there, because no comparison with it is true.
                }
            }
        }
        for (std::size_t i = 0; i < n; ++i) {
            if constexpr (Join::kIsSum) {
                results[i] += static_cast<double>(run[i]);
            } else {
                const bool replaces = run[i] != run[i] || Join::is_better(run[i], static_cast<float>(results[i]));
                results[i] = replaces ? static_cast<double>(run[i]) : results[i];
            }
        }
    }
}

using RowLoop = double (*)(const float*, std::int64_t, std::int64_t, std::int64_t);
using SliceLoop = void (*)(const float*, std::int64_t, std::int64_t, std::int64_t, double*);

struct ReductionPair {
    RowLoop row;
    SliceLoop slices;
};

template <class Join>
double row_base_of(const float* x, std::int64_t slices, std::int64_t step, std::int64_t n) {
    return reduce_row<Join>(x, slices, step, n);
}
template <class Join>
void slices_base_of(const float* x, std::int64_t slices, std::int64_t step, std::int64_t width, double* results) {
    reduce_slices<Join>(x, slices, step, width, results);
}

#ifdef __x86_64__
template <class Join>
HALFTONE_AVX2 double row_avx2_of(const float* x, std::int64_t slices, std::int64_t step, std::int64_t n) {
    return reduce_row<Join>(x, slices, step, n);
}
template <class Join>
HALFTONE_AVX2 void slices_avx2_of(const float* x, std::int64_t slices, std::int64_t step, std::int64_t width,
                                  double* results) {
    reduce_slices<Join>(x, slices, step, width, results);
}
#endif

template <class Join>
ReductionPair loops_for() {
#ifdef __x86_64__
    if (has_avx2()) return {row_avx2_of<Join>, slices_avx2_of<Join>};
#endif
    return {row_base_of<Join>, slices_base_of<Join>};
}

ReductionPair loops_of_kind(ReductionKind kind) {
    switch (kind) {
        case ReductionKind::maximum:
            return loops_for<Largest>();
        case ReductionKind::minimum:
            return loops_for<Smallest>();
        case ReductionKind::sum_of_squares:
        case ReductionKind::root_of_squares:
            return loops_for<Squared>();
        default:
            return loops_for<Summed>();
    }
}

float finished(ReductionKind kind, double result, double count) {
    if (kind == ReductionKind::mean) result /= count;
    if (kind == ReductionKind::root_of_squares) result = std::sqrt(result);
    return static_cast<float>(result);
}

}  // namespace

void run_reduction(ReductionKind kind, const ReductionLoops& loops, const float* x, float* y) {
    const ReductionPair pair = loops_of_kind(kind);
    const std::int64_t step = loops.kept * loops.reduced;  // from one outer reduced position to the next
    const std::int64_t block = loops.reduced_outer * step;
    const auto count = static_cast<double>(loops.reduced_outer * loops.reduced);
    // Innermost dimensions are reduced: each result is a row of neighbours, and rows are shared out among the threads.
    if (loops.reduced > 1 || loops.kept == 1) {
        const auto results = static_cast<std::size_t>(loops.kept_outer * loops.kept);
        codes::in_rows(results, static_cast<std::size_t>(loops.reduced_outer * loops.reduced),
                       [&](std::size_t first, std::size_t last) {
                           for (auto r = static_cast<std::int64_t>(first); r < static_cast<std::int64_t>(last); ++r) {
                               const float* from = x + r / loops.kept * block + r % loops.kept * loops.reduced;
                               y[r] = finished(kind, pair.row(from, loops.reduced_outer, step, loops.reduced), count);
                           }
                       });
        return;
    }
    // An outer dimension is reduced: neighbours belong to different results, so kSlice of them are computed side by
    // side. Walking along the reduced dimension for one result would use one float of each cache line.
    const std::int64_t pieces = (loops.kept + kSlice - 1) / kSlice;
    codes::in_rows(static_cast<std::size_t>(loops.kept_outer * pieces),
                   static_cast<std::size_t>(loops.reduced_outer * kSlice), [&](std::size_t first, std::size_t last) {
                       std::array<double, kSlice> results;
                       for (auto p = static_cast<std::int64_t>(first); p < static_cast<std::int64_t>(last); ++p) {
                           const std::int64_t left = p % pieces * kSlice;
                           const std::int64_t width = std::min(kSlice, loops.kept - left);
                           pair.slices(x + p / pieces * block + left, loops.reduced_outer, step, width, results.data());
                           float* to = y + p / pieces * loops.kept + left;
                           for (std::int64_t i = 0; i < width; ++i)
                               to[i] = finished(kind, results[static_cast<std::size_t>(i)], count);
                       }
                   });
}

}  // namespace halftone::native
