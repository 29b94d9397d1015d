#pragma once
// Element-wise steps from and to 8-bit codes, in real numbers with one rounding at the end. The result is the
// reference's, bit for bit, whichever instruction set runs it.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kernel/ops/request.hpp"

namespace halftone::codes {

enum class Arithmetic { add, subtract, multiply };

/// An operand: codes of a whole tensor, fp32 of a whole tensor, or one fp32 row that every row of the tensor meets.
struct CodesOperand {
    DType dtype = DType::f32;
    float scale = 1.0F;
    float zero_point = 0.0F;
    bool is_row = false;
};

/// A whole tensor, of codes or fp32.
[[nodiscard]] CodesOperand codes_operand(const OperandEncoding& port);

/// Of the result, 8-bit or (of binary steps) fp32. `low` and `high` are codes: rounding is monotonic, so a clamp of
/// reals is one of codes.
struct CodesResult {
    DType dtype = DType::u8;
    float scale = 1.0F;
    std::int32_t zero_point = 0;
    std::int32_t low = 0;
    std::int32_t high = 255;
    Clamp reals{};  ///< of an fp32 result, which has nothing else
};
[[nodiscard]] CodesResult codes_result(const OperandEncoding& port, Clamp clamp);

/// y = quantize(a op b), or a op b, clamped; rows x columns. `y` may be `a` or `b` where those are whole and of its
/// size.
void binary_to_codes(Arithmetic arithmetic, const CodesOperand& a, const std::byte* a_data, const CodesOperand& b,
                     const std::byte* b_data, std::size_t rows, std::size_t columns, const CodesResult& result,
                     std::byte* y);

/// tensor/affine.hpp's quantize_linear, by all threads.
void quantize_codes(const float* x, std::size_t n, const CodesResult& result, std::byte* y);

/// tensor/affine.hpp's dequantize_linear, by all threads. @pre `operand` is 8-bit
void dequantize_codes(const CodesOperand& operand, const std::byte* codes, std::size_t n, float* y);

/// y[i] = table[x[i]], 256 entries; `y` may be `x`.
void look_up(const std::byte* table, const std::byte* x, std::size_t n, std::byte* y);

/// By channel, which is the innermost dimension.
struct ChannelScales {
    std::vector<float> scale;
    std::vector<float> bias;  ///< empty: none
};
/// y = quantize(sums * scale + bias + residual), rows x channels. `residual` may be null.
void scale_to_codes(const float* sums, const ChannelScales& by, const float* residual, std::size_t rows,
                    const CodesResult& result, std::byte* y);

/// Of the steps above on this machine: "native_codes:avx512", "native_codes:avx2", "native_codes".
[[nodiscard]] std::string codes_implementation();
[[nodiscard]] std::string table_implementation();

// The same by instruction set; the loops run everywhere.
void binary_to_codes_avx512(Arithmetic arithmetic, const CodesOperand& a, const std::byte* a_data,
                            const CodesOperand& b, const std::byte* b_data, std::size_t rows, std::size_t columns,
                            const CodesResult& result, std::byte* y);
void binary_to_codes_loops(Arithmetic arithmetic, const CodesOperand& a, const std::byte* a_data, const CodesOperand& b,
                           const std::byte* b_data, std::size_t rows, std::size_t columns, const CodesResult& result,
                           std::byte* y);
void quantize_avx512(const float* x, std::size_t n, const CodesResult& result, std::byte* y);
void quantize_loops(const float* x, std::size_t n, const CodesResult& result, std::byte* y);
void dequantize_avx512(const CodesOperand& operand, const std::byte* codes, std::size_t n, float* y);
void dequantize_loops(const CodesOperand& operand, const std::byte* codes, std::size_t n, float* y);
void look_up_avx512_vbmi(const std::byte* table, const std::byte* x, std::size_t n, std::byte* y);
void look_up_avx2(const std::byte* table, const std::byte* x, std::size_t n, std::byte* y);
void look_up_loops(const std::byte* table, const std::byte* x, std::size_t n, std::byte* y);

}  // namespace halftone::codes
