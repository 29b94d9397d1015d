#pragma once
// Products of uint8 codes by a packed int8 matrix, exact for all codes: both are widened to 16 bits, and two
// neighbouring products are added in 32 bits (vpmaddwd of AVX2). Zero points, scales and bias follow while a sum is in
// its register.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernel/codes/scaled_product.hpp"
#include "tensor/tensor.hpp"

namespace halftone::native {

inline constexpr std::int64_t kCodeColumns = 16;  ///< columns of a panel: two registers of sums

/// A packed int8 matrix: one panel after the other; in a panel, for every two rows of the matrix, the kCodeColumns
/// columns side by side, each as the pair of its codes in the two rows. What the matrix does not have is zero.
struct CodePanels {
    std::int64_t inner = 0;    ///< rows of the matrix
    std::int64_t pairs = 0;    ///< half of them, rounded up
    std::int64_t columns = 0;  ///< of the matrix
    std::int64_t panels = 0;
    std::vector<std::int8_t> codes{};  ///< [panels, pairs, kCodeColumns, 2]
};

/// @param matrix  s8 [inner, columns]
[[nodiscard]] CodePanels pack_code_panels(const Tensor& matrix);

/// y[m][n] = run(sum over k of codes[m][k] * matrix[k][n]), by all threads. Sums are exact, or wrap beyond int32 as in
/// MatMulInteger.
struct CodeProductCall {
    const CodePanels* matrix = nullptr;
    const std::uint8_t* codes = nullptr;  ///< [rows, inner]
    std::int64_t rows = 0;
    codes::ScaledProduct::RunValues run{};  ///< arrays with room for whole panels
    std::int16_t* widened = nullptr;        ///< scratch memory of widened_elements()
    std::uint32_t* code_sums = nullptr;     ///< scratch memory of `rows` elements; not used where run.zero is null
    float* y = nullptr;                     ///< [rows, columns]
};

/// Returns the int16 elements that `rows` widened rows take.
[[nodiscard]] std::size_t widened_elements(const CodePanels& matrix, std::int64_t rows);

/// @pre the machine has AVX2; not called by several threads of one OpenMP team
void multiply_codes(const CodeProductCall& call);

/// Some rows by some panels, each from `first` to before `last`.
struct CodePiece {
    std::int64_t first_row = 0, last_row = 0;
    std::int64_t first_panel = 0, last_panel = 0;
};
/// Computes a piece by the calling thread. @pre the rows of the piece are widened
void multiply_code_panels_avx2(const CodeProductCall& call, const CodePiece& piece);

}  // namespace halftone::native
