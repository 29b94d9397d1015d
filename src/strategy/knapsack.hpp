#pragma once
// The multiple-choice knapsack of `pareto`: one choice for each unit, so that latency and accuracy loss are small. The
// latency has terms for pairs of units: between a quantized and another unit there is a conversion.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "trial/latency_table.hpp"

namespace halftone {

struct KnapsackChoice {
    std::uint16_t option = 0;
    bool is_quantized = false;
    double loss = 0;  ///< >= 0; losses of units add
    double ms = 0;
};

struct KnapsackProblem {
    std::vector<std::vector<KnapsackChoice>> units;  ///< by unit, each with a choice at least
    std::vector<UnitConversion> conversions;         ///< producers come before consumers
    double rest_ms = 0;
};

struct KnapsackPoint {
    std::vector<std::uint16_t> options;  ///< by unit
    double loss = 0;
    double ms = 0;
};

struct KnapsackLimits {
    std::size_t labels = 1024;  ///< partial solutions kept for each state
    std::size_t states = 4096;
};

/// Returns the front: all solutions that no other solution dominates in loss and latency, the fastest first.
///
/// Dynamic programming over the units in order. A state says which of the units that still feed later ones are
/// quantized; in a state, partial solutions that another one dominates are dropped. This is exact. If a state has more
/// than `labels` solutions, only the fastest of each of `labels` equal intervals of loss is kept: then the loss of a
/// solution may exceed that of the best one of equal latency by at most units x (range of losses) / labels. If there
/// are more than `states` states (more than 12 units that feed later ones), the fastest are kept, without a bound on
/// the error.
[[nodiscard]] std::vector<KnapsackPoint> knapsack_front(const KnapsackProblem& problem,
                                                        const KnapsackLimits& limits = {});

}  // namespace halftone
