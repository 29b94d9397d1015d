#pragma once
// What a product of run-time codes by a constant matrix is besides its integer sums: the matrix as int8, zero points,
// scales and bias. The backends `dnnl` and `native` share it; they differ in how they make the sums.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernel/ops/op.hpp"

namespace halftone::codes {

/// Number of the matrix among the inputs of ScaledMatMulInteger (kernel/ref/scaled_mat_mul_integer.cpp has all of
/// them).
inline constexpr std::size_t kProductMatrix = 1;

/// Returns why the operator ScaledMatMulInteger cannot run as integer sums with scales behind them, or yes.
[[nodiscard]] Support accepts_scaled_product(const KernelRequest& request);

/// The constant part of ScaledMatMulInteger, ready for many runs. @pre accepts_scaled_product(request)
class ScaledProduct {
public:
    explicit ScaledProduct(const KernelRequest& request);

    [[nodiscard]] std::size_t rows() const { return rows_; }
    [[nodiscard]] std::size_t inner() const { return inner_; }
    [[nodiscard]] std::size_t columns() const { return columns_; }
    /// The matrix [inner, columns] as int8. A file's uint8 codes are moved by 128.
    [[nodiscard]] const Tensor& matrix() const { return matrix_; }
    /// Frees the matrix, which has been packed by now.
    void forget_matrix() { matrix_ = Tensor(); }

    /// What one run does to its integer sums, by column: float(sum - offset - zero * row's sum of codes) * scale +
    /// bias. Integers are unsigned, because sums wrap as in MatMulInteger. The roundings of that formula, one for each
    /// operation, are those of the nodes Cast, Mul and Add. The arrays have room for padded_columns().
    struct RunValues {
        const std::uint32_t* offset = nullptr;  ///< the input's zero point times the sum of the column
        const std::uint32_t* zero = nullptr;    ///< the matrix's zero point; null if all are 0
        const float* scale = nullptr;           ///< the input's scale times the matrix's
        const float* bias = nullptr;            ///< -0.0 where there is none
    };
    /// The columns rounded up to a multiple of 16: kernels may read that much.
    [[nodiscard]] std::size_t padded_columns() const { return scale_.size(); }
    /// Returns the values of one run; they are valid until the next call.
    /// @param inputs  the codes [rows, inner], their scale, their zero point, as in Primitive::execute()
    [[nodiscard]] RunValues values_of_run(std::span<const std::byte* const> inputs);

    /// Integer sums of one run: input code times matrix code, as two's complement.
    struct Sums {
        const std::int32_t* sums = nullptr;  ///< [rows, columns]
        const std::int32_t* rest = nullptr;  ///< [rows, columns]: the true sum is 2 * sums + rest; null: it is sums
    };
    /// Writes the real values y [rows, columns] of these sums.
    void finish(std::span<const std::byte* const> inputs, const Sums& sums, float* y);

private:
    std::size_t rows_ = 0, inner_ = 0, columns_ = 0;
    Tensor matrix_;
    std::vector<std::uint32_t> zero_points_;  ///< by column, as two's complement; empty if all are 0
    std::vector<std::uint32_t> column_sums_;  ///< of codes minus zero point
    std::vector<float> scale_, bias_;         ///< by column
    std::vector<float> run_scale_;            ///< of one run
    std::vector<std::uint32_t> run_offset_;   ///< of one run
};

}  // namespace halftone::codes
