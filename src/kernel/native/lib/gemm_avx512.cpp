// Products by AVX-512: the tiles of gemm_avx2.cpp with a panel's row in one register. Each sum is made by the same
// fused additions in the same order, so the results have the same bits.
#include "base/check.hpp"
#include "kernel/codes/targets.hpp"
#include "kernel/native/lib/gemm.hpp"

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include <algorithm>

namespace halftone::native {

#ifdef __x86_64__

namespace {

/// A tile of Rows x Panels panels. Where the tile reaches beyond the columns of y, those are not written.
template <int Rows, int Panels>
HALFTONE_AVX512 void wide_tile(const ProductCall& call, std::int64_t row, std::int64_t panel) {
    const std::int64_t inner = call.b.inner;
    const float* a = call.a + row * call.a_step;
    const float* b = call.b.values + panel * inner * kPanel;
    __m512 sums[Rows][Panels];  // NOLINT(modernize-avoid-c-arrays): std::array drops the alignment of __m512
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 8
        for (int p = 0; p < Panels; ++p) {
            // As in gemm_avx2.cpp: null is no address to which C++ allows to add.
            sums[r][p] = call.start == nullptr
                             ? _mm512_setzero_ps()
                             : _mm512_loadu_ps(call.start + (row + r) * call.start_step + (panel + p) * kPanel);
        }
    }
    for (std::int64_t k = 0; k < inner; ++k) {
        __m512 columns[Panels];  // NOLINT(modernize-avoid-c-arrays)
#pragma GCC unroll 8
        for (int p = 0; p < Panels; ++p) columns[p] = _mm512_loadu_ps(b + (p * inner + k) * kPanel);
#pragma GCC unroll 8
        for (int r = 0; r < Rows; ++r) {
            const __m512 left = _mm512_set1_ps(a[r * call.a_step + k]);
#pragma GCC unroll 8
            for (int p = 0; p < Panels; ++p) sums[r][p] = _mm512_fmadd_ps(left, columns[p], sums[r][p]);
        }
    }
    const std::int64_t columns = call.columns == 0 ? call.b.panels * kPanel : call.columns;
#pragma GCC unroll 8
    for (int p = 0; p < Panels; ++p) {
        const std::int64_t left = std::min(kPanel, columns - (panel + p) * kPanel);
        const auto written = static_cast<__mmask16>((1U << left) - 1U);
#pragma GCC unroll 8
        for (int r = 0; r < Rows; ++r) {
            _mm512_mask_storeu_ps(call.y + (row + r) * call.y_step + (panel + p) * kPanel, written, sums[r][p]);
        }
    }
}

/// `Rows` rows by all panels from `first` to `last`.
template <int Rows, int Panels>
HALFTONE_AVX512 void wide_rows(const ProductCall& call, std::int64_t row, std::int64_t first, std::int64_t last) {
    std::int64_t panel = first;
    for (; panel + Panels <= last; panel += Panels) wide_tile<Rows, Panels>(call, row, panel);
    for (; panel < last; ++panel) wide_tile<Rows, 1>(call, row, panel);
}

/// The whole tiles of all panels. The panels of a tile stay in the first-level cache while all rows pass by them.
template <int Rows, int Panels>
void whole_tiles(const ProductCall& call, std::int64_t rows, std::int64_t first, std::int64_t last) {
    for (std::int64_t panel = first; panel < last; panel += Panels) {
        const std::int64_t end = std::min(last, panel + Panels);
        for (std::int64_t row = 0; row < rows; row += Rows) wide_rows<Rows, Panels>(call, row, panel, end);
    }
}

}  // namespace

void multiply_panels_avx512(const ProductCall& call, std::int64_t first, std::int64_t last) {
    // 24 sums, the columns and one element: 8 rows by three panels, or 6 by four where that leaves no panel over.
    const bool is_by_four = (last - first) % 4 == 0;
    const std::int64_t most_rows = is_by_four ? 6 : 8;
    const std::int64_t whole = call.rows / most_rows * most_rows;
    if (is_by_four) {
        whole_tiles<6, 4>(call, whole, first, last);
    } else {
        whole_tiles<8, 3>(call, whole, first, last);
    }
    // The rest of the rows: fewer rows leave registers free, so more panels are taken at once.
    switch (call.rows - whole) {
        case 1:
            return wide_rows<1, 8>(call, whole, first, last);
        case 2:
            return wide_rows<2, 6>(call, whole, first, last);
        case 3:
            return wide_rows<3, 6>(call, whole, first, last);
        case 4:
            return wide_rows<4, 4>(call, whole, first, last);
        case 5:
            return wide_rows<5, 4>(call, whole, first, last);
        case 6:
            return wide_rows<6, 3>(call, whole, first, last);
        case 7:
            return wide_rows<7, 3>(call, whole, first, last);
        default:
            return;
    }
}

#else

void multiply_panels_avx512(const ProductCall& /*call*/, std::int64_t /*first*/, std::int64_t /*last*/) {
    HALFTONE_CHECK(false, "AVX-512 on another architecture");
}

#endif

}  // namespace halftone::native
