// Products by codes in blocks with inputs and weights rounded to bf16, by AVX-512 BF16. vdpbf16ps multiplies two bf16
// numbers by two in each of 16 columns and adds both products to a float, which is twice the work of a fused addition.
//
//   round_rows      fp32 rows to bf16, filled up to an even length with zeros
//   pair_weights    fp32 weights of two rows of a panel to bf16, side by side for each column
//   bf16_tile       sums of some rows by some panels, in registers
//   multiply_piece_bf16  a piece of the matrix becomes bf16 in a buffer; all rows of a group are multiplied by it
//   bf16_few_rows   sums of a few rows by some panels; weights become bf16 in registers
#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>

#include "base/check.hpp"
#include "kernel/codes/parallel.hpp"
#include "kernel/native/lib/block_panels_wide.hpp"

namespace halftone::native {

#ifdef __x86_64__

namespace {

// GCC 12 takes the undefined operand of its own unmasked intrinsics for an uninitialized variable.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

constexpr std::int64_t kBf16Rows = 128;
constexpr std::int64_t kBf16Panels = 3;
constexpr std::int64_t kBf16FewPanels = 8;  ///< two tiles of four
constexpr std::int64_t kBf16Depth = 256;    ///< rows of a panel that become bf16 at once; even

/// A group of rows by some panels, for rows of the matrix from `first` on.
struct Bf16Piece {
    const BlockPanels* matrix = nullptr;
    const std::uint16_t* a = nullptr;  ///< the group's first row, at column `first`
    std::int64_t a_step = 0;
    std::int64_t rows = 0;
    std::int64_t panel = 0;
    std::int64_t pairs = 0;                  ///< half of the matrix's rows in this piece, rounded up
    const std::uint32_t* weights = nullptr;  ///< [panels, pairs, kPanel]
    float* y = nullptr;                      ///< the group's first row
    bool is_first = false, is_last = false;  ///< of the pieces along k: sums begin with the bias; results are rounded
};

HALFTONE_AVX512_BF16 void round_row(const float* from, std::int64_t count, std::int64_t padded, std::uint16_t* to) {
    for (std::int64_t k = 0; k < padded; k += kPanel) {
        const auto read = static_cast<__mmask16>((1U << std::clamp<std::int64_t>(count - k, 0, kPanel)) - 1U);
        const auto written = static_cast<__mmask16>((1U << std::min(padded - k, kPanel)) - 1U);
        const __m256bh rounded = _mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(read, from + k));
        __m256i bits;
        std::memcpy(&bits, &rounded, sizeof bits);
        _mm256_mask_storeu_epi16(to + k, written, bits);
    }
}

/// Rounding puts the lower row's 16 numbers in front of the upper row's; this takes one from each in turn.
HALFTONE_AVX512_BF16 HALFTONE_INLINE __m512i in_turn() {
    return _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20, 4,
                            19, 3, 18, 2, 17, 1, 16, 0);
}

/// Two rows of a panel as pairs of bf16.
HALFTONE_AVX512_BF16 HALFTONE_INLINE __m512i pairs_of(__m512 lower, __m512 upper, __m512i order) {
    const __m512bh rounded = _mm512_cvtne2ps_pbh(upper, lower);
    __m512i bits;
    std::memcpy(&bits, &rounded, sizeof bits);
    return _mm512_permutexvar_epi16(order, bits);
}

/// @param weights  [depth, kPanel]; an odd last row has a row of zeros beside it
HALFTONE_AVX512_BF16 void pair_weights(const float* weights, std::int64_t depth, std::uint32_t* to) {
    const __m512i order = in_turn();
    for (std::int64_t k = 0; k < depth; k += 2, to += kPanel) {
        const __m512 lower = _mm512_loadu_ps(weights + k * kPanel);
        const __m512 upper = k + 1 < depth ? _mm512_loadu_ps(weights + (k + 1) * kPanel) : _mm512_setzero_ps();
        _mm512_storeu_si512(to, pairs_of(lower, upper, order));
    }
}

