#pragma once
// The loops of Conv: direct convolution, one output row at a time, plain NCHW. No attributes and no requests here.

#include <span>

#include "kernel/shape/window.hpp"
#include "tensor/tensor.hpp"

namespace halftone::ref {

struct ConvPlan {
    Window window;
    std::int64_t batch = 1;
    std::int64_t in_channels = 1;
    std::int64_t out_channels = 1;
    std::int64_t groups = 1;
};

/// y = float(bias + sum of x * w), the sum in double, over input channel, then kernel depth, height, width, ascending.
/// `bias` may be null.
void conv_f32(const ConvPlan& plan, const float* x, const float* w, const float* bias, float* y);

/// y = float(sum of (x - zero_point) * w + bias) * scale[c], the sum exact. Padding contributes nothing, which is what
/// padding with the zero point gives. float() rounds half to even and scale[c] is the float product of the input's
/// scale and the weights', so that this is the convolution of the dequantized tensors up to two roundings.
/// @param x  u8 or s8    @param bias  may be empty    @param scale  one value, or one for each output channel
void conv_codes(const ConvPlan& plan, TensorView x, std::int32_t zero_point, const std::int8_t* w,
                std::span<const std::int32_t> bias, std::span<const float> scale, float* y);

/// float(sum + bias) * scale, as above.
[[nodiscard]] inline float requantized(std::int64_t sum, std::int32_t bias, float scale) {
    return static_cast<float>(sum + bias) * scale;
}

}  // namespace halftone::ref
