#pragma once
// A factor and a shift for each channel, with a clamp behind: BatchNormalization with constant statistics.

#include <cstdint>
#include <vector>

#include "kernel/ops/request.hpp"

namespace halftone::native {

/// y = clamp((x - mean) * factor + shift) with one number of each for every channel.
struct ChannelAffine {
    std::vector<float> means, factors, shifts;
    Clamp clamp{};
    std::int64_t rows = 1;   ///< pixels where channels are innermost, else planes
    std::int64_t plane = 0;  ///< elements of a plane; 0: channels are innermost
};

/// By all threads; `y` may be `x`. NaN passes.
void run_channel_affine(const ChannelAffine& a, const float* x, float* y);

}  // namespace halftone::native
