#include "data/channel_values.hpp"

namespace halftone {

// Plane by plane: the result is written in order, and the picture is read in steps of a pixel.
Tensor to_channels_first(const Tensor& picture) {
    const Shape& shape = picture.shape();
    Tensor planes({DType::f32, Shape{shape[2], shape[0], shape[1]}});
    const auto from = picture.as<float>();
    const auto to = planes.mutable_view().as<float>();
    const auto channels = static_cast<std::size_t>(shape[2]);
    // A picture without channels has no pixels either, and must not be divided by.
    const std::size_t pixels = channels == 0 ? 0 : from.size() / channels;
    for (std::size_t c = 0; c < channels; ++c) {
        for (std::size_t i = 0; i < pixels; ++i) to[c * pixels + i] = from[i * channels + c];
    }
    return planes;
}

}  // namespace halftone
