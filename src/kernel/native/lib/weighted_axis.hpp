#pragma once
// Resampling along one dimension in fp32: each output position is a weighted sum of a few input positions.

#include <cstdint>
#include <vector>

namespace halftone::native {

/// The same number of taps for each output position; unused ones have weight 0.
struct AxisTaps {
    std::int64_t taps = 1;
    std::vector<std::int64_t> places;  ///< [outputs, taps]
    std::vector<float> weights;        ///< likewise
};

/// One pass over a dense tensor [outer, inputs, inner] that makes [outer, outputs, inner].
struct AxisPass {
    AxisTaps taps;
    std::int64_t outer = 1, inputs = 1, outputs = 1, inner = 1;
};
void run_axis_pass(const AxisPass& pass, const float* x, float* y);

}  // namespace halftone::native