HALFTONE_AVX512_BF16 HALFTONE_INLINE __m512 round_to_bf16(__m512 values) {
    const __m256bh half = _mm512_cvtneps_pbh(values);
    __m256i bits;
    std::memcpy(&bits, &half, sizeof bits);
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}

HALFTONE_AVX512_BF16 HALFTONE_INLINE __m512bh as_bf16(__m512i bits) {
    __m512bh numbers;
    std::memcpy(&numbers, &bits, sizeof numbers);
    return numbers;
}

/// Columns that a panel has in the matrix, as bits.
HALFTONE_INLINE std::uint16_t panel_columns(const BlockPanels& matrix, std::int64_t panel) {
    return static_cast<std::uint16_t>((1U << std::min(kPanel, matrix.columns - panel * kPanel)) - 1U);
}

template <int Rows, int Panels>
HALFTONE_AVX512_BF16 void bf16_tile(const Bf16Piece& piece, std::int64_t row, std::int64_t first) {
    const std::uint16_t* a = piece.a + row * piece.a_step;
    const std::uint32_t* b = piece.weights + first * piece.pairs * kPanel;
    float* y = piece.y + row * piece.matrix->columns;
    __m512 sums[Rows][Panels];  // NOLINT(modernize-avoid-c-arrays): std::array drops the alignment of __m512
#pragma GCC unroll 8
    for (int p = 0; p < Panels; ++p) {
        const std::int64_t panel = piece.panel + first + p;
        const std::uint16_t columns = panel_columns(*piece.matrix, panel);
#pragma GCC unroll 8
        for (int r = 0; r < Rows; ++r) {
            sums[r][p] = piece.is_first
                             ? _mm512_loadu_ps(piece.matrix->bias.data() + panel * kPanel)
                             : _mm512_maskz_loadu_ps(columns, y + r * piece.matrix->columns + panel * kPanel);
        }
    }
    for (std::int64_t k = 0; k < piece.pairs; ++k) {
        __m512i columns[Panels];  // NOLINT(modernize-avoid-c-arrays)
#pragma GCC unroll 8
        for (int p = 0; p < Panels; ++p) columns[p] = _mm512_loadu_si512(b + (p * piece.pairs + k) * kPanel);
#pragma GCC unroll 8
        for (int r = 0; r < Rows; ++r) {
            std::int32_t pair = 0;
            std::memcpy(&pair, a + r * piece.a_step + 2 * k, sizeof pair);
            const __m512bh left = as_bf16(_mm512_set1_epi32(pair));
#pragma GCC unroll 8
            for (int p = 0; p < Panels; ++p) {
                sums[r][p] = _mm512_dpbf16_ps(sums[r][p], left, as_bf16(columns[p]));
            }
        }
    }
#pragma GCC unroll 8
    for (int p = 0; p < Panels; ++p) {
        const std::int64_t panel = piece.panel + first + p;
        const std::uint16_t columns = panel_columns(*piece.matrix, panel);
#pragma GCC unroll 8
        for (int r = 0; r < Rows; ++r) {
            _mm512_mask_storeu_ps(y + r * piece.matrix->columns + panel * kPanel, columns,
                                  piece.is_last ? round_to_bf16(sums[r][p]) : sums[r][p]);
        }
    }
}

