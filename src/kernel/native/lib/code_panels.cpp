// How a product of codes is cut into pieces for caches and threads; code_panels_avx2.cpp has the loops.
#include "kernel/native/lib/code_panels.hpp"

#include <algorithm>
#include <numeric>

#include "kernel/codes/parallel.hpp"

namespace halftone::native {
namespace {

// A piece is a block of rows by a group of panels. The widened rows of a block stay in the second-level cache (126 rows
// of 768 codes are 190 KiB) while the panels, which stay in the first level, pass by. 126 is a multiple of the 6 rows
// of a tile, and 4 panels are what a tile of a single row takes at once.
constexpr std::int64_t kBlockRows = 126;
constexpr std::int64_t kGroupPanels = 4;

}  // namespace

CodePanels pack_code_panels(const Tensor& matrix) {
    CodePanels packed;
    packed.inner = matrix.shape()[0];
    packed.columns = matrix.shape()[1];
    packed.pairs = (packed.inner + 1) / 2;
    packed.panels = (packed.columns + kCodeColumns - 1) / kCodeColumns;
    packed.codes.assign(static_cast<std::size_t>(packed.panels * packed.pairs * kCodeColumns * 2), 0);
    const std::int8_t* from = matrix.as<std::int8_t>().data();
    for (std::int64_t k = 0; k < packed.inner; ++k) {
        for (std::int64_t n = 0; n < packed.columns; ++n) {
            const std::int64_t pair = n / kCodeColumns * packed.pairs + k / 2;
            const std::int64_t at = (pair * kCodeColumns + n % kCodeColumns) * 2 + k % 2;
            packed.codes[static_cast<std::size_t>(at)] = from[k * packed.columns + n];
        }
    }
    return packed;
}

std::size_t widened_elements(const CodePanels& matrix, std::int64_t rows) {
    return static_cast<std::size_t>(rows * 2 * matrix.pairs);
}

void multiply_codes(const CodeProductCall& call) {
    const CodePanels& matrix = *call.matrix;
    const std::int64_t width = 2 * matrix.pairs;
    codes::in_rows(static_cast<std::size_t>(call.rows), static_cast<std::size_t>(width),
                   [&](std::size_t first, std::size_t last) {
                       for (std::size_t row = first; row < last; ++row) {
                           const std::uint8_t* from = call.codes + row * static_cast<std::size_t>(matrix.inner);
                           std::int16_t* to = call.widened + row * static_cast<std::size_t>(width);
                           std::copy_n(from, matrix.inner, to);
                           if (matrix.inner < width) to[matrix.inner] = 0;
                           if (call.run.zero != nullptr)
                               call.code_sums[row] = std::accumulate(from, from + matrix.inner, 0U);
                       }
                   });
    const std::int64_t blocks = (call.rows + kBlockRows - 1) / kBlockRows;
    const std::int64_t groups = (matrix.panels + kGroupPanels - 1) / kGroupPanels;
#pragma omp parallel for schedule(static) if (blocks * groups > 1)
    for (std::int64_t i = 0; i < blocks * groups; ++i) {
        const std::int64_t row = i / groups * kBlockRows;
        const std::int64_t panel = i % groups * kGroupPanels;
        multiply_code_panels_avx2(call, {.first_row = row,
                                         .last_row = std::min(call.rows, row + kBlockRows),
                                         .first_panel = panel,
                                         .last_panel = std::min(matrix.panels, panel + kGroupPanels)});
    }
}

}  // namespace halftone::native
