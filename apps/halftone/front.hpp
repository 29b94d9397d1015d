#pragma once
// The trials of a run that no other beats in accuracy, latency and size at once.

#include <cstdint>
#include <vector>

#include "setup.hpp"
#include "tune/tuner.hpp"

namespace halftone::app {

struct FrontPoint {
    std::int64_t trial = 0;
    double accuracy = 0;
    double latency_ms = 0;   ///< by the latency table
    std::int64_t bytes = 0;  ///< of the exported model
};

/// Fastest first. Empty where the run has no latency table.
[[nodiscard]] std::vector<FrontPoint> find_front(Workbench& bench, const tune::Result& result, bool higher_is_better);

}  // namespace halftone::app
