#pragma once
// Private to this room: the loops of affine.cpp and affine_params.cpp over plain pointers. They check nothing.

#include <cstddef>
#include <cstdint>

namespace halftone::affine_loops {

/// out[i] = code of x[i] by one scale and zero point.
void quantize(const float* x, std::size_t n, float scale, std::int32_t zero_point, std::int8_t* out);
void quantize(const float* x, std::size_t n, float scale, std::int32_t zero_point, std::uint8_t* out);

/// out[i] = code of x[i] by scale[i] and zero_point[i]: a row whose elements belong to n slices.
void quantize_row(const float* x, std::size_t n, const float* scale, const std::int32_t* zero_point, std::int8_t* out);
void quantize_row(const float* x, std::size_t n, const float* scale, const std::int32_t* zero_point, std::uint8_t* out);

/// y[i] = (codes[i] - zero_point) * scale.
void dequantize(const std::int8_t* codes, std::size_t n, float scale, float zero_point, float* y);
void dequantize(const std::uint8_t* codes, std::size_t n, float scale, float zero_point, float* y);
void dequantize(const std::int32_t* codes, std::size_t n, float scale, float zero_point, float* y);

/// Returns the largest |x|. NaN counts as larger than infinity.
[[nodiscard]] float largest_magnitude(const float* x, std::size_t n);

/// The same for each element of a row: largest[i] = max(largest[i], bits of |x[i]|). The bits of floats >= 0, read as
/// integers, are ordered as the floats are.
void widen_row(const float* x, std::size_t n, std::int32_t* largest);

/// Returns the largest |code|; that of -128 is 128.
[[nodiscard]] std::uint8_t largest_code(const std::int8_t* codes, std::size_t n);

}  // namespace halftone::affine_loops
