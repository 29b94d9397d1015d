#include "tensor/affine_loops.hpp"

#include <bit>

#include "tensor/code_rounding.hpp"
#include "tensor/simd_clones.hpp"

// These loops vectorise with -O3 (set for this file in src/CMakeLists.txt). They take plain pointers and numbers,
// because the compiler then sees that nothing overlaps or changes. A template cannot be cloned for several instruction
// sets, so each clone is a plain function that calls one.

namespace halftone::affine_loops {
namespace {

template <class Code>
inline void quantize_any(const float* x, std::size_t n, float scale, std::int32_t zero_point, Code* out) {
    // Made before the loop: its limits are the same for all elements.
    const CodeRounding rounding = CodeRounding::of_type<Code>(scale, zero_point);
    for (std::size_t i = 0; i < n; ++i) out[i] = rounding.code<Code>(x[i]);
}

/// A division per element either way: the row form only reads its scale from memory.
template <class Code>
inline void quantize_any_row(const float* x, std::size_t n, const float* scale, const std::int32_t* zero_point,
                             Code* out) {
    for (std::size_t i = 0; i < n; ++i) {
        out[i] = CodeRounding::of_type<Code>(scale[i], zero_point[i]).template code<Code>(x[i]);
    }
}

/// A difference and a product, in this order, as ONNX defines it: scale * code - scale * zero_point rounds otherwise.
template <class Code>
inline void dequantize_any(const Code* codes, std::size_t n, float scale, float zero_point, float* y) {
    for (std::size_t i = 0; i < n; ++i) y[i] = (static_cast<float>(codes[i]) - zero_point) * scale;
}

}  // namespace

HALFTONE_SIMD_CLONES void quantize(const float* x, std::size_t n, float scale, std::int32_t zero_point,
                                   std::int8_t* out) {
    quantize_any(x, n, scale, zero_point, out);
}

HALFTONE_SIMD_CLONES void quantize(const float* x, std::size_t n, float scale, std::int32_t zero_point,
                                   std::uint8_t* out) {
    quantize_any(x, n, scale, zero_point, out);
}

HALFTONE_SIMD_CLONES void quantize_row(const float* x, std::size_t n, const float* scale,
                                       const std::int32_t* zero_point, std::int8_t* out) {
    quantize_any_row(x, n, scale, zero_point, out);
}

HALFTONE_SIMD_CLONES void quantize_row(const float* x, std::size_t n, const float* scale,
                                       const std::int32_t* zero_point, std::uint8_t* out) {
    quantize_any_row(x, n, scale, zero_point, out);
}

HALFTONE_SIMD_CLONES void dequantize(const std::int8_t* codes, std::size_t n, float scale, float zero_point, float* y) {
    dequantize_any(codes, n, scale, zero_point, y);
}

HALFTONE_SIMD_CLONES void dequantize(const std::uint8_t* codes, std::size_t n, float scale, float zero_point,
                                     float* y) {
    dequantize_any(codes, n, scale, zero_point, y);
}

HALFTONE_SIMD_CLONES void dequantize(const std::int32_t* codes, std::size_t n, float scale, float zero_point,
                                     float* y) {
    dequantize_any(codes, n, scale, zero_point, y);
}

// Both maxima below compare bits as integers: unlike a maximum of floats, whose answer for NaN depends on the order of
// its operands, that vectorises.
HALFTONE_SIMD_CLONES float largest_magnitude(const float* x, std::size_t n) {
    std::int32_t largest = 0;
    for (std::size_t i = 0; i < n; ++i) {
        const std::int32_t magnitude = std::bit_cast<std::int32_t>(x[i]) & 0x7fffffff;
        largest = magnitude > largest ? magnitude : largest;
    }
    return std::bit_cast<float>(largest);
}

HALFTONE_SIMD_CLONES void widen_row(const float* x, std::size_t n, std::int32_t* largest) {
    for (std::size_t i = 0; i < n; ++i) {
        const std::int32_t magnitude = std::bit_cast<std::int32_t>(x[i]) & 0x7fffffff;
        largest[i] = magnitude > largest[i] ? magnitude : largest[i];
    }
}

HALFTONE_SIMD_CLONES std::uint8_t largest_code(const std::int8_t* codes, std::size_t n) {
    std::uint8_t largest = 0;
    for (std::size_t i = 0; i < n; ++i) {
        const auto magnitude = static_cast<std::uint8_t>(codes[i] < 0 ? -codes[i] : codes[i]);
        largest = magnitude > largest ? magnitude : largest;
    }
    return largest;
}

}  // namespace halftone::affine_loops
