#pragma once
// (x - mean) * scale and its like, channel by channel, on pictures [height, width, channels] of fp32.

#include <cstddef>
#include <utility>
#include <vector>

#include "tensor/tensor.hpp"

namespace halftone {

/// Changes each value by a function of the value and its channel's number in a list: values of a list of length 1 serve
/// all channels. @pre `picture` is fp32, has three dimensions and is not shared
template <class Function>
void change_channels(Tensor& picture, Function function) {
    const auto channels = static_cast<std::size_t>(picture.shape()[2]);
    const auto values = picture.mutable_view().as<float>();
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = function(values[i], i % channels);
}

/// Returns the value of a channel from a list that has one for each channel, or one for all.
[[nodiscard]] inline float of_channel(const std::vector<float>& values, std::size_t channel) {
    return values.size() == 1 ? values.front() : values[channel];
}

/// Returns a picture [height, width, channels] of fp32 as [channels, height, width].
[[nodiscard]] Tensor to_channels_first(const Tensor& picture);

}  // namespace halftone
