#pragma once
// Element-wise steps from and to 8-bit codes, in real numbers with one rounding at the end, and their AVX-512 loops.
// The result is the reference's, bit for bit.

#include <cstddef>
#include <cstdint>

#include "kernel/op.hpp"

namespace halftone::native {

enum class Arithmetic { add, subtract, multiply };

/// An operand: codes of a whole tensor, fp32 of a whole tensor, or one fp32 row that every row of the tensor meets.
struct CodesOperand {
    DType dtype = DType::f32;
    float scale = 1.0F;
    float zero_point = 0.0F;
    bool is_row = false;
};

/// A whole tensor, of codes or fp32.
[[nodiscard]] CodesOperand codes_operand(const Port& port);

/// Of the result, 8-bit. `low` and `high` are codes: rounding is monotonic, so a clamp of reals is one of codes.
struct CodesResult {
    DType dtype = DType::u8;
    float scale = 1.0F;
    std::int32_t zero_point = 0;
    std::int32_t low = 0;
    std::int32_t high = 255;
};
[[nodiscard]] CodesResult codes_result(const Port& port, Clamp clamp);

/// y = quantize(a op b), rows x columns. `y` may be `a` or `b` where those are 8-bit and whole.
void binary_to_codes_avx512(Arithmetic arithmetic, const CodesOperand& a, const std::byte* a_data,
                            const CodesOperand& b, const std::byte* b_data, std::size_t rows, std::size_t columns,
                            const CodesResult& result, std::byte* y);

/// tensor/affine.hpp's quantize_linear.
void quantize_avx512(const float* x, std::size_t n, const CodesResult& result, std::byte* y);

/// tensor/affine.hpp's dequantize_linear. @pre `operand` is 8-bit
void dequantize_avx512(const CodesOperand& operand, const std::byte* codes, std::size_t n, float* y);

/// y[i] = table[x[i]]; `y` may be `x`. Needs AVX-512 VBMI.
void look_up_avx512_vbmi(const std::byte* table, const std::byte* x, std::size_t n, std::byte* y);

/// AVX-512 with permutations of bytes, where ONEDNN_MAX_CPU_ISA allows AVX-512.
[[nodiscard]] bool has_avx512_vbmi();

}  // namespace halftone::native
