#pragma once
// The arithmetic of affine quantization. Plain loops that vectorise; the same result on every ISA (no contraction).

#include <cstdint>
#include <span>

#include "tensor/quant_params.hpp"
#include "tensor/tensor.hpp"

namespace halftone {

/// q[i] = clamp(rint(x[i] / scale) + zero_point, qmin, qmax); ties to even; NaN becomes the zero point, +-inf saturate.
/// `out` has x's element count and dtype s8 or u8 (per-tensor parameters).
/// Source: ONNX operator QuantizeLinear, opset 13; the NaN rule is ours. @throws InternalError on misuse
void quantize_linear(std::span<const float> x, float scale, std::int32_t zero_point, MutableView out);

/// y[i] = (float(q[i]) - zero_point) * scale for s4, u4, s8, u8 or s32 codes. Source: ONNX operator DequantizeLinear,
/// opset 13.
void dequantize_linear(TensorView codes, float scale, std::int32_t zero_point, std::span<float> y);

/// Whole tensors, per tensor, per channel along params.axis, or by blocks (tensor/block_affine.hpp).
[[nodiscard]] Tensor quantize(const Tensor& x, const QuantParams& params);
[[nodiscard]] Tensor dequantize(const Tensor& codes, const QuantParams& params);

/// int32 codes of a bias [channels]: q[c] = clamp(rint(bias[c] / scale[c])) in double, ties to even; one scale or one
/// per channel, zero points 0. Source: rule E.3 of the export rules (bias scale = input scale x weight scale).
[[nodiscard]] Tensor quantize_bias(const Tensor& bias, const QuantParams& params);

/// Parameters of an activation for a range, which is first extended to contain 0 so that 0.0 is exact (padding).
/// u8 asym: scale = (high - low) / 255, zero_point = clamp(rint(-low / scale)).
/// u8 sym: low >= 0: scale = high / 255, zero point 0; else scale = max|x| / 127, zero point 128.
/// s8 sym: scale = max|x| / 127, zero point 0; s8 asym: as u8 asym, shifted by -128.
/// An empty range ([0,0]) gives scale 1. The scale is at least the smallest normal float.
[[nodiscard]] QuantParams activation_params(Range range, DType dtype, Scheme scheme);

/// s8 symmetric weights over [-127, 127]: scale = max|w| / 127 per tensor or per slice along `axis`; a slice of zeros
/// gives scale 1 (exact). @pre weights are f32 @throws ModelError when a weight is not finite
[[nodiscard]] QuantParams weight_params(const Tensor& weights, Granularity granularity, std::int64_t axis);

/// Refuses a weight that is NaN or infinite. The weights of a file were checked when it was read, but passes and
/// recipes compute new ones, which may overflow. @throws ModelError always
[[noreturn]] void refuse_weight_without_scale();

/// Returns whether the sum of two products of these s8 weights by u8 codes always fits the 16 bits of vpmaddubsw,
/// whichever two weights are neighbours.
[[nodiscard]] bool pairs_fit_16_bits(const Tensor& weight_codes);

/// [lowest, highest] code: u8 0..255, s8 -128..127, u4 0..15, s4 -8..7.
struct CodeRange {
    std::int32_t low;
    std::int32_t high;
};
[[nodiscard]] CodeRange code_range(DType dtype);

/// Returns true if quantizing clamp(x, lower, upper) equals quantizing x for every x. The saturation of the codes then
/// implies the activation, which can be left out (export rule E.4). Use -inf/+inf for an open side.
[[nodiscard]] bool is_clamp_implied(const QuantParams& params, float lower, float upper);

}  // namespace halftone
