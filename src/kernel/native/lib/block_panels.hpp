#pragma once
// Products of fp32 rows by a matrix whose weights are codes by blocks. The codes stay packed in memory, which is what
// one row waits for; they become real values in registers, or, for many rows, in a small buffer.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/budgeted_vector.hpp"
#include "kernel/native/lib/gemm.hpp"

namespace halftone::native {

/// How a panel's row of 16 4-bit codes lies in its 8 bytes. Each instruction set has an order that it unpacks fast.
enum class CodeOrder : std::uint8_t {
    halves,  ///< for AVX2: column j in the low half of byte j, column j + 8 in the high half
    pairs    ///< for AVX-512: the bytes are two words of 32 bits; column j is at bit j / 2 * 4 of word j % 2
};

/// The matrix [inner, columns] in panels of kPanel columns (lib/gemm). Codes are unsigned here: signed ones were moved
/// by 8 or 128, and so were their zero points. Columns that the matrix does not have are zero.
struct BlockPanels {
    std::int64_t inner = 0;
    std::int64_t columns = 0;
    std::int64_t block_size = 0;
    int bits = 4;                         ///< 4 or 8
    CodeOrder order = CodeOrder::halves;  ///< of codes of 4 bits
    /// Whether all zero points are the middle code and no scale is huge. Then code * scale - middle * scale is exact
    /// before its one rounding, and a fused multiplication and addition gives the weight.
    bool is_symmetric = false;
    /// [panels, inner, bytes of a row]. A row of 4-bit codes is 8 bytes, one of 8-bit codes is 16 bytes.
    BudgetedVector<std::uint8_t> codes{};
    BudgetedVector<float> scale{};  ///< [panels, blocks, kPanel]
    /// [panels, blocks, kPanel]: zero points as real numbers; -middle * scale if symmetric
    BudgetedVector<float> zero{};
    std::vector<float> bias{};  ///< [panels * kPanel]; zeros where there is none

    [[nodiscard]] std::int64_t panels() const { return (columns + kPanel - 1) / kPanel; }
    [[nodiscard]] std::int64_t blocks() const { return (inner + block_size - 1) / block_size; }
    [[nodiscard]] std::int64_t row_bytes() const { return kPanel * bits / 8; }
    [[nodiscard]] const std::uint8_t* codes_of(std::int64_t panel, std::int64_t k) const {
        return codes.data() + (panel * inner + k) * row_bytes();
    }
    /// Where the kPanel scales, or zero points, of a block begin.
    [[nodiscard]] std::int64_t place_of(std::int64_t panel, std::int64_t block) const {
        return (panel * blocks() + block) * kPanel;
    }
};

/// Returns the order of codes for the fastest instructions of this machine.
[[nodiscard]] CodeOrder code_order();

/// Packs codes [inner, columns] of any 4- or 8-bit type. @param scale, zero_point  [blocks, columns]; the latter may be
/// empty: zeros @param bias  [columns], or empty
[[nodiscard]] BlockPanels pack_blocks(const Tensor& codes, const Tensor& scale, const Tensor& zero_point,
                                      const Tensor& bias, std::int64_t block_size, CodeOrder order = code_order());

/// Computes y[rows, columns] = a[rows, inner] * matrix + bias by all threads. Every sum is added up in the order of k
/// by one accumulator of fused additions, which begins with the bias; so a result depends neither on the number of rows
/// nor on threads.
void multiply_blocks(const BlockPanels& matrix, const float* a, std::int64_t rows, float* y);

/// As multiply_blocks, with inputs and weights rounded to bf16, sums in fp32, and results rounded to bf16.
/// @param scratch  memory of bf16_scratch_bytes(), aligned to 2 bytes
/// @pre the machine has AVX-512 BF16, and matrix.order is CodeOrder::pairs
void multiply_blocks_bf16(const BlockPanels& matrix, const float* a, std::int64_t rows, float* y, std::byte* scratch);
[[nodiscard]] std::size_t bf16_scratch_bytes(const BlockPanels& matrix, std::int64_t rows);

// By instruction set. AVX2 means FMA as well. All give the same bits, but for the loops without FMA.
/// @pre for this and the next: matrix.order is that of the instruction set
void unpack_blocks_avx512(const BlockPanels& matrix, std::int64_t panel, std::int64_t first, std::int64_t last,
                          float* to);
void multiply_few_rows_avx512(const BlockPanels& matrix, const float* a, std::int64_t rows, float* y,
                              std::int64_t first, std::int64_t last);
/// Writes the real values of rows k from `first` to `last` of a panel: [last - first, kPanel].
void unpack_blocks_avx2(const BlockPanels& matrix, std::int64_t panel, std::int64_t first, std::int64_t last,
                        float* to);
void unpack_blocks_loops(const BlockPanels& matrix, std::int64_t panel, std::int64_t first, std::int64_t last,
                         float* to);
/// The most rows that multiply_few_rows_avx2 and multiply_few_rows_avx512 take.
inline constexpr std::int64_t kFewRows = 4;
/// Computes panels from `first` to `last` for a few rows, without a buffer. @pre 1 <= rows <= kFewRows
void multiply_few_rows_avx2(const BlockPanels& matrix, const float* a, std::int64_t rows, float* y, std::int64_t first,
                            std::int64_t last);

}  // namespace halftone::native
