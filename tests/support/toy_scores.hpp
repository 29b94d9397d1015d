#pragma once
// Accuracies without a model: each unit's option costs its share, and pairs of choices may cost or give more.

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "space/search_space.hpp"
#include "trial/trial.hpp"

namespace halftone::test {

inline Outcome score(double accuracy) { return Score{.accuracy = accuracy, .correct = {}, .samples = 100}; }

/// accuracy = 1 - sum of costs[unit][option]
struct AdditiveCosts {
    std::vector<std::vector<double>> costs;
    [[nodiscard]] double accuracy(const Candidate& candidate) const {
        double accuracy = 1.0;
        for (std::size_t u = 0; u < costs.size(); ++u) accuracy -= costs[u][candidate.choice[u]];
        return accuracy;
    }
    Outcome operator()(const Candidate& candidate) const { return score(accuracy(candidate)); }
};

}  // namespace halftone::test
