#include "kernel/codes/affine_steps.hpp"

#include <algorithm>

#include "kernel/ops/machine.hpp"
#include "tensor/affine.hpp"

namespace halftone::codes {
namespace {

/// The code of a real value by the one quantize_linear, so that a clamp in codes is just the clamp of real values.
std::int32_t code_of(const QuantParams& params, float real) {
    Tensor code(TensorType{params.dtype, Shape{1}});
    quantize_linear(std::span<const float>(&real, 1), params.scale[0], params.zero_point[0], code.mutable_view());
    return params.dtype == DType::u8 ? std::int32_t{code.as<std::uint8_t>()[0]}
                                     : std::int32_t{code.as<std::int8_t>()[0]};
}

}  // namespace

CodesOperand codes_operand(const OperandEncoding& port) {
    if (!port.params) return {};
    return {port.type.dtype, port.params->scale[0], static_cast<float>(port.params->zero_point[0]), false};
}

CodesResult codes_result(const OperandEncoding& port, Clamp clamp) {
    if (!port.params) return {.dtype = port.type.dtype, .reals = clamp};
    const QuantParams& params = *port.params;
    const std::int32_t high = code_of(params, clamp.high);
    // Clip lets high win when low > high.
    return {params.dtype, params.scale[0], params.zero_point[0], std::min(code_of(params, clamp.low), high), high, {}};
}

void binary_to_codes(Arithmetic arithmetic, const CodesOperand& a, const std::byte* a_data, const CodesOperand& b,
                     const std::byte* b_data, std::size_t rows, std::size_t columns, const CodesResult& result,
                     std::byte* y) {
    // fp32 results gain nothing from intrinsics: there is no rounding to speed up, and the loops vectorize.
    const bool is_avx512 = has_avx512() && result.dtype != DType::f32;
    const auto run = is_avx512 ? binary_to_codes_avx512 : binary_to_codes_loops;
    run(arithmetic, a, a_data, b, b_data, rows, columns, result, y);
}

void quantize_codes(const float* x, std::size_t n, const CodesResult& result, std::byte* y) {
    const auto run = has_avx512() ? quantize_avx512 : quantize_loops;
    run(x, n, result, y);
}

void dequantize_codes(const CodesOperand& operand, const std::byte* codes, std::size_t n, float* y) {
    const auto run = has_avx512() ? dequantize_avx512 : dequantize_loops;
    run(operand, codes, n, y);
}

void look_up(const std::byte* table, const std::byte* x, std::size_t n, std::byte* y) {
    const auto run = has_avx512_vbmi() ? look_up_avx512_vbmi : has_avx2() ? look_up_avx2 : look_up_loops;
    run(table, x, n, y);
}

std::string codes_implementation() {
    return has_avx512() ? "native_codes:avx512" : has_avx2() ? "native_codes:avx2" : "native_codes";
}

std::string table_implementation() {
    return has_avx512_vbmi() ? "native_table:avx512_vbmi" : has_avx2() ? "native_table:avx2" : "native_table";
}

}  // namespace halftone::codes
