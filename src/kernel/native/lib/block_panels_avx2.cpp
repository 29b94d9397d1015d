// Codes by blocks to weights in registers, by AVX2 and FMA.
//
//   load_codes     16 codes of a row of a panel as integers: two registers
//   weights_of     (code - zero_point) * scale, rounded once
//   few_rows       sums of a few rows by one or two panels, all in registers; the codes are read once for all rows
//
// For one row two panels go side by side: an FMA takes four cycles, and a sum waits for the one before it.
#include "base/check.hpp"
#include "kernel/codes/targets.hpp"
#include "kernel/native/lib/block_panels.hpp"

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include <algorithm>

namespace halftone::native {

#ifdef __x86_64__

namespace {

constexpr int kHalf = 8;  ///< columns in a register

struct CodePair {
    __m256i low, high;  ///< columns 0 to 7, and 8 to 15
};
struct RealPair {
    __m256 low, high;
};

template <int Bits>
HALFTONE_FMA HALFTONE_INLINE CodePair load_codes(const std::uint8_t* row) {
    const __m256i first = _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(row)));
    if constexpr (Bits == 8) {
        return {first, _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(row + kHalf)))};
    } else {
        return {_mm256_and_si256(first, _mm256_set1_epi32(15)), _mm256_srli_epi32(first, 4)};
    }
}

HALFTONE_FMA HALFTONE_INLINE RealPair load_reals(const float* from) {
    return {_mm256_loadu_ps(from), _mm256_loadu_ps(from + kHalf)};
}

template <int Bits, bool IsSymmetric>
HALFTONE_FMA HALFTONE_INLINE RealPair weights_of(const std::uint8_t* row, const RealPair& scale, const RealPair& zero) {
    const CodePair codes = load_codes<Bits>(row);
    const __m256 low = _mm256_cvtepi32_ps(codes.low);
    const __m256 high = _mm256_cvtepi32_ps(codes.high);
    if constexpr (IsSymmetric) {
        return {_mm256_fmadd_ps(low, scale.low, zero.low), _mm256_fmadd_ps(high, scale.high, zero.high)};
    } else {
        return {_mm256_mul_ps(_mm256_sub_ps(low, zero.low), scale.low),
                _mm256_mul_ps(_mm256_sub_ps(high, zero.high), scale.high)};
    }
}

template <int Bits, bool IsSymmetric>
HALFTONE_FMA void unpack_rows(const BlockPanels& matrix, std::int64_t panel, std::int64_t first, std::int64_t last,
                              float* to) {
    for (std::int64_t k = first; k < last;) {
        const std::int64_t block = k / matrix.block_size;
        const std::int64_t end = std::min(last, (block + 1) * matrix.block_size);
        const std::int64_t place = matrix.place_of(panel, block);
        const RealPair scale = load_reals(matrix.scale.data() + place);
        const RealPair zero = load_reals(matrix.zero.data() + place);
        for (; k < end; ++k, to += kPanel) {
            const RealPair weights = weights_of<Bits, IsSymmetric>(matrix.codes_of(panel, k), scale, zero);
            _mm256_storeu_ps(to, weights.low);
            _mm256_storeu_ps(to + kHalf, weights.high);
        }
    }
}

/// Writes the sums of one row by one panel, or as many of them as the matrix has columns.
HALFTONE_FMA HALFTONE_INLINE void store_sums(const RealPair& sums, std::int64_t columns, float* y) {
    if (columns >= kPanel) {
        _mm256_storeu_ps(y, sums.low);
        _mm256_storeu_ps(y + kHalf, sums.high);
        return;
    }
    alignas(32) float buffer[kPanel];  // NOLINT(modernize-avoid-c-arrays): not initialized
    _mm256_store_ps(buffer, sums.low);
    _mm256_store_ps(buffer + kHalf, sums.high);
    std::copy_n(buffer, columns, y);
}

