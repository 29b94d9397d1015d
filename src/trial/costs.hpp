#pragma once
// Costs: the numbers that an objective weighs if several candidates meet the accuracy goal.

#include <cstdint>

namespace halftone {

struct Costs {
    double latency_ms = 0;             ///< of one run, predicted by the latency table
    std::int64_t model_bytes = 0;      ///< of the exported file
    std::int64_t footprint_bytes = 0;  ///< weights, arena and scratch memory of a session
};

}  // namespace halftone
