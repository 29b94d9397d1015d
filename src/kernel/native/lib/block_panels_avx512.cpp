// Products of fp32 rows by codes in blocks, by AVX-512. block_panels_wide.hpp makes weights of codes.
//
//   unpack_wide_rows  weights of a panel into a buffer, for many rows
//   wide_few_rows     sums of a few rows by some panels, all in registers; the codes are read once for all rows
#include <algorithm>

#include "base/check.hpp"
#include "kernel/native/lib/block_panels_wide.hpp"

namespace halftone::native {

#ifdef __x86_64__

namespace {

// GCC 12 takes the undefined operand of its own unmasked intrinsics for an uninitialized variable.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

template <int Bits, bool IsSymmetric>
HALFTONE_AVX512 void unpack_wide_rows(const BlockPanels& matrix, std::int64_t panel, std::int64_t first,
                                      std::int64_t last, float* to) {
    const Lookup table = lookup();
    for (std::int64_t k = first; k < last;) {
        const std::int64_t block = k / matrix.block_size;
        const std::int64_t end = std::min(last, (block + 1) * matrix.block_size);
        const BlockParams params = load_params<IsSymmetric>(matrix, panel, block);
        for (; k < end; ++k, to += kPanel) {
            _mm512_storeu_ps(to, wide_weights<Bits, IsSymmetric>(table, matrix.codes_of(panel, k), params));
        }
    }
}

template <int Bits, bool IsSymmetric, int Rows, int Panels>
HALFTONE_AVX512 void wide_few_rows(const BlockPanels& matrix, const float* a, float* y, std::int64_t panel) {
    const Lookup table = lookup();
    __m512 sums[Rows][Panels];  // NOLINT(modernize-avoid-c-arrays): std::array drops the alignment of __m512
#pragma GCC unroll 4
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
        for (int p = 0; p < Panels; ++p) sums[r][p] = _mm512_loadu_ps(matrix.bias.data() + (panel + p) * kPanel);
    }
    const std::int64_t inner = matrix.inner;
    const std::int64_t row_bytes = kPanel * Bits / 8;
    const std::int64_t panel_bytes = inner * row_bytes;
    const std::uint8_t* codes = matrix.codes_of(panel, 0);
    for (std::int64_t block = 0; block < matrix.blocks(); ++block) {
        BlockParams params[Panels];  // NOLINT(modernize-avoid-c-arrays)
#pragma GCC unroll 4
        for (int p = 0; p < Panels; ++p) params[p] = load_params<IsSymmetric>(matrix, panel + p, block);
        const std::int64_t end = std::min(inner, (block + 1) * matrix.block_size);
        for (std::int64_t k = block * matrix.block_size; k < end; ++k, codes += row_bytes) {
#pragma GCC unroll 4
            for (int p = 0; p < Panels; ++p) {
                const __m512 weights = wide_weights<Bits, IsSymmetric>(table, codes + p * panel_bytes, params[p]);
#pragma GCC unroll 4
                for (int r = 0; r < Rows; ++r) {
                    sums[r][p] = _mm512_fmadd_ps(_mm512_set1_ps(a[r * inner + k]), weights, sums[r][p]);
                }
            }
        }
    }
#pragma GCC unroll 4
    for (int p = 0; p < Panels; ++p) {
        const std::int64_t column = (panel + p) * kPanel;
        const auto written = static_cast<__mmask16>((1U << std::min(kPanel, matrix.columns - column)) - 1U);
#pragma GCC unroll 4
        for (int r = 0; r < Rows; ++r) _mm512_mask_storeu_ps(y + r * matrix.columns + column, written, sums[r][p]);
    }
}

template <int Bits, bool IsSymmetric, int Rows>
HALFTONE_AVX512 void all_wide_panels(const BlockPanels& matrix, const float* a, float* y, std::int64_t first,
                                     std::int64_t last) {
    constexpr std::int64_t kAtOnce = 4;  // an FMA takes four cycles, and a sum waits for the one before it
    std::int64_t panel = first;
    for (; panel + kAtOnce <= last; panel += kAtOnce) wide_few_rows<Bits, IsSymmetric, Rows, 4>(matrix, a, y, panel);
    for (; panel < last; ++panel) wide_few_rows<Bits, IsSymmetric, Rows, 1>(matrix, a, y, panel);
}

template <int Bits, bool IsSymmetric>
void wide_by_rows(const BlockPanels& matrix, const float* a, std::int64_t rows, float* y, std::int64_t first,
                  std::int64_t last) {
    switch (rows) {
        case 1:
            return all_wide_panels<Bits, IsSymmetric, 1>(matrix, a, y, first, last);
        case 2:
            return all_wide_panels<Bits, IsSymmetric, 2>(matrix, a, y, first, last);
        case 3:
            return all_wide_panels<Bits, IsSymmetric, 3>(matrix, a, y, first, last);
        default:
            return all_wide_panels<Bits, IsSymmetric, 4>(matrix, a, y, first, last);
    }
}

#pragma GCC diagnostic pop

}  // namespace

void unpack_blocks_avx512(const BlockPanels& matrix, std::int64_t panel, std::int64_t first, std::int64_t last,
                          float* to) {
    if (matrix.bits == 4) {
        return matrix.is_symmetric ? unpack_wide_rows<4, true>(matrix, panel, first, last, to)
                                   : unpack_wide_rows<4, false>(matrix, panel, first, last, to);
    }
    return matrix.is_symmetric ? unpack_wide_rows<8, true>(matrix, panel, first, last, to)
                               : unpack_wide_rows<8, false>(matrix, panel, first, last, to);
}

void multiply_few_rows_avx512(const BlockPanels& matrix, const float* a, std::int64_t rows, float* y,
                              std::int64_t first, std::int64_t last) {
    if (matrix.bits == 4) {
        return matrix.is_symmetric ? wide_by_rows<4, true>(matrix, a, rows, y, first, last)
                                   : wide_by_rows<4, false>(matrix, a, rows, y, first, last);
    }
    return matrix.is_symmetric ? wide_by_rows<8, true>(matrix, a, rows, y, first, last)
                               : wide_by_rows<8, false>(matrix, a, rows, y, first, last);
}

#else

void unpack_blocks_avx512(const BlockPanels& /*matrix*/, std::int64_t /*panel*/, std::int64_t /*first*/,
                          std::int64_t /*last*/, float* /*to*/) {
    HALFTONE_CHECK(false, "AVX-512 on another architecture");
}

void multiply_few_rows_avx512(const BlockPanels& /*matrix*/, const float* /*a*/, std::int64_t /*rows*/, float* /*y*/,
                              std::int64_t /*first*/, std::int64_t /*last*/) {
    HALFTONE_CHECK(false, "AVX-512 on another architecture");
}

#endif

}  // namespace halftone::native