/// A few rows by some panels, by the sums of bf16_tile in the same order. @pre blocks are of an even size, so that the
/// two rows of a pair share their scales
template <int Bits, bool IsSymmetric, int Rows, int Panels>
HALFTONE_AVX512_BF16 void bf16_few_rows(const Bf16Piece& piece, std::int64_t panel) {
    const BlockPanels& matrix = *piece.matrix;
    const Lookup table = lookup();
    const __m512i order = in_turn();
    __m512 sums[Rows][Panels];  // NOLINT(modernize-avoid-c-arrays): std::array drops the alignment of __m512
#pragma GCC unroll 4
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
        for (int p = 0; p < Panels; ++p) sums[r][p] = _mm512_loadu_ps(matrix.bias.data() + (panel + p) * kPanel);
    }
    constexpr std::int64_t kRowBytes = kPanel * Bits / 8;
    const std::int64_t panel_bytes = matrix.inner * kRowBytes;
    const std::uint8_t* codes = matrix.codes_of(panel, 0);
    for (std::int64_t block = 0; block < matrix.blocks(); ++block) {
        BlockParams params[Panels];  // NOLINT(modernize-avoid-c-arrays)
#pragma GCC unroll 4
        for (int p = 0; p < Panels; ++p) params[p] = load_params<IsSymmetric>(matrix, panel + p, block);
        const std::int64_t end = std::min(matrix.inner, (block + 1) * matrix.block_size);
        for (std::int64_t k = block * matrix.block_size; k < end; k += 2, codes += 2 * kRowBytes) {
#pragma GCC unroll 4
            for (int p = 0; p < Panels; ++p) {
                const std::uint8_t* row = codes + p * panel_bytes;
                const __m512 lower = wide_weights<Bits, IsSymmetric>(table, row, params[p]);
                const __m512 upper = k + 1 < end ? wide_weights<Bits, IsSymmetric>(table, row + kRowBytes, params[p])
                                                 : _mm512_setzero_ps();
                const __m512i weights = pairs_of(lower, upper, order);
#pragma GCC unroll 4
                for (int r = 0; r < Rows; ++r) {
                    std::int32_t pair = 0;
                    std::memcpy(&pair, piece.a + r * piece.a_step + k, sizeof pair);
                    sums[r][p] = _mm512_dpbf16_ps(sums[r][p], as_bf16(_mm512_set1_epi32(pair)), as_bf16(weights));
                }
            }
        }
    }
#pragma GCC unroll 4
    for (int p = 0; p < Panels; ++p) {
        float* y = piece.y + (panel + p) * kPanel;
#pragma GCC unroll 4
        for (int r = 0; r < Rows; ++r) {
            _mm512_mask_storeu_ps(y + r * matrix.columns, panel_columns(matrix, panel + p), round_to_bf16(sums[r][p]));
        }
    }
}

#pragma GCC diagnostic pop

template <int Bits, bool IsSymmetric>
void bf16_by_rows(const Bf16Piece& piece, std::int64_t panels) {
    constexpr std::int64_t kAtOnce = 4;
    std::int64_t panel = piece.panel;
    const std::int64_t end = piece.panel + panels;
    const auto multiply = [&](auto rows) {
        for (; panel + kAtOnce <= end; panel += kAtOnce) bf16_few_rows<Bits, IsSymmetric, rows, 4>(piece, panel);
        for (; panel < end; ++panel) bf16_few_rows<Bits, IsSymmetric, rows, 1>(piece, panel);
    };
    switch (piece.rows) {
        case 1:
            return multiply(std::integral_constant<int, 1>());
        case 2:
            return multiply(std::integral_constant<int, 2>());
        case 3:
            return multiply(std::integral_constant<int, 3>());
        default:
            return multiply(std::integral_constant<int, 4>());
    }
}

void multiply_few_bf16(const Bf16Piece& piece, std::int64_t panels) {
    const BlockPanels& matrix = *piece.matrix;
    if (matrix.bits == 4)
        return matrix.is_symmetric ? bf16_by_rows<4, true>(piece, panels) : bf16_by_rows<4, false>(piece, panels);
    return matrix.is_symmetric ? bf16_by_rows<8, true>(piece, panels) : bf16_by_rows<8, false>(piece, panels);
}

template <int Rows>
void bf16_rows(const Bf16Piece& piece, std::int64_t row, std::int64_t panels) {
    std::int64_t panel = 0;
    for (; panel + kBf16Panels <= panels; panel += kBf16Panels) bf16_tile<Rows, kBf16Panels>(piece, row, panel);
    for (; panel < panels; ++panel) bf16_tile<Rows, 1>(piece, row, panel);
}

