#pragma once
// The multiple-choice knapsack behind `pareto`: for each unit one choice, to minimise latency against accuracy loss.
// Latency has pair terms: a border between a quantized and an unquantized unit costs a conversion.

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

/// All solutions that no other beats in both loss and latency, from the fastest to the most accurate.
///
/// Dynamic programming over the units in order. A state is which of the units that still feed later ones are quantized;
/// in a state, partial solutions that another one dominates are dropped. That is exact. Where a state has more than
/// `labels` of them, only the fastest of each of `labels` equal intervals of loss is kept: then the loss of a solution
/// may exceed the best one's of the same latency by at most units x (range of losses) / labels. Where there are more
/// than `states` states (more than 12 units that feed later ones at once), the fastest are kept, and nothing is
/// promised.
[[nodiscard]] std::vector<KnapsackPoint> knapsack_front(const KnapsackProblem& problem,
                                                        const KnapsackLimits& limits = {});

}  // namespace halftone
