#pragma once
// Scales and zero points of a weight, by the algorithm that a configuration names.

#include <cstdint>

#include "graph/capability.hpp"
#include "tensor/quant_params.hpp"
#include "tensor/tensor.hpp"

namespace halftone {

/// Returns s8 parameters of `weight`, per tensor or per slice along `axis`, from the slice's own values. With
/// m = 2^bit - 1 (fewer than 7 bits leave the outer codes unused):
/// sym: codes [-m, m], scale = limit / m, zero point 0. asym: codes [-m - 1, m], zero exact.
/// minmax: the limits are the slice's extremes. mse: those, shrunk by the factor in 0.40, 0.41, … 1 with the least
/// squared error. kl, percentile: the observer's range of the slice.
/// @pre weights are f32 and finite; the algorithm has an observer
[[nodiscard]] QuantParams choose_weight_params(const Tensor& weight, const WeightConfig& config, std::int64_t axis);

}  // namespace halftone
