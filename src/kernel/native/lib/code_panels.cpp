// How a product of codes is cut into pieces for caches and threads. code_panels_avx2.cpp and code_panels_vnni.cpp have
// the loops.
#include "kernel/native/lib/code_panels.hpp"

#include <algorithm>
#include <numeric>

#include "kernel/codes/parallel.hpp"

namespace halftone::native {
namespace {

// A piece is a block of rows by a group of panels. The rows of a block stay in the second-level cache (126 widened rows
// of 768 codes are 190 KiB) while the panels, which stay in the first level, pass by.
struct PieceSize {
    std::int64_t rows = 0;
    std::int64_t panels = 0;
};
// 126 is a multiple of the 6 rows of a tile, and 4 panels are what a tile of a single row takes at once.
constexpr PieceSize kAvx2Piece{126, 4};
// 128 is a multiple of the 8 rows of a tile, and 6 panels are two tiles of three.
constexpr PieceSize kVnniPiece{128, 6};

bool is_vnni(const CodePanels& matrix) { return matrix.depth == kVnniDepth; }

/// One row in the form that the tiles read.
template <class Code>
void stage_row(const CodePanels& matrix, const std::uint8_t* from, std::byte* staged, std::size_t row) {
    const auto width = static_cast<std::size_t>(matrix.steps * matrix.depth);
    Code* to = reinterpret_cast<Code*>(staged) + row * width;
    std::copy_n(from, matrix.inner, to);
    std::fill(to + matrix.inner, to + width, Code{0});
}

void prepare_rows(const CodeProductCall& call) {
    const CodePanels& matrix = *call.matrix;
    const bool is_staged = staged_bytes(matrix, call.rows) > 0;
    if (!is_staged && call.run.zero == nullptr) return;
    const auto inner = static_cast<std::size_t>(matrix.inner);
    codes::in_rows(static_cast<std::size_t>(call.rows), inner, [&](std::size_t first, std::size_t last) {
        for (std::size_t row = first; row < last; ++row) {
            const std::uint8_t* from = call.codes + row * inner;
            if (is_staged && is_vnni(matrix)) stage_row<std::uint8_t>(matrix, from, call.staged, row);
            if (!is_vnni(matrix)) stage_row<std::int16_t>(matrix, from, call.staged, row);
            if (call.run.zero != nullptr) call.code_sums[row] = std::accumulate(from, from + inner, 0U);
        }
    });
}

}  // namespace

CodePanels pack_code_panels(const Tensor& matrix, std::int64_t depth) {
    CodePanels packed{.inner = matrix.shape()[0], .depth = depth, .columns = matrix.shape()[1]};
    packed.steps = (packed.inner + depth - 1) / depth;
    packed.panels = (packed.columns + kCodeColumns - 1) / kCodeColumns;
    packed.codes.assign(static_cast<std::size_t>(packed.panels * packed.steps * kCodeColumns * depth), 0);
    const std::int8_t* from = matrix.as<std::int8_t>().data();
    for (std::int64_t k = 0; k < packed.inner; ++k) {
        for (std::int64_t n = 0; n < packed.columns; ++n) {
            const std::int64_t step = n / kCodeColumns * packed.steps + k / depth;
            const std::int64_t at = (step * kCodeColumns + n % kCodeColumns) * depth + k % depth;
            packed.codes[static_cast<std::size_t>(at)] = from[k * packed.columns + n];
        }
    }
    return packed;
}

std::size_t staged_bytes(const CodePanels& matrix, std::int64_t rows) {
    const std::int64_t width = matrix.steps * matrix.depth;
    if (!is_vnni(matrix)) return static_cast<std::size_t>(rows * width) * sizeof(std::int16_t);
    return width == matrix.inner ? 0 : static_cast<std::size_t>(rows * width);
}

void multiply_codes(const CodeProductCall& call) {
    const CodePanels& matrix = *call.matrix;
    prepare_rows(call);
    const PieceSize size = is_vnni(matrix) ? kVnniPiece : kAvx2Piece;
    const bool is_staged = staged_bytes(matrix, call.rows) > 0;
    const auto* vnni_rows = is_staged ? reinterpret_cast<const std::uint8_t*>(call.staged) : call.codes;
    const std::int64_t blocks = (call.rows + size.rows - 1) / size.rows;
    const std::int64_t groups = (matrix.panels + size.panels - 1) / size.panels;
#pragma omp parallel for schedule(static) if (blocks * groups > 1)
    for (std::int64_t i = 0; i < blocks * groups; ++i) {
        const std::int64_t row = i / groups * size.rows;
        const std::int64_t panel = i % groups * size.panels;
        const CodePiece piece{.first_row = row,
                              .last_row = std::min(call.rows, row + size.rows),
                              .first_panel = panel,
                              .last_panel = std::min(matrix.panels, panel + size.panels)};
        if (is_vnni(matrix))
            multiply_code_panels_vnni(call, vnni_rows, piece);
        else
            multiply_code_panels_avx2(call, piece);
    }
}

}  // namespace halftone::native
