#include "tensor/affine.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "base/check.hpp"
#include "tensor/simd_clones.hpp"
#include "tensor/slices.hpp"

namespace halftone {
namespace {

// The loops below vectorise with -O3 (set for this file in src/CMakeLists.txt). They take plain pointers and numbers.

// v + kRound - kRound is v rounded to an integer, ties to even, for |v| < 2^22: the sum has no fraction bits.
constexpr float kRound = 12582912.0F;  // 1.5 * 2^23

/// Clamping before rounding is the same as after it, because the limits are integers, and it keeps |v| small.
template <class Code>
inline Code code_of(float x, float scale, std::int32_t zero_point) {
    const float lowest = static_cast<float>(std::numeric_limits<Code>::min() - zero_point);
    const float highest = static_cast<float>(std::numeric_limits<Code>::max() - zero_point);
    float v = x / scale;
    v = v == v ? v : 0.0F;  // NaN
    v = v > lowest ? v : lowest;
    v = v < highest ? v : highest;
    const float rounded = (v + kRound) - kRound;
    return static_cast<Code>(static_cast<std::int32_t>(rounded) + zero_point);
}

template <class Code>
inline void quantize_loop(const float* x, std::size_t n, float scale, std::int32_t zero_point, Code* out) {
    for (std::size_t i = 0; i < n; ++i) out[i] = code_of<Code>(x[i], scale, zero_point);
}

/// One row with parameters for each element: slices along the last dimension.
template <class Code>
inline void quantize_row(const float* x, std::size_t n, const float* scale, const std::int32_t* zero_point, Code* out) {
    for (std::size_t i = 0; i < n; ++i) out[i] = code_of<Code>(x[i], scale[i], zero_point[i]);
}

template <class Code>
inline void dequantize_loop(const Code* codes, std::size_t n, float scale, float zero_point, float* y) {
    for (std::size_t i = 0; i < n; ++i) y[i] = (static_cast<float>(codes[i]) - zero_point) * scale;
}

HALFTONE_SIMD_CLONES void quantize_s8(const float* x, std::size_t n, float scale, std::int32_t zero_point,
                                      std::int8_t* out) {
    quantize_loop(x, n, scale, zero_point, out);
}
HALFTONE_SIMD_CLONES void quantize_u8(const float* x, std::size_t n, float scale, std::int32_t zero_point,
                                      std::uint8_t* out) {
    quantize_loop(x, n, scale, zero_point, out);
}
HALFTONE_SIMD_CLONES void quantize_row_s8(const float* x, std::size_t n, const float* scale,
                                          const std::int32_t* zero_point, std::int8_t* out) {
    quantize_row(x, n, scale, zero_point, out);
}
HALFTONE_SIMD_CLONES void quantize_row_u8(const float* x, std::size_t n, const float* scale,
                                          const std::int32_t* zero_point, std::uint8_t* out) {
    quantize_row(x, n, scale, zero_point, out);
}
HALFTONE_SIMD_CLONES void dequantize_s8(const std::int8_t* q, std::size_t n, float scale, float zero_point, float* y) {
    dequantize_loop(q, n, scale, zero_point, y);
}
HALFTONE_SIMD_CLONES void dequantize_u8(const std::uint8_t* q, std::size_t n, float scale, float zero_point, float* y) {
    dequantize_loop(q, n, scale, zero_point, y);
}
HALFTONE_SIMD_CLONES void dequantize_s32(const std::int32_t* q, std::size_t n, float scale, float zero_point,
                                         float* y) {
    dequantize_loop(q, n, scale, zero_point, y);
}

/// Largest |x|, by comparing bits as integers: unlike a float maximum that vectorises. NaN counts as the largest.
HALFTONE_SIMD_CLONES float largest_magnitude(const float* x, std::size_t n) {
    std::int32_t largest = 0;
    for (std::size_t i = 0; i < n; ++i) {
        const std::int32_t magnitude = std::bit_cast<std::int32_t>(x[i]) & 0x7fffffff;
        largest = magnitude > largest ? magnitude : largest;
    }
    return std::bit_cast<float>(largest);
}

/// The same for each element of a row: largest[i] = max(largest[i], bits of |x[i]|).
HALFTONE_SIMD_CLONES void widen_row(const float* x, std::size_t n, std::int32_t* largest) {
    for (std::size_t i = 0; i < n; ++i) {
        const std::int32_t magnitude = std::bit_cast<std::int32_t>(x[i]) & 0x7fffffff;
        largest[i] = magnitude > largest[i] ? magnitude : largest[i];
    }
}

HALFTONE_SIMD_CLONES std::uint8_t largest_code(const std::int8_t* codes, std::size_t n) {
    std::uint8_t largest = 0;
    for (std::size_t i = 0; i < n; ++i) {
        const auto magnitude = static_cast<std::uint8_t>(codes[i] < 0 ? -codes[i] : codes[i]);  // of -128: 128
        largest = magnitude > largest ? magnitude : largest;
    }
    return largest;
}

void check_scale(float scale) { HALFTONE_CHECK(std::isfinite(scale) && scale > 0, "a scale is finite and > 0"); }

/// Per-tensor parameters see the whole tensor as one slice.
Slices slices_of(const Shape& shape, const QuantParams& params) {
    HALFTONE_CHECK(params.scale.size() == params.zero_point.size(), "one zero point for each scale");
    if (params.is_per_tensor()) return {.inner = static_cast<std::size_t>(shape.elements())};
    const Slices slices = slices_of(shape, params.axis);
    HALFTONE_CHECK(slices.channels == params.scale.size(), "one scale for each slice of " + shape.to_text());
    return slices;
}

/// quantize() where a slice has one element in each row: a call for each would take longer than its work.
void quantize_rows(std::span<const float> x, const Slices& slices, const QuantParams& params, MutableView codes) {
    const CodeRange range = code_range(params.dtype);
    for (std::size_t c = 0; c < slices.channels; ++c) {
        check_scale(params.scale[c]);
        HALFTONE_CHECK(params.zero_point[c] >= range.low && params.zero_point[c] <= range.high,
                       "a zero point is a code");
    }
    for (std::size_t row = 0; row < slices.outer; ++row) {
        const std::size_t first = row * slices.channels;
        const float* values = x.data() + first;
        const float* scale = params.scale.data();
        const std::int32_t* zero_point = params.zero_point.data();
        if (params.dtype == DType::s8) {
            quantize_row_s8(values, slices.channels, scale, zero_point, codes.as<std::int8_t>().data() + first);
        } else {
            quantize_row_u8(values, slices.channels, scale, zero_point, codes.as<std::uint8_t>().data() + first);
        }
    }
}

template <class Code>
void dequantize_rows(std::span<const Code> codes, const Slices& slices, const QuantParams& params, float* y) {
    for (std::size_t row = 0; row < slices.outer; ++row) {
        for (std::size_t c = 0; c < slices.channels; ++c) {
            const std::size_t i = row * slices.channels + c;
            y[i] = (static_cast<float>(codes[i]) - static_cast<float>(params.zero_point[c])) * params.scale[c];
        }
    }
}

/// dequantize() where a slice has one element in each row. False for a dtype that only the general walk reports.
bool dequantize_rows(const Tensor& codes, const Slices& slices, const QuantParams& params, float* y) {
    std::for_each(params.scale.begin(), params.scale.end(), check_scale);
    switch (codes.dtype()) {
        case DType::s8:
            dequantize_rows(codes.as<std::int8_t>(), slices, params, y);
            return true;
        case DType::u8:
            dequantize_rows(codes.as<std::uint8_t>(), slices, params, y);
            return true;
        case DType::s32:
            dequantize_rows(codes.as<std::int32_t>(), slices, params, y);
            return true;
        default:
            return false;
    }
}

/// Largest |x| of each slice.
std::vector<float> widest_of(std::span<const float> values, const Slices& slices) {
    std::vector<std::int32_t> widest(slices.channels, 0);  // bits, which are ordered as the numbers are
    if (slices.inner == 1) {
        for (std::size_t row = 0; row < slices.outer; ++row) {
            widen_row(values.data() + row * slices.channels, slices.channels, widest.data());
        }
    } else {
        for_each_block(slices, [&](std::size_t channel, std::size_t offset) {
            const float magnitude = largest_magnitude(values.data() + offset, slices.inner);
            widest[channel] = std::max(widest[channel], std::bit_cast<std::int32_t>(magnitude));
        });
    }
    std::vector<float> reals;
    for (const std::int32_t bits : widest) reals.push_back(std::bit_cast<float>(bits));
    return reals;
}

float scale_from(double widest, double codes) {
    if (widest == 0) return 1.0F;
    return std::max(static_cast<float>(widest / codes), std::numeric_limits<float>::min());
}

}  // namespace

void quantize_linear(std::span<const float> x, float scale, std::int32_t zero_point, MutableView out) {
    check_scale(scale);
    check_element_count(out.type.shape, x.size());
    const CodeRange range = code_range(out.type.dtype);
    HALFTONE_CHECK(zero_point >= range.low && zero_point <= range.high, "a zero point is a code");
    if (out.type.dtype == DType::s8) {
        quantize_s8(x.data(), x.size(), scale, zero_point, out.as<std::int8_t>().data());
    } else {
        quantize_u8(x.data(), x.size(), scale, zero_point, out.as<std::uint8_t>().data());
    }
}

void dequantize_linear(TensorView codes, float scale, std::int32_t zero_point, std::span<float> y) {
    check_scale(scale);
    check_element_count(codes.type.shape, y.size());
    const auto offset = static_cast<float>(zero_point);
    switch (codes.type.dtype) {
        case DType::s8:
            return dequantize_s8(codes.as<std::int8_t>().data(), y.size(), scale, offset, y.data());
        case DType::u8:
            return dequantize_u8(codes.as<std::uint8_t>().data(), y.size(), scale, offset, y.data());
        case DType::s32:
            return dequantize_s32(codes.as<std::int32_t>().data(), y.size(), scale, offset, y.data());
        default:
            HALFTONE_CHECK(false, "codes are int8, uint8 or int32, not " + std::string(to_string(codes.type.dtype)));
    }
}

Tensor quantize(const Tensor& x, const QuantParams& params) {
    HALFTONE_CHECK(x.dtype() == DType::f32, "quantize takes fp32");
    Tensor codes({params.dtype, x.shape()});
    const Slices slices = slices_of(x.shape(), params);
    const auto values = x.as<float>();
    if (slices.inner == 1) {
        quantize_rows(values, slices, params, codes.mutable_view());
        return codes;
    }
    std::byte* out = codes.mutable_view().data;  // codes are one byte wide
    const Shape block{static_cast<std::int64_t>(slices.inner)};
    for_each_block(slices, [&](std::size_t channel, std::size_t offset) {
        quantize_linear(values.subspan(offset, slices.inner), params.scale[channel], params.zero_point[channel],
                        {{params.dtype, block}, out + offset});
    });
    return codes;
}

Tensor dequantize(const Tensor& codes, const QuantParams& params) {
    HALFTONE_CHECK(codes.dtype() == params.dtype, "codes have the parameters' dtype");
    Tensor x({DType::f32, codes.shape()});
    const Slices slices = slices_of(codes.shape(), params);
    const auto values = x.mutable_view().as<float>();
    if (slices.inner == 1 && dequantize_rows(codes, slices, params, values.data())) return x;
    const Shape block{static_cast<std::int64_t>(slices.inner)};
    const std::size_t width = size_of(params.dtype);
    for_each_block(slices, [&](std::size_t channel, std::size_t offset) {
        dequantize_linear({{params.dtype, block}, codes.view().data + offset * width}, params.scale[channel],
                          params.zero_point[channel], values.subspan(offset, slices.inner));
    });
    return x;
}

Tensor quantize_bias(const Tensor& bias, const QuantParams& params) {
    HALFTONE_CHECK(params.dtype == DType::s32, "a bias is stored as int32");
    const auto real = bias.as<float>();
    HALFTONE_CHECK(params.is_per_tensor() || params.scale.size() == real.size(), "one scale, or one per channel");
    Tensor codes({DType::s32, bias.shape()});
    const auto out = codes.mutable_view().as<std::int32_t>();
    for (std::size_t c = 0; c < real.size(); ++c) {
        const float scale = params.scale[params.is_per_tensor() ? 0 : c];
        check_scale(scale);
        const double code = std::nearbyint(static_cast<double>(real[c]) / static_cast<double>(scale));
        out[c] = static_cast<std::int32_t>(std::clamp(code, -2147483648.0, 2147483647.0));
    }
    return codes;
}

QuantParams activation_params(Range range, DType dtype, Scheme scheme) {
    HALFTONE_CHECK(std::isfinite(range.low) && std::isfinite(range.high) && range.low <= range.high,
                   "a range is finite and ordered");
    const CodeRange codes = code_range(dtype);
    const double low = std::min(range.low, 0.0F);  // double: high - low of two large floats must not overflow
    const double high = std::max(range.high, 0.0F);
    QuantParams params{.dtype = dtype, .scale = {1.0F}, .zero_point = {0}};
    if (scheme == Scheme::asym) {
        params.scale[0] = scale_from(high - low, 255);
        const double zero_point = codes.low + std::nearbyint(-low / static_cast<double>(params.scale[0]));
        params.zero_point[0] = static_cast<std::int32_t>(std::clamp<double>(zero_point, codes.low, codes.high));
    } else if (dtype == DType::u8 && range.low >= 0) {
        params.scale[0] = scale_from(high, 255);
    } else {
        params.scale[0] = scale_from(std::max(-low, high), 127);
        params.zero_point[0] = dtype == DType::u8 ? 128 : 0;
    }
    return params;
}

QuantParams weight_params(const Tensor& weights, Granularity granularity, std::int64_t axis) {
    HALFTONE_CHECK(weights.dtype() == DType::f32, "weights are fp32");
    const Slices slices = granularity == Granularity::per_tensor
                              ? Slices{.inner = static_cast<std::size_t>(weights.elements())}
                              : slices_of(weights.shape(), axis);
    const std::vector<float> widest = widest_of(weights.as<float>(), slices);
    QuantParams params{.dtype = DType::s8, .scale = {}, .zero_point = std::vector<std::int32_t>(slices.channels, 0)};
    params.axis = granularity == Granularity::per_tensor ? 0 : axis;
    for (const float w : widest) {
        HALFTONE_CHECK(std::isfinite(w), "weights are finite");
        params.scale.push_back(scale_from(static_cast<double>(w), 127));
    }
    return params;
}

bool pairs_fit_16_bits(const Tensor& weight_codes) {
    const auto codes = weight_codes.as<std::int8_t>();
    const auto fits = [](int sum) { return 255 * sum <= std::numeric_limits<std::int16_t>::max(); };
    const int largest = largest_code(codes.data(), codes.size());
    if (fits(2 * largest)) return true;
    int second = 0;
    bool is_found = false;
    for (const std::int8_t code : codes) {
        const int magnitude = std::abs(int{code});
        if (magnitude == largest && !is_found)
            is_found = true;
        else
            second = std::max(second, magnitude);
        if (!fits(largest + second)) return false;  // in weights of 8 bits after a few
    }
    return fits(largest + second);
}

CodeRange code_range(DType dtype) {
    HALFTONE_CHECK(dtype == DType::s8 || dtype == DType::u8,
                   "codes are int8 or uint8, not " + std::string(to_string(dtype)));
    return dtype == DType::s8 ? CodeRange{-128, 127} : CodeRange{0, 255};
}

bool is_clamp_implied(const QuantParams& params, float lower, float upper) {
    if (!(lower <= upper)) return false;
    // Quantization is monotone, so quantizing a clamped value is clamping its code between the codes of the limits.
    const CodeRange range = code_range(params.dtype);
    for (std::size_t i = 0; i < params.scale.size(); ++i) {
        const std::array<float, 2> limits{lower, upper};
        Tensor codes({params.dtype, Shape{2}});
        quantize_linear(limits, params.scale[i], params.zero_point[i], codes.mutable_view());
        const std::byte* bytes = codes.view().data;
        const auto code = [&](int place) {
            return params.dtype == DType::s8 ? std::int32_t{codes.as<std::int8_t>()[static_cast<std::size_t>(place)]}
                                             : std::to_integer<std::int32_t>(bytes[place]);
        };
        if (code(0) != range.low || code(1) != range.high) return false;
    }
    return true;
}

}  // namespace halftone
