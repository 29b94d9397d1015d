#pragma once
// A replacement for the latency table if nothing was measured: in toy spaces, and in tests of strategies.

#include "trial/latency_table.hpp"

namespace halftone {

/// A unit costs 1 in fp32, 0.5 in bf16, 0.25 quantized; conversions are free.
[[nodiscard]] LatencyTable assumed_latency(const SearchSpace& space);

}  // namespace halftone
