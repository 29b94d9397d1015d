#include "tensor/affine.hpp"

#include <algorithm>
#include <cmath>

#include "base/check.hpp"
#include "tensor/affine_loops.hpp"
#include "tensor/block_affine.hpp"
#include "tensor/slices.hpp"

// Codes of real values and real values of codes: of a run of elements with one scale, then of whole tensors slice by
// slice.

namespace halftone {
namespace {

/// Whoever computes a scale sees to this; a scale of 0 or NaN here is a mistake of the program.
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
    // All parameters are checked before the first row, so that the loop over the rows has no branches.
    const CodeRange range = code_range(params.dtype);
    for (std::size_t c = 0; c < slices.channels; ++c) {
        check_scale(params.scale[c]);
        HALFTONE_CHECK(params.zero_point[c] >= range.low && params.zero_point[c] <= range.high,
                       "a zero point is a code");
    }
    for (std::size_t row = 0; row < slices.outer; ++row) {
        // A row holds one element of each channel, so its parameters are the same list for every row.
        const std::size_t first = row * slices.channels;
        const float* values = x.data() + first;
        const float* scale = params.scale.data();
        const std::int32_t* zero_point = params.zero_point.data();
        if (params.dtype == DType::s8) {
            affine_loops::quantize_row(values, slices.channels, scale, zero_point,
                                       codes.as<std::int8_t>().data() + first);
        } else {
            affine_loops::quantize_row(values, slices.channels, scale, zero_point,
                                       codes.as<std::uint8_t>().data() + first);
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

}  // namespace

// The checks stand here, once per run of elements, so that the loops have none.
void quantize_linear(std::span<const float> x, float scale, std::int32_t zero_point, MutableView out) {
    check_scale(scale);
    check_element_count(out.type.shape, x.size());
    const CodeRange range = code_range(out.type.dtype);
    HALFTONE_CHECK(!is_four_bit(out.type.dtype), "codes of 4 bits are made by blocks");
    HALFTONE_CHECK(zero_point >= range.low && zero_point <= range.high, "a zero point is a code");
    if (out.type.dtype == DType::s8) {
        affine_loops::quantize(x.data(), x.size(), scale, zero_point, out.as<std::int8_t>().data());
    } else {
        affine_loops::quantize(x.data(), x.size(), scale, zero_point, out.as<std::uint8_t>().data());
    }
}

void dequantize_linear(TensorView codes, float scale, std::int32_t zero_point, std::span<float> y) {
    check_scale(scale);
    check_element_count(codes.type.shape, y.size());
    const auto offset = static_cast<float>(zero_point);
    switch (codes.type.dtype) {
        case DType::s8:
        case DType::s4:
            return affine_loops::dequantize(codes.as<std::int8_t>().data(), y.size(), scale, offset, y.data());
        case DType::u8:
        case DType::u4:
            return affine_loops::dequantize(codes.as<std::uint8_t>().data(), y.size(), scale, offset, y.data());
        case DType::s32:
            return affine_loops::dequantize(codes.as<std::int32_t>().data(), y.size(), scale, offset, y.data());
        default:
            HALFTONE_CHECK(false,
                           "codes have 4 or 8 bits or are int32, not " + std::string(to_string(codes.type.dtype)));
    }
}

Tensor quantize(const Tensor& x, const QuantParams& params) {
    HALFTONE_CHECK(x.dtype() == DType::f32, "quantize takes fp32");
    if (params.has_blocks()) return quantize_blocks(x, params);
    Tensor codes({params.dtype, x.shape()});
    const Slices slices = slices_of(x.shape(), params);
    const auto values = x.as<float>();
    // Slices along the last dimension: the block of each would be a single element.
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

// Works for int32 too: the bias of a quantized file is stored so.
Tensor dequantize(const Tensor& codes, const QuantParams& params) {
    HALFTONE_CHECK(codes.dtype() == params.dtype, "codes have the parameters' dtype");
    if (params.has_blocks()) return dequantize_blocks(codes, params);
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

// Double, because a bias may need more than the 24 bits that a float holds: its scale is a product of two scales. The
// clamp is for a bias that is huge beside its scale; int32 then saturates as 8-bit codes do.
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

CodeRange code_range(DType dtype) {
    switch (dtype) {
        case DType::s8:
            return {-128, 127};
        case DType::u8:
            return {0, 255};
        case DType::s4:
            return {-8, 7};
        case DType::u4:
            return {0, 15};
        default:
            HALFTONE_CHECK(false, "codes have 4 or 8 bits, not " + std::string(to_string(dtype)));
            return {0, 0};
    }
}

}  // namespace halftone
