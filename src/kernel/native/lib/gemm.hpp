#pragma once
// Products of fp32 matrices by a packed one, for the cells of recurrent networks and other kernels of this folder that
// need a product in the middle of a step.

#include <cstdint>

#include "tensor/tensor.hpp"

namespace halftone::native {

inline constexpr std::int64_t kPanel = 16;  ///< columns of a panel: two registers of AVX2, or one of AVX-512

/// Where a packed matrix [inner, panels * kPanel] lies: one panel after the other, in a panel the kPanel columns of a
/// row side by side. Columns that the matrix does not have are zero.
struct PackedPanels {
    std::int64_t inner = 0;
    std::int64_t panels = 0;
    const float* values = nullptr;  ///< [panels, inner, kPanel]
};

/// A packed matrix with memory of its own.
struct PackedMatrix {
    std::int64_t inner = 0;
    std::int64_t panels = 0;
    Tensor values{};

    [[nodiscard]] std::int64_t columns() const { return panels * kPanel; }
    [[nodiscard]] PackedPanels view() const { return {inner, panels, values.as<float>().data()}; }
};

/// Fills a panel [inner, kPanel] from `columns` (at most kPanel) of b[k * row_step + j * column_step]; the others
/// become zero.
void pack_panel(float* panel, std::int64_t inner, const float* b, std::int64_t row_step, std::int64_t column_step,
                std::int64_t columns);
/// Returns an empty matrix of this size; pack_panel() fills it.
[[nodiscard]] PackedMatrix packed_matrix(std::int64_t inner, std::int64_t panels);
/// Fills a panel of the matrix.
void pack_panel(PackedMatrix& matrix, std::int64_t panel, const float* b, std::int64_t row_step,
                std::int64_t column_step, std::int64_t columns);

/// y[m][n] = start[m * start_step + n] + sum over k of a[m][k] * b[k][n]. Every sum is added up in the order of k by
/// one accumulator, so a result depends neither on the number of rows in a call nor on threads.
struct ProductCall {
    const float* a = nullptr;
    std::int64_t a_step = 0;  ///< from one row to the next
    std::int64_t rows = 0;
    PackedPanels b{};
    const float* start = nullptr;  ///< null: zeros
    std::int64_t start_step = 0;   ///< 0: the same row for all, a bias
    float* y = nullptr;
    std::int64_t y_step = 0;
    std::int64_t columns = 0;  ///< of y that are written; 0: whole panels, for which y has room
};
/// Computes panels from `first` to `last` by the calling thread.
void multiply_panels(const ProductCall& call, std::int64_t first, std::int64_t last);
/// Computes everything by all threads. @pre not called by several threads of one OpenMP team
void multiply_all(const ProductCall& call);

/// "avx512", "avx2" or "loops", for the names of implementations.
[[nodiscard]] const char* product_instructions();

// By instruction set; AVX2 means FMA as well, as it does on all processors and for oneDNN. AVX2 and AVX-512 give the
// same bits.
void multiply_panels_avx512(const ProductCall& call, std::int64_t first, std::int64_t last);
void multiply_panels_avx2(const ProductCall& call, std::int64_t first, std::int64_t last);
void multiply_panels_loops(const ProductCall& call, std::int64_t first, std::int64_t last);

}  // namespace halftone::native