void multiply_piece_bf16(Bf16Piece piece, std::int64_t panels) {
    constexpr std::int64_t kMostRows = 8;
    std::int64_t row = 0;
    for (; row + kMostRows <= piece.rows; row += kMostRows) bf16_rows<kMostRows>(piece, row, panels);
    for (; row + 4 <= piece.rows; row += 4) bf16_rows<4>(piece, row, panels);
    for (; row < piece.rows; ++row) bf16_rows<1>(piece, row, panels);
}

/// A group of rows by some panels, piece by piece along k.
void multiply_group_bf16(Bf16Piece piece, std::int64_t panels) {
    const BlockPanels& matrix = *piece.matrix;
    alignas(64) std::array<float, kBf16Depth * kPanel> unpacked;                         // NOLINT: filled first
    alignas(64) std::array<std::uint32_t, kBf16Panels * kBf16Depth / 2 * kPanel> pairs;  // NOLINT: filled first
    piece.weights = pairs.data();
    for (std::int64_t k = 0; k < matrix.inner; k += kBf16Depth) {
        const std::int64_t depth = std::min(kBf16Depth, matrix.inner - k);
        piece.pairs = (depth + 1) / 2;
        for (std::int64_t p = 0; p < panels; ++p) {
            unpack_blocks_avx512(matrix, piece.panel + p, k, k + depth, unpacked.data());
            pair_weights(unpacked.data(), depth, pairs.data() + p * piece.pairs * kPanel);
        }
        piece.is_first = k == 0;
        piece.is_last = k + depth == matrix.inner;
        multiply_piece_bf16(piece, panels);
        piece.a += depth;
    }
}

}  // namespace

void multiply_blocks_bf16(const BlockPanels& matrix, const float* a, std::int64_t rows, float* y, std::byte* scratch) {
    const std::int64_t width = (matrix.inner + 1) / 2 * 2;
    auto* halves = reinterpret_cast<std::uint16_t*>(scratch);
    codes::in_rows(static_cast<std::size_t>(rows), static_cast<std::size_t>(width),
                   [&](std::size_t first, std::size_t last) {
                       for (auto row = static_cast<std::int64_t>(first); row < static_cast<std::int64_t>(last); ++row) {
                           round_row(a + row * matrix.inner, matrix.inner, width, halves + row * width);
                       }
                   });
    const bool is_few = rows <= kFewRows && matrix.block_size % 2 == 0;
    const std::int64_t panels = is_few ? kBf16FewPanels : kBf16Panels;
    const std::int64_t groups = (matrix.panels() + panels - 1) / panels;
    const std::int64_t pieces = (rows + kBf16Rows - 1) / kBf16Rows * groups;
#pragma omp parallel for schedule(static) if (pieces > 1)
    for (std::int64_t i = 0; i < pieces; ++i) {
        const std::int64_t row = i / groups * kBf16Rows;
        const Bf16Piece piece{.matrix = &matrix,
                              .a = halves + row * width,
                              .a_step = width,
                              .rows = std::min(kBf16Rows, rows - row),
                              .panel = i % groups * panels,
                              .y = y + row * matrix.columns};
        const std::int64_t count = std::min(panels, matrix.panels() - piece.panel);
        is_few ? multiply_few_bf16(piece, count) : multiply_group_bf16(piece, count);
    }
}

#else

void multiply_blocks_bf16(const BlockPanels& /*matrix*/, const float* /*a*/, std::int64_t /*rows*/, float* /*y*/,
                          std::byte* /*scratch*/) {
    HALFTONE_CHECK(false, "AVX-512 on another architecture");
}

#endif

std::size_t bf16_scratch_bytes(const BlockPanels& matrix, std::int64_t rows) {
    return static_cast<std::size_t>(rows * ((matrix.inner + 1) / 2 * 2)) * sizeof(std::uint16_t);
}

}  // namespace halftone::native
