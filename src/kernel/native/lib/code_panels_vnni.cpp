// Sums of products of codes by AVX-512 and VNNI. vpdpbusd multiplies four uint8 codes by four int8 codes in each of 16
// columns and adds the products to a sum in 32 bits, which wraps but never saturates.
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

// GCC 12 takes the undefined operand of its own unmasked intrinsics for an uninitialized variable.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

constexpr std::int64_t kStepBytes = kCodeColumns * kVnniDepth;  ///< of a panel: one register

/// The columns that a panel has in the matrix, as bits.
HALFTONE_INLINE std::uint16_t written_columns(const CodePanels& matrix, std::int64_t panel) {
    const std::int64_t left = matrix.columns - panel * kCodeColumns;
    return left >= kCodeColumns ? std::uint16_t{0xFFFF} : static_cast<std::uint16_t>((1U << left) - 1U);
}

/// Writes the real values of a tile's sums [rows, panels, kCodeColumns].
HALFTONE_AVX512 void finish_tile(const CodeProductCall& call, const std::int32_t* sums, const CodePiece& tile) {
    for (std::int64_t row = tile.first_row; row < tile.last_row; ++row) {
        float* y = call.y + row * call.matrix->columns;
        for (std::int64_t panel = tile.first_panel; panel < tile.last_panel; ++panel, sums += kCodeColumns) {
            const std::int64_t column = panel * kCodeColumns;
            __m512i whole = _mm512_loadu_si512(sums);
            whole = _mm512_sub_epi32(whole, _mm512_loadu_si512(call.run.offset + column));
            if (call.run.zero != nullptr) {
                const __m512i codes = _mm512_set1_epi32(static_cast<std::int32_t>(call.code_sums[row]));
                const __m512i zero = _mm512_loadu_si512(call.run.zero + column);
                whole = _mm512_sub_epi32(whole, _mm512_mullo_epi32(zero, codes));
            }
            const __m512 scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(whole), _mm512_loadu_ps(call.run.scale + column));
            const __m512 values = _mm512_add_ps(scaled, _mm512_loadu_ps(call.run.bias + column));
            _mm512_mask_storeu_ps(y + column, written_columns(*call.matrix, panel), values);
        }
    }
}

/// A tile: `Rows` rows from `row` on by `Panels` panels from `panel` on. All its sums stay in registers until they are
/// whole; finishing them is a function of its own, since GCC would keep the sums in memory otherwise.
template <int Rows, int Panels>
HALFTONE_AVX512_VNNI void vnni_tile(const CodeProductCall& call, const std::uint8_t* rows, std::int64_t row,
                                    std::int64_t panel) {
    const std::int64_t steps = call.matrix->steps;
    const std::int64_t width = steps * kVnniDepth;
    const std::uint8_t* a = rows + row * width;
    const std::int8_t* b = call.matrix->codes.data() + panel * steps * kStepBytes;
    __m512i sums[Rows][Panels];  // NOLINT(modernize-avoid-c-arrays): std::array drops the alignment of __m512i
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 8
        for (int p = 0; p < Panels; ++p) sums[r][p] = _mm512_setzero_si512();
    }
    for (std::int64_t s = 0; s < steps; ++s) {
        __m512i columns[Panels];  // NOLINT(modernize-avoid-c-arrays)
#pragma GCC unroll 8
        for (int p = 0; p < Panels; ++p) columns[p] = _mm512_loadu_si512(b + (p * steps + s) * kStepBytes);
#pragma GCC unroll 8
        for (int r = 0; r < Rows; ++r) {
            std::int32_t four = 0;
            std::memcpy(&four, a + r * width + s * kVnniDepth, sizeof four);
            const __m512i left = _mm512_set1_epi32(four);
#pragma GCC unroll 8
            for (int p = 0; p < Panels; ++p) sums[r][p] = _mm512_dpbusd_epi32(sums[r][p], left, columns[p]);
        }
    }
    alignas(64) std::int32_t whole[Rows * Panels * kCodeColumns];  // NOLINT(modernize-avoid-c-arrays): not initialized
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 8
        for (int p = 0; p < Panels; ++p) _mm512_store_si512(whole + (r * Panels + p) * kCodeColumns, sums[r][p]);
    }
    finish_tile(call, whole, {row, row + Rows, panel, panel + Panels});
}

/// `Rows` rows by all panels of the piece.
template <int Rows, int Panels>
HALFTONE_AVX512_VNNI void vnni_rows(const CodeProductCall& call, const std::uint8_t* rows, std::int64_t row,
                                    const CodePiece& piece) {
    std::int64_t panel = piece.first_panel;
    for (; panel + Panels <= piece.last_panel; panel += Panels) vnni_tile<Rows, Panels>(call, rows, row, panel);
    for (; panel < piece.last_panel; ++panel) vnni_tile<Rows, 1>(call, rows, row, panel);
}

#pragma GCC diagnostic pop

}  // namespace

void multiply_code_panels_vnni(const CodeProductCall& call, const std::uint8_t* rows, const CodePiece& piece) {
    constexpr std::int64_t kMostRows = 8;  // with three panels 24 sums, three columns and one step of a row
    constexpr std::int64_t kPanelsOfTile = 3;
    const std::int64_t whole = piece.first_row + (piece.last_row - piece.first_row) / kMostRows * kMostRows;
    // The panels of a tile stay in the caches near the core while all rows pass by them.
    for (std::int64_t panel = piece.first_panel; panel < piece.last_panel; panel += kPanelsOfTile) {
        const CodePiece few{.first_row = 0,
                            .last_row = 0,
                            .first_panel = panel,
                            .last_panel = std::min(piece.last_panel, panel + kPanelsOfTile)};
        for (std::int64_t row = piece.first_row; row < whole; row += kMostRows) {
            vnni_rows<kMostRows, kPanelsOfTile>(call, rows, row, few);
        }
    }
    // The rest of the rows: fewer rows leave registers free, so more panels are taken at once.
    switch (piece.last_row - whole) {
        case 1:
            return vnni_rows<1, 6>(call, rows, whole, piece);
        case 2:
            return vnni_rows<2, 6>(call, rows, whole, piece);
        case 3:
            return vnni_rows<3, 6>(call, rows, whole, piece);
        case 4:
            return vnni_rows<4, 3>(call, rows, whole, piece);
        case 5:
            return vnni_rows<5, 3>(call, rows, whole, piece);
        case 6:
            return vnni_rows<6, 3>(call, rows, whole, piece);
        case 7:
            return vnni_rows<7, 3>(call, rows, whole, piece);
        default:
            return;
    }
}

#else

void multiply_code_panels_vnni(const CodeProductCall& /*call*/, const std::uint8_t* /*rows*/,
                               const CodePiece& /*piece*/) {
    HALFTONE_CHECK(false, "AVX-512 on another architecture");
}

#endif

}  // namespace halftone::native