template <int Bits, bool IsSymmetric, int Rows, int Panels>
HALFTONE_FMA void few_rows(const BlockPanels& matrix, const float* a, float* y, std::int64_t panel) {
    RealPair sums[Rows][Panels];  // NOLINT(modernize-avoid-c-arrays): std::array drops the alignment of __m256
#pragma GCC unroll 4
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 2
        for (int p = 0; p < Panels; ++p) sums[r][p] = load_reals(matrix.bias.data() + (panel + p) * kPanel);
    }
    const std::int64_t inner = matrix.inner;
    const std::int64_t row_bytes = matrix.row_bytes();
    const std::int64_t panel_bytes = inner * row_bytes;
    const std::uint8_t* codes = matrix.codes_of(panel, 0);
    for (std::int64_t block = 0; block < matrix.blocks(); ++block) {
        RealPair scale[Panels];  // NOLINT(modernize-avoid-c-arrays)
        RealPair zero[Panels];   // NOLINT(modernize-avoid-c-arrays)
#pragma GCC unroll 2
        for (int p = 0; p < Panels; ++p) {
            scale[p] = load_reals(matrix.scale.data() + matrix.place_of(panel + p, block));
            zero[p] = load_reals(matrix.zero.data() + matrix.place_of(panel + p, block));
        }
        const std::int64_t end = std::min(inner, (block + 1) * matrix.block_size);
        for (std::int64_t k = block * matrix.block_size; k < end; ++k, codes += row_bytes) {
#pragma GCC unroll 2
            for (int p = 0; p < Panels; ++p) {
                const RealPair weights = weights_of<Bits, IsSymmetric>(codes + p * panel_bytes, scale[p], zero[p]);
#pragma GCC unroll 4
                for (int r = 0; r < Rows; ++r) {
                    const __m256 left = _mm256_broadcast_ss(a + r * inner + k);
                    sums[r][p].low = _mm256_fmadd_ps(left, weights.low, sums[r][p].low);
                    sums[r][p].high = _mm256_fmadd_ps(left, weights.high, sums[r][p].high);
                }
            }
        }
    }
#pragma GCC unroll 4
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 2
        for (int p = 0; p < Panels; ++p) {
            const std::int64_t column = (panel + p) * kPanel;
            store_sums(sums[r][p], matrix.columns - column, y + r * matrix.columns + column);
        }
    }
}

template <int Bits, bool IsSymmetric, int Rows, int Panels>
HALFTONE_FMA void all_panels(const BlockPanels& matrix, const float* a, float* y, std::int64_t first,
                             std::int64_t last) {
    std::int64_t panel = first;
    for (; panel + Panels <= last; panel += Panels) few_rows<Bits, IsSymmetric, Rows, Panels>(matrix, a, y, panel);
    for (; panel < last; ++panel) few_rows<Bits, IsSymmetric, Rows, 1>(matrix, a, y, panel);
}

template <int Bits, bool IsSymmetric>
void by_rows(const BlockPanels& matrix, const float* a, std::int64_t rows, float* y, std::int64_t first,
             std::int64_t last) {
    switch (rows) {
        case 1:
            return all_panels<Bits, IsSymmetric, 1, 2>(matrix, a, y, first, last);
        case 2:
            return all_panels<Bits, IsSymmetric, 2, 1>(matrix, a, y, first, last);
        case 3:
            return all_panels<Bits, IsSymmetric, 3, 1>(matrix, a, y, first, last);
        default:
            return all_panels<Bits, IsSymmetric, 4, 1>(matrix, a, y, first, last);
    }
}

}  // namespace

void unpack_blocks_avx2(const BlockPanels& matrix, std::int64_t panel, std::int64_t first, std::int64_t last,
                        float* to) {
    if (matrix.bits == 4) {
        return matrix.is_symmetric ? unpack_rows<4, true>(matrix, panel, first, last, to)
                                   : unpack_rows<4, false>(matrix, panel, first, last, to);
    }
    return matrix.is_symmetric ? unpack_rows<8, true>(matrix, panel, first, last, to)
                               : unpack_rows<8, false>(matrix, panel, first, last, to);
}

void multiply_few_rows_avx2(const BlockPanels& matrix, const float* a, std::int64_t rows, float* y, std::int64_t first,
                            std::int64_t last) {
    if (matrix.bits == 4) {
        return matrix.is_symmetric ? by_rows<4, true>(matrix, a, rows, y, first, last)
                                   : by_rows<4, false>(matrix, a, rows, y, first, last);
    }
    return matrix.is_symmetric ? by_rows<8, true>(matrix, a, rows, y, first, last)
                               : by_rows<8, false>(matrix, a, rows, y, first, last);
}

#else

void unpack_blocks_avx2(const BlockPanels& /*matrix*/, std::int64_t /*panel*/, std::int64_t /*first*/,
                        std::int64_t /*last*/, float* /*to*/) {
    HALFTONE_CHECK(false, "AVX2 on another architecture");
}

void multiply_few_rows_avx2(const BlockPanels& /*matrix*/, const float* /*a*/, std::int64_t /*rows*/, float* /*y*/,
                            std::int64_t /*first*/, std::int64_t /*last*/) {
    HALFTONE_CHECK(false, "AVX2 on another architecture");
}

#endif

}  // namespace halftone::native
