// Products by AVX2 and FMA. A tile of Rows x Panels panels has all its sums in registers; in each step over k it loads
// the panels' rows and spreads one element of each row of `a`. The number of panels at once depends on the rows, so
// that about ten sums run side by side: an FMA takes four cycles and two can start in each, so fewer would wait.
#include <algorithm>

#include "base/check.hpp"
#include "kernel/codes/targets.hpp"
#include "kernel/native/lib/gemm.hpp"

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace halftone::native {

#ifdef __x86_64__

namespace {

constexpr int kLanesOfRegister = 8;

template <int Rows, int Panels>
HALFTONE_FMA void product_tile(const ProductCall& call, std::int64_t row, std::int64_t panel, float* y,
                               std::int64_t y_step) {
    constexpr int kRegisters = 2 * Panels;
    const std::int64_t inner = call.b.inner;
    const float* a = call.a + row * call.a_step;
    const float* b = call.b.values + panel * inner * kPanel;
    __m256 sums[Rows][kRegisters];  // NOLINT(modernize-avoid-c-arrays): std::array drops the alignment of __m256
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 8
        for (int i = 0; i < kRegisters; ++i) {
            // The sum begins with the bias or what stands in y already, so it needs no pass of its own. Where there is
            // neither, `start` is null, and C++ does not even allow to add an offset to it.
            sums[r][i] =
                call.start == nullptr
                    ? _mm256_setzero_ps()
                    : _mm256_loadu_ps(call.start + (row + r) * call.start_step + panel * kPanel + i * kLanesOfRegister);
        }
    }
    for (std::int64_t k = 0; k < inner; ++k) {
        __m256 columns[kRegisters];  // NOLINT(modernize-avoid-c-arrays)
#pragma GCC unroll 8
        for (int i = 0; i < kRegisters; ++i) {
            columns[i] = _mm256_loadu_ps(b + (i / 2) * inner * kPanel + k * kPanel + i % 2 * kLanesOfRegister);
        }
#pragma GCC unroll 8
        for (int r = 0; r < Rows; ++r) {
            const __m256 left = _mm256_broadcast_ss(a + r * call.a_step + k);
#pragma GCC unroll 8
            for (int i = 0; i < kRegisters; ++i) sums[r][i] = _mm256_fmadd_ps(left, columns[i], sums[r][i]);
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 8
        for (int i = 0; i < kRegisters; ++i) _mm256_storeu_ps(y + r * y_step + i * kLanesOfRegister, sums[r][i]);
    }
}

/// A tile to its place in y, or by way of a buffer where y has fewer columns than the tile.
template <int Rows, int Panels>
HALFTONE_FMA void place_tile(const ProductCall& call, std::int64_t row, std::int64_t panel) {
    constexpr std::int64_t kColumns = Panels * kPanel;
    float* y = call.y + row * call.y_step + panel * kPanel;
    const std::int64_t left = call.columns == 0 ? kColumns : call.columns - panel * kPanel;
    if (left >= kColumns) return product_tile<Rows, Panels>(call, row, panel, y, call.y_step);
    float buffer[Rows * kColumns];  // NOLINT(modernize-avoid-c-arrays): not initialized
    product_tile<Rows, Panels>(call, row, panel, buffer, kColumns);
    for (int r = 0; r < Rows; ++r) std::copy(buffer + r * kColumns, buffer + r * kColumns + left, y + r * call.y_step);
}

/// `Rows` rows by all panels from `first` to `last`.
template <int Rows, int Panels>
HALFTONE_FMA void product_rows(const ProductCall& call, std::int64_t row, std::int64_t first, std::int64_t last) {
    std::int64_t panel = first;
    for (; panel + Panels <= last; panel += Panels) place_tile<Rows, Panels>(call, row, panel);
    for (; panel < last; ++panel) place_tile<Rows, 1>(call, row, panel);
}

}  // namespace

HALFTONE_FMA void multiply_panels_avx2(const ProductCall& call, std::int64_t first, std::int64_t last) {
    constexpr std::int64_t kMostRows = 6;  // 12 sums, two columns and one element fill the 16 registers
    const std::int64_t whole = call.rows / kMostRows * kMostRows;
    // A panel stays in the first-level cache while all rows pass by it.
    for (std::int64_t panel = first; panel < last; ++panel) {
        for (std::int64_t row = 0; row < whole; row += kMostRows) place_tile<kMostRows, 1>(call, row, panel);
    }
    // The rest of the rows: fewer rows leave registers free, so more panels are taken at once.
    switch (call.rows - whole) {
        case 1:
            return product_rows<1, 4>(call, whole, first, last);
        case 2:
            return product_rows<2, 2>(call, whole, first, last);
        case 3:
            return product_rows<3, 1>(call, whole, first, last);
        case 4:
            return product_rows<4, 1>(call, whole, first, last);
        case 5:
            return product_rows<5, 1>(call, whole, first, last);
        default:
            return;
    }
}

#else

void multiply_panels_avx2(const ProductCall& /*call*/, std::int64_t /*first*/, std::int64_t /*last*/) {
    HALFTONE_CHECK(false, "AVX2 on another architecture");
}

#endif

}  // namespace halftone::native
