// Packing of codes by blocks, and the cut of a product into pieces for threads. The inner loops are in
// block_panels_avx2 and block_panels_avx512.
//
//   pack_blocks        codes of 16 columns side by side, unsigned; scales and zero points in the same order
//   multiply_blocks    few rows: codes become weights in registers. Many rows: pieces of some panels become real
//                      values in a buffer of the first-level cache, by which all rows of a group are multiplied
//   unpack_blocks_loops  the same weights without intrinsics
#include "kernel/native/lib/block_panels.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "kernel/ops/machine.hpp"

namespace halftone::native {
namespace {

constexpr std::int64_t kGroup = 128;          ///< rows of `a` by which a buffer is multiplied
constexpr std::int64_t kMostUnpacked = 6144;  ///< values in the buffer: 24 KiB
constexpr std::int64_t kPanelsOfHalves = 1;   ///< panels in the buffer: as many as a tile of AVX2 has
constexpr std::int64_t kPanelsOfPairs = 3;    ///< the same of AVX-512

/// A code as an unsigned number: int4 and int8 move by half of their range.
std::int32_t unsigned_code(const Tensor& codes, std::size_t i) {
    switch (codes.dtype()) {
        case DType::s4:
            return codes.as<std::int8_t>()[i] + 8;
        case DType::s8:
            return codes.as<std::int8_t>()[i] + 128;
        default:
            return codes.as<std::uint8_t>()[i];
    }
}

/// Where the code of column j of a panel stands in its row.
struct CodePlace {
    std::int64_t byte = 0;
    int shift = 0;
};
CodePlace code_place(const BlockPanels& matrix, std::int64_t j) {
    if (matrix.bits == 8) return {j, 0};
    if (matrix.order == CodeOrder::halves) return {j % 8, j >= 8 ? 4 : 0};
    return {j % 2 * 4 + j / 4, j / 2 % 2 == 0 ? 0 : 4};
}

void pack_codes(const Tensor& codes, BlockPanels& packed) {
    packed.codes.assign(static_cast<std::size_t>(packed.panels() * packed.inner * packed.row_bytes()), 0);
    for (std::int64_t k = 0; k < packed.inner; ++k) {
        for (std::int64_t n = 0; n < packed.columns; ++n) {
            const auto code = unsigned_code(codes, static_cast<std::size_t>(k * packed.columns + n));
            const std::int64_t row = (n / kPanel * packed.inner + k) * packed.row_bytes();
            const CodePlace place = code_place(packed, n % kPanel);
            std::uint8_t& pair = packed.codes[static_cast<std::size_t>(row + place.byte)];
            pair = static_cast<std::uint8_t>(pair | (code << place.shift));
        }
    }
}

void pack_params(const Tensor& scale, const Tensor& zero_point, float moved, BlockPanels& packed) {
    const auto size = static_cast<std::size_t>(packed.panels() * packed.blocks() * kPanel);
    packed.scale.assign(size, 0.0F);
    packed.zero.assign(size, 0.0F);
    const float middle = packed.bits == 4 ? 8.0F : 128.0F;
    packed.is_symmetric = true;
    for (std::int64_t b = 0; b < packed.blocks(); ++b) {
        for (std::int64_t n = 0; n < packed.columns; ++n) {
            const auto from = static_cast<std::size_t>(b * packed.columns + n);
            const auto to = static_cast<std::size_t>(packed.place_of(n / kPanel, b) + n % kPanel);
            packed.scale[to] = scale.as<float>()[from];
            packed.zero[to] = zero_point.is_empty() ? moved : static_cast<float>(unsigned_code(zero_point, from));
            packed.is_symmetric =
                packed.is_symmetric && packed.zero[to] == middle && std::isfinite(packed.scale[to] * middle);
        }
    }
    if (!packed.is_symmetric) return;
    for (std::size_t i = 0; i < size; ++i) packed.zero[i] = -packed.zero[i] * packed.scale[i];
}

using Unpack = void (*)(const BlockPanels&, std::int64_t, std::int64_t, std::int64_t, float*);

/// A group of rows by some panels, piece by piece along k; between the pieces the sums wait in `y`.
void multiply_group(const BlockPanels& matrix, std::int64_t panel, std::int64_t panels, Unpack unpack,
                    ProductCall call) {
    alignas(64) std::array<float, kMostUnpacked> weights;  // NOLINT: filled before it is read
    const std::int64_t most = kMostUnpacked / kPanel / panels;
    for (std::int64_t k = 0; k < matrix.inner; k += most) {
        const std::int64_t depth = std::min(most, matrix.inner - k);
        for (std::int64_t p = 0; p < panels; ++p) {
            unpack(matrix, panel + p, k, k + depth, weights.data() + p * depth * kPanel);
        }
        call.b = {depth, panels, weights.data()};
        multiply_panels(call, 0, panels);
        call.a += depth;
        call.start = call.y;
        call.start_step = call.y_step;
    }
}

/// As multiply_group, where the last panel has fewer columns than kPanel: y has no room for the others.
void multiply_narrow_panel(const BlockPanels& matrix, std::int64_t panel, Unpack unpack, ProductCall call) {
    std::array<float, kGroup * kPanel> sums;  // NOLINT: filled before it is read
    float* y = call.y;
    const std::int64_t y_step = call.y_step;
    call.y = sums.data();
    call.y_step = kPanel;
    multiply_group(matrix, panel, 1, unpack, call);
    const std::int64_t columns = matrix.columns - panel * kPanel;
    for (std::int64_t row = 0; row < call.rows; ++row) {
        std::copy_n(sums.data() + row * kPanel, columns, y + row * y_step);
    }
}

void multiply_many_rows(const BlockPanels& matrix, const float* a, std::int64_t rows, float* y, Unpack unpack) {
    const std::int64_t at_once = matrix.order == CodeOrder::pairs ? kPanelsOfPairs : kPanelsOfHalves;
    const std::int64_t panels = matrix.panels();
    const std::int64_t whole = matrix.columns / kPanel;
    const std::int64_t groups = (panels + at_once - 1) / at_once;
    const std::int64_t pieces = (rows + kGroup - 1) / kGroup * groups;
#pragma omp parallel for schedule(static) if (pieces > 1)
    for (std::int64_t p = 0; p < pieces; ++p) {
        const std::int64_t row = p / groups * kGroup;
        const std::int64_t panel = p % groups * at_once;
        const auto call_at = [&](std::int64_t first) {
            return ProductCall{.a = a + row * matrix.inner,
                               .a_step = matrix.inner,
                               .rows = std::min(kGroup, rows - row),
                               .start = matrix.bias.data() + first * kPanel,
                               .y = y + row * matrix.columns + first * kPanel,
                               .y_step = matrix.columns};
        };
        const std::int64_t end = std::min(panel + at_once, panels);
        if (panel < whole) {
            multiply_group(matrix, panel, std::min(end, whole) - panel, unpack, call_at(panel));
        }
        if (end > whole) multiply_narrow_panel(matrix, whole, unpack, call_at(whole));
    }
}

}  // namespace

CodeOrder code_order() { return has_avx512() ? CodeOrder::pairs : CodeOrder::halves; }

BlockPanels pack_blocks(const Tensor& codes, const Tensor& scale, const Tensor& zero_point, const Tensor& bias,
                        std::int64_t block_size, CodeOrder order) {
    BlockPanels packed{.inner = codes.shape()[0],
                       .columns = codes.shape()[1],
                       .block_size = block_size,
                       .bits = is_four_bit(codes.dtype()) ? 4 : 8,
                       .order = order};
    pack_codes(codes, packed);
    const float moved = codes.dtype() == DType::s4 ? 8.0F : codes.dtype() == DType::s8 ? 128.0F : 0.0F;
    pack_params(scale, zero_point, moved, packed);
    packed.bias.assign(static_cast<std::size_t>(packed.panels() * kPanel), 0.0F);
    if (!bias.is_empty()) std::copy_n(bias.as<float>().begin(), packed.columns, packed.bias.begin());
    return packed;
}

void multiply_blocks(const BlockPanels& matrix, const float* a, std::int64_t rows, float* y) {
#ifdef __x86_64__
    const bool is_wide = matrix.order == CodeOrder::pairs;
    static const bool has_half = has_avx2();  // asked once: the question goes to oneDNN
    if ((is_wide || has_half) && rows <= kFewRows) {
        constexpr std::int64_t kPanelsOfPiece = 4;
        const std::int64_t pieces = (matrix.panels() + kPanelsOfPiece - 1) / kPanelsOfPiece;
        const auto multiply_few_rows = is_wide ? multiply_few_rows_avx512 : multiply_few_rows_avx2;
#pragma omp parallel for schedule(static) if (pieces > 1)
        for (std::int64_t p = 0; p < pieces; ++p) {
            const std::int64_t first = p * kPanelsOfPiece;
            multiply_few_rows(matrix, a, rows, y, first, std::min(first + kPanelsOfPiece, matrix.panels()));
        }
        return;
    }
    if (is_wide) return multiply_many_rows(matrix, a, rows, y, unpack_blocks_avx512);
    if (has_half) return multiply_many_rows(matrix, a, rows, y, unpack_blocks_avx2);
#endif
    multiply_many_rows(matrix, a, rows, y, unpack_blocks_loops);
}

void unpack_blocks_loops(const BlockPanels& matrix, std::int64_t panel, std::int64_t first, std::int64_t last,
                         float* to) {
    for (std::int64_t k = first; k < last; ++k, to += kPanel) {
        const std::uint8_t* row = matrix.codes_of(panel, k);
        const std::int64_t place = matrix.place_of(panel, k / matrix.block_size);
        for (std::int64_t j = 0; j < kPanel; ++j) {
            const CodePlace at = code_place(matrix, j);
            const int code = (row[at.byte] >> at.shift) & (matrix.bits == 8 ? 255 : 15);
            const auto scale = matrix.scale[static_cast<std::size_t>(place + j)];
            const auto zero = matrix.zero[static_cast<std::size_t>(place + j)];
            const float middle = matrix.bits == 8 ? 128.0F : 8.0F;
            to[j] = (static_cast<float>(code) - (matrix.is_symmetric ? middle : zero)) * scale;
        }
    }
}

}  // namespace halftone::native
