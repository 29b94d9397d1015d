#pragma once
// Products of uint8 codes by a packed int8 matrix, exact for all codes. VNNI's vpdpbusd multiplies four codes by four
// and adds the products in 32 bits. AVX2 has no such instruction: there both are widened to 16 bits, and two
// neighbouring products are added in 32 bits (vpmaddwd). Zero points, scales and bias follow as soon as a tile's sums
// are whole.

#include <cstddef>
#include <cstdint>

#include "base/budgeted_vector.hpp"
#include "kernel/codes/scaled_product.hpp"
#include "tensor/tensor.hpp"

namespace halftone::native {

inline constexpr std::int64_t kCodeColumns = 16;  ///< columns of a panel: one register of sums, or two of AVX2
inline constexpr std::int64_t kAvx2Depth = 2;     ///< rows of the matrix that one instruction multiplies
inline constexpr std::int64_t kVnniDepth = 4;

/// A packed int8 matrix: one panel after the other; in a panel, for every `depth` rows of the matrix, the kCodeColumns
/// columns side by side, each with its codes of those rows. What the matrix does not have is zero.
struct CodePanels {
    std::int64_t inner = 0;    ///< rows of the matrix
    std::int64_t depth = 0;    ///< kAvx2Depth or kVnniDepth
    std::int64_t steps = 0;    ///< inner / depth, rounded up
    std::int64_t columns = 0;  ///< of the matrix
    std::int64_t panels = 0;
    BudgetedVector<std::int8_t> codes{};  ///< [panels, steps, kCodeColumns, depth]
};

/// @param matrix  s8 [inner, columns]
/// @param depth   kVnniDepth for a machine with AVX-512 and VNNI, kAvx2Depth for one with AVX2
[[nodiscard]] CodePanels pack_code_panels(const Tensor& matrix, std::int64_t depth);

/// y[m][n] = run(sum over k of codes[m][k] * matrix[k][n]), by all threads. Sums are exact, or wrap beyond int32 as in
/// MatMulInteger.
struct CodeProductCall {
    const CodePanels* matrix = nullptr;
    const std::uint8_t* codes = nullptr;  ///< [rows, inner]
    std::int64_t rows = 0;
    codes::ScaledProduct::RunValues run{};  ///< arrays with room for whole panels
    std::byte* staged = nullptr;            ///< scratch memory of staged_bytes(), aligned to 2 bytes
    std::uint32_t* code_sums = nullptr;     ///< scratch memory of `rows` elements; not used where run.zero is null
    float* y = nullptr;                     ///< [rows, columns]
};

/// Returns the bytes of `rows` rows in the form that the tiles read: int16 codes for AVX2, uint8 codes whose rows are
/// filled up with zeros for VNNI. 0 if the tiles can read the rows as they are.
[[nodiscard]] std::size_t staged_bytes(const CodePanels& matrix, std::int64_t rows);

/// @pre the machine has the instructions of matrix->depth; not called by several threads of one OpenMP team
void multiply_codes(const CodeProductCall& call);

/// Some rows by some panels, each from `first` to before `last`.
struct CodePiece {
    std::int64_t first_row = 0, last_row = 0;
    std::int64_t first_panel = 0, last_panel = 0;
};
/// Computes a piece by the calling thread. @pre the rows of the piece are staged
void multiply_code_panels_avx2(const CodeProductCall& call, const CodePiece& piece);
/// The same with AVX-512. @param rows  where the uint8 rows are, [rows, 4 * steps]
void multiply_code_panels_vnni(const CodeProductCall& call, const std::uint8_t* rows, const CodePiece& piece);

}  // namespace halftone::native
