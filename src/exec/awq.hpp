#pragma once
// AWQ: factors for the channels of a value, by which weights of channels with large inputs are rounded more finely.
// X W = (X / s)(s W), channel by channel, so the function stays the same, while W of a channel with a large s has a
// smaller error where its block's scale does not grow with it.

#include <vector>

#include "tensor/block_affine.hpp"

namespace halftone {

/// What calibration data say of a value that products read.
struct AwqInput {
    std::vector<double> magnitude;  ///< sum of |x| over all rows, by channel
    std::vector<float> rows;        ///< some of the rows, one after the other: errors are measured on them
};

/// A weight [K, N] that reads the value, and how it is rounded (blocks along axis 0).
struct AwqWeight {
    Tensor weight;
    BlockRule rule;
};

/// Returns the factors s of the value's channels with the least error of all the products that read it: the sum of
/// squares of X (Q(s W) / s - W) over the rows. The candidates are s = m^alpha with m = mean |x| of the channel and
/// alpha in 0, 0.05, … 1, divided by the root of the largest times the smallest. Channels that are 0 in all rows keep
/// 1. Returns nothing if no alpha has a smaller error than 0, that is, than rounding to nearest alone.
/// Source: Lin, Tang, Tang, Yang, Chen, Wang, Xiao, Dang, Gan, Han: "AWQ: Activation-aware Weight Quantization for LLM
/// Compression and Acceleration" (arXiv:2306.00978), eq. 4 and 5. Its search for narrower ranges of blocks is left out,
/// and the error is that of the products themselves, not of the layers around them.
/// @throws ModelError  a weight is NaN or infinite
[[nodiscard]] std::vector<float> awq_factors(const std::vector<AwqWeight>& weights, const AwqInput& input);

}  // namespace halftone
