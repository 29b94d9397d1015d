// Sums of products of codes by AVX2. vpmaddwd multiplies 16 pairs of int16 and adds neighbours in int32, which no code
// can overflow: 2 * 255 * 128 < 2^31. The faster vpmaddubsw adds in 16 bits and saturates. The matrix stays int8 in
// memory and is widened when it is loaded, once for all rows of a tile.
#include <algorithm>
#include <cstring>

#include "base/check.hpp"
#include "kernel/codes/targets.hpp"
#include "kernel/native/lib/code_panels.hpp"

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace halftone::native {

#ifdef __x86_64__

namespace {

constexpr std::int64_t kSumsOfRegister = 8;
constexpr std::int64_t kPairBytes = kCodeColumns * kAvx2Depth;  ///< of a panel, for two rows of the matrix

HALFTONE_AVX2_INLINE __m256i eight_integers(const std::uint32_t* values) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values));
}

/// Eight sums of a row as real values, from `column` on.
HALFTONE_AVX2_INLINE __m256 real_values(const CodeProductCall& call, const std::int32_t* sums, std::int64_t row,
                                        std::int64_t column) {
    __m256i whole = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(sums));
    whole = _mm256_sub_epi32(whole, eight_integers(call.run.offset + column));
    if (call.run.zero != nullptr) {
        const __m256i codes = _mm256_set1_epi32(static_cast<std::int32_t>(call.code_sums[row]));
        whole = _mm256_sub_epi32(whole, _mm256_mullo_epi32(eight_integers(call.run.zero + column), codes));
    }
    const __m256 scaled = _mm256_mul_ps(_mm256_cvtepi32_ps(whole), _mm256_loadu_ps(call.run.scale + column));
    return _mm256_add_ps(scaled, _mm256_loadu_ps(call.run.bias + column));
}

/// Writes the real values of a row's sums, whole panels from column `first` on, as far as the matrix has columns.
HALFTONE_AVX2 void finish_sums(const CodeProductCall& call, const std::int32_t* sums, std::int64_t row,
                               std::int64_t first, std::int64_t last) {
    float* y = call.y + row * call.matrix->columns;
    for (std::int64_t column = first; column < last; column += kSumsOfRegister, sums += kSumsOfRegister) {
        const __m256 values = real_values(call, sums, row, column);
        const std::int64_t left = call.matrix->columns - column;
        if (left >= kSumsOfRegister) {
            _mm256_storeu_ps(y + column, values);
        } else if (left > 0) {
            float buffer[kSumsOfRegister];  // NOLINT(modernize-avoid-c-arrays): not initialized
            _mm256_storeu_ps(buffer, values);
            std::copy_n(buffer, left, y + column);
        }
    }
}

/// A tile: `Rows` rows from `row` on by `Panels` panels from `panel` on. All its sums stay in registers until they are
/// whole; finishing them is a function of its own, since GCC would keep the sums in memory otherwise.
template <int Rows, int Panels>
HALFTONE_AVX2 void code_tile(const CodeProductCall& call, std::int64_t row, std::int64_t panel) {
    constexpr int kRegisters = 2 * Panels;
    constexpr std::int64_t kColumns = Panels * kCodeColumns;
    const std::int64_t pairs = call.matrix->steps;
    const std::int16_t* rows = reinterpret_cast<const std::int16_t*>(call.staged) + row * kAvx2Depth * pairs;
    const std::int8_t* b = call.matrix->codes.data() + panel * pairs * kPairBytes;
    __m256i sums[Rows][kRegisters];  // NOLINT(modernize-avoid-c-arrays): std::array drops the alignment of __m256i
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 8
        for (int i = 0; i < kRegisters; ++i) sums[r][i] = _mm256_setzero_si256();
    }
    for (std::int64_t p = 0; p < pairs; ++p) {
        __m256i columns[kRegisters];  // NOLINT(modernize-avoid-c-arrays)
#pragma GCC unroll 8
        for (int i = 0; i < kRegisters; ++i) {
            const std::int8_t* codes = b + (i / 2 * pairs + p) * kPairBytes + i % 2 * (kPairBytes / 2);
            columns[i] = _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(codes)));
        }
#pragma GCC unroll 8
        for (int r = 0; r < Rows; ++r) {
            std::int32_t pair = 0;
            std::memcpy(&pair, rows + 2 * (r * pairs + p), sizeof pair);
            const __m256i left = _mm256_set1_epi32(pair);
#pragma GCC unroll 8
            for (int i = 0; i < kRegisters; ++i) {
                sums[r][i] = _mm256_add_epi32(sums[r][i], _mm256_madd_epi16(left, columns[i]));
            }
        }
    }
    std::int32_t whole[Rows * kColumns];  // NOLINT(modernize-avoid-c-arrays): not initialized
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 8
        for (int i = 0; i < kRegisters; ++i) {
            auto* to = reinterpret_cast<__m256i*>(whole + r * kColumns + i * kSumsOfRegister);
            _mm256_storeu_si256(to, sums[r][i]);
        }
    }
    const std::int64_t first = panel * kCodeColumns;
    for (int r = 0; r < Rows; ++r) finish_sums(call, whole + r * kColumns, row + r, first, first + kColumns);
}

/// `Rows` rows by all panels of the piece.
template <int Rows, int Panels>
HALFTONE_AVX2 void code_rows(const CodeProductCall& call, std::int64_t row, const CodePiece& piece) {
    std::int64_t panel = piece.first_panel;
    for (; panel + Panels <= piece.last_panel; panel += Panels) code_tile<Rows, Panels>(call, row, panel);
    for (; panel < piece.last_panel; ++panel) code_tile<Rows, 1>(call, row, panel);
}

}  // namespace

HALFTONE_AVX2 void multiply_code_panels_avx2(const CodeProductCall& call, const CodePiece& piece) {
    constexpr std::int64_t kMostRows = 6;  // 12 sums, two columns and one pair fill the 16 registers
    const std::int64_t whole = piece.first_row + (piece.last_row - piece.first_row) / kMostRows * kMostRows;
    // A panel stays in the first-level cache while all rows pass by it.
    for (std::int64_t panel = piece.first_panel; panel < piece.last_panel; ++panel) {
        for (std::int64_t row = piece.first_row; row < whole; row += kMostRows) {
            code_tile<kMostRows, 1>(call, row, panel);
        }
    }
    // The rest of the rows: fewer rows leave registers free, so more panels are taken at once.
    switch (piece.last_row - whole) {
        case 1:
            return code_rows<1, 4>(call, whole, piece);
        case 2:
            return code_rows<2, 2>(call, whole, piece);
        case 3:
            return code_rows<3, 1>(call, whole, piece);
        case 4:
            return code_rows<4, 1>(call, whole, piece);
        case 5:
            return code_rows<5, 1>(call, whole, piece);
        default:
            return;
    }
}

#else

void multiply_code_panels_avx2(const CodeProductCall& /*call*/, const CodePiece& /*piece*/) {
    HALFTONE_CHECK(false, "AVX2 on another architecture");
}

#endif

}  // namespace halftone::native
