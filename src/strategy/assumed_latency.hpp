#pragma once
// A stand-in for the latency table, where nothing was measured: toys, and tests of strategies.

#include "trial/latency_table.hpp"

namespace halftone {

/// A unit costs 1 in fp32, 0.5 in bf16, 0.25 quantized; conversions are free.
[[nodiscard]] LatencyTable assumed_latency(const SearchSpace& space);

}  // namespace halftone
