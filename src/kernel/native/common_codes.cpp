#include "kernel/native/common_codes.hpp"

#include <algorithm>

#include "kernel/machine.hpp"
#include "tensor/affine.hpp"

namespace halftone::native {
namespace {

std::int32_t code_of(const QuantParams& params, float real) {
    Tensor code(TensorType{params.dtype, Shape{1}});
    quantize_linear(std::span<const float>(&real, 1), params.scale[0], params.zero_point[0], code.mutable_view());
    return params.dtype == DType::u8 ? std::int32_t{code.as<std::uint8_t>()[0]}
                                     : std::int32_t{code.as<std::int8_t>()[0]};
}

}  // namespace

CodesOperand codes_operand(const Port& port) {
    if (!port.params) return {};
    return {port.type.dtype, port.params->scale[0], static_cast<float>(port.params->zero_point[0]), false};
}

CodesResult codes_result(const Port& port, Clamp clamp) {
    const QuantParams& params = *port.params;
    const std::int32_t high = code_of(params, clamp.high);
    // Clip lets high win when low > high.
    return {params.dtype, params.scale[0], params.zero_point[0], std::min(code_of(params, clamp.low), high), high};
}

#ifdef __x86_64__
bool has_avx512_vbmi() { return has_avx512() && __builtin_cpu_supports("avx512vbmi") != 0; }
#else
bool has_avx512_vbmi() { return false; }
#endif

}  // namespace halftone::native
