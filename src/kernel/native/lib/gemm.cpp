// Packing, and the cut of a product into pieces for threads. The tiles are in gemm_avx2 and gemm_avx512.
//
//   pack_panel            16 columns of a matrix side by side, so that a tile reads memory from the front to the back
//   multiply_all          pieces of rows x panels; each is computed by one thread as if it were alone
//   multiply_panels_loops   the same sums without intrinsics
#include "kernel/native/lib/gemm.hpp"

#include <algorithm>
#include <cstring>

#include "kernel/ops/machine.hpp"

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace halftone::native {

#ifdef __x86_64__
namespace {

/// Squares of 4 x 4 elements are turned in registers of SSE, which every x86-64 has. Returns how many rows are done.
std::int64_t turn_into_panel(float* panel, std::int64_t inner, const float* b, std::int64_t column_step) {
    constexpr std::int64_t kSide = 4;
    const std::int64_t whole = inner / kSide * kSide;
    for (std::int64_t k = 0; k < whole; k += kSide) {
        for (std::int64_t j = 0; j < kPanel; j += kSide) {
            const float* from = b + j * column_step + k;
            __m128 first = _mm_loadu_ps(from);
            __m128 second = _mm_loadu_ps(from + column_step);
            __m128 third = _mm_loadu_ps(from + 2 * column_step);
            __m128 fourth = _mm_loadu_ps(from + 3 * column_step);
            _MM_TRANSPOSE4_PS(first, second, third, fourth);
            float* to = panel + k * kPanel + j;
            _mm_storeu_ps(to, first);
            _mm_storeu_ps(to + kPanel, second);
            _mm_storeu_ps(to + 2 * kPanel, third);
            _mm_storeu_ps(to + 3 * kPanel, fourth);
        }
    }
    return whole;
}

}  // namespace
#endif

PackedMatrix packed_matrix(std::int64_t inner, std::int64_t panels) {
    return {.inner = inner, .panels = panels, .values = Tensor({DType::f32, Shape{panels, inner, kPanel}})};
}

void pack_panel(float* panel, std::int64_t inner, const float* b, std::int64_t row_step, std::int64_t column_step,
                std::int64_t columns) {
    // A whole panel of a row-major matrix: its columns lie together already.
    if (columns == kPanel && column_step == 1) {
        for (std::int64_t k = 0; k < inner; ++k)
            std::memcpy(panel + k * kPanel, b + k * row_step, kPanel * sizeof(float));
        return;
    }
    std::int64_t k = 0;
#ifdef __x86_64__
    // A whole panel of a turned matrix: the elements of a column lie together.
    if (columns == kPanel && row_step == 1) k = turn_into_panel(panel, inner, b, column_step);
#endif
    for (; k < inner; ++k) {
        float* to = panel + k * kPanel;
        for (std::int64_t j = 0; j < columns; ++j) to[j] = b[k * row_step + j * column_step];
        std::fill(to + columns, to + kPanel, 0.0F);
    }
}

void pack_panel(PackedMatrix& matrix, std::int64_t panel, const float* b, std::int64_t row_step,
                std::int64_t column_step, std::int64_t columns) {
    float* to = matrix.values.mutable_view().as<float>().data() + panel * matrix.inner * kPanel;
    pack_panel(to, matrix.inner, b, row_step, column_step, columns);
}

void multiply_panels(const ProductCall& call, std::int64_t first, std::int64_t last) {
#ifdef __x86_64__
    // Asked once: the question goes to oneDNN and takes as long as a small product.
    static const bool has_wide = has_avx512(), has_half = has_avx2();
    if (has_wide) return multiply_panels_avx512(call, first, last);
    if (has_half) return multiply_panels_avx2(call, first, last);
#endif
    multiply_panels_loops(call, first, last);
}

void multiply_all(const ProductCall& call) {
    // A piece is some rows by some panels: enough work to be worth a thread, and few enough rows that they stay in the
    // second-level cache while the panels pass by.
    constexpr std::int64_t kRowsOfPiece = 96;
    constexpr std::int64_t kPanelsOfPiece = 8;
    const std::int64_t row_pieces = (call.rows + kRowsOfPiece - 1) / kRowsOfPiece;
    const std::int64_t panel_pieces = (call.b.panels + kPanelsOfPiece - 1) / kPanelsOfPiece;
    const std::int64_t pieces = row_pieces * panel_pieces;
#pragma omp parallel for schedule(static) if (pieces > 1)
    for (std::int64_t p = 0; p < pieces; ++p) {
        const std::int64_t row = p / panel_pieces * kRowsOfPiece;
        const std::int64_t panel = p % panel_pieces * kPanelsOfPiece;
        ProductCall piece = call;
        piece.a += row * call.a_step;
        piece.rows = std::min(kRowsOfPiece, call.rows - row);
        if (piece.start != nullptr) piece.start += row * call.start_step;
        piece.y += row * call.y_step;
        multiply_panels(piece, panel, std::min(panel + kPanelsOfPiece, call.b.panels));
    }
}

const char* product_instructions() { return has_avx512() ? "avx512" : has_avx2() ? "avx2" : "loops"; }

// For machines without AVX2. The inner loop has a fixed length, so that it vectorises by any instruction set.
void multiply_panels_loops(const ProductCall& call, std::int64_t first, std::int64_t last) {
    for (std::int64_t panel = first; panel < last; ++panel) {
        const float* b = call.b.values + panel * call.b.inner * kPanel;
        for (std::int64_t row = 0; row < call.rows; ++row) {
            float* y = call.y + row * call.y_step + panel * kPanel;
            float sums[kPanel] = {};  // NOLINT(modernize-avoid-c-arrays): std::array would need casts at each index
            if (call.start != nullptr) {
                std::copy_n(call.start + row * call.start_step + panel * kPanel, kPanel, sums);
            }
            for (std::int64_t k = 0; k < call.b.inner; ++k) {
                const float a = call.a[row * call.a_step + k];
                for (std::int64_t j = 0; j < kPanel; ++j) sums[j] += a * b[k * kPanel + j];
            }
            const std::int64_t left = call.columns == 0 ? kPanel : call.columns - panel * kPanel;
            std::copy(sums, sums + std::min(kPanel, left), y);
        }
    }
}

}  // namespace halftone::native
