#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "base/check.hpp"
#include "base/error.hpp"
#include "tensor/affine.hpp"
#include "tensor/affine_loops.hpp"
#include "tensor/slices.hpp"

// Scales and zero points: of an activation from its range, of a weight from its values; and two questions about codes
// that the choice of a kernel asks.

namespace halftone {
namespace {

/// Largest |x| of each slice.
std::vector<float> widest_of(std::span<const float> values, const Slices& slices) {
    std::vector<std::int32_t> widest(slices.channels, 0);  // bits, which are ordered as the numbers are
    if (slices.inner == 1) {
        for (std::size_t row = 0; row < slices.outer; ++row) {
            affine_loops::widen_row(values.data() + row * slices.channels, slices.channels, widest.data());
        }
    } else {
        for_each_block(slices, [&](std::size_t channel, std::size_t offset) {
            const float magnitude = affine_loops::largest_magnitude(values.data() + offset, slices.inner);
            widest[channel] = std::max(widest[channel], std::bit_cast<std::int32_t>(magnitude));
        });
    }
    std::vector<float> reals;
    for (const std::int32_t bits : widest) reals.push_back(std::bit_cast<float>(bits));
    return reals;
}

/// Returns widest / codes as a scale. A tensor of zeros gets 1, which is exact; a scale below the smallest normal float
/// would lose bits, or be 0.
float scale_from(double widest, double codes) {
    if (widest == 0) return 1.0F;
    return std::max(static_cast<float>(widest / codes), std::numeric_limits<float>::min());
}

}  // namespace

QuantParams activation_params(Range range, DType dtype, Scheme scheme) {
    HALFTONE_CHECK(std::isfinite(range.low) && std::isfinite(range.high) && range.low <= range.high,
                   "a range is finite and ordered");
    const CodeRange codes = code_range(dtype);
    const double low = std::min(range.low, 0.0F);  // double: high - low of two large floats must not overflow
    const double high = std::max(range.high, 0.0F);
    QuantParams params{.dtype = dtype, .scale = {1.0F}, .zero_point = {0}};
    // The zero point is computed from the rounded scale, not from the exact one: only then is 0.0 exactly a code.
    if (scheme == Scheme::asym) {
        params.scale[0] = scale_from(high - low, 255);
        const double zero_point = codes.low + std::nearbyint(-low / static_cast<double>(params.scale[0]));
        params.zero_point[0] = static_cast<std::int32_t>(std::clamp<double>(zero_point, codes.low, codes.high));
        // Values that are never negative, as behind a Relu, may use all 256 codes though the scheme is symmetric.
    } else if (dtype == DType::u8 && range.low >= 0) {
        params.scale[0] = scale_from(high, 255);
    } else {
        params.scale[0] = scale_from(std::max(-low, high), 127);
        params.zero_point[0] = dtype == DType::u8 ? 128 : 0;
    }
    return params;
}

void refuse_weight_without_scale() { throw ModelError("a weight holds NaN or an infinity, so no scale fits it"); }

QuantParams weight_params(const Tensor& weights, Granularity granularity, std::int64_t axis) {
    HALFTONE_CHECK(weights.dtype() == DType::f32, "weights are fp32");
    const Slices slices = granularity == Granularity::per_tensor
                              ? Slices{.inner = static_cast<std::size_t>(weights.elements())}
                              : slices_of(weights.shape(), axis);
    // Weights leave out the code -128, so that w and -w have codes of equal size.
    const std::vector<float> widest = widest_of(weights.as<float>(), slices);
    QuantParams params{.dtype = DType::s8, .scale = {}, .zero_point = std::vector<std::int32_t>(slices.channels, 0)};
    params.axis = granularity == Granularity::per_tensor ? 0 : axis;
    for (const float w : widest) {
        if (!std::isfinite(w)) refuse_weight_without_scale();
        params.scale.push_back(scale_from(static_cast<double>(w), 127));
    }
    return params;
}

bool pairs_fit_16_bits(const Tensor& weight_codes) {
    const auto codes = weight_codes.as<std::int8_t>();
    const auto fits = [](int sum) { return 255 * sum <= std::numeric_limits<std::int16_t>::max(); };
    // vpmaddubsw, the product of machines without VNNI, adds two products in 16 bits and saturates. Any two weights may
    // be neighbours in some layout, so the two largest decide.
    const int largest = affine_loops::largest_code(codes.data(), codes.size());
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

bool is_clamp_implied(const QuantParams& params, float lower, float upper) {
    if (!(lower <= upper)) return false;
    // Quantization is monotone, so quantizing a clamped value is clamping its code between the codes of the limits.
    // Instead of a formula for the limits, the limits themselves are quantized: so the answer cannot differ from the
    // loops.
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
