#pragma once
// A toy for strategies that ask for probes (mse, sensitivity, pareto): what each unit costs in accuracy shows in the
// errors that a probe measures.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "strategy/strategies.hpp"
#include "support/strategy_simulator.hpp"
#include "support/toy_scores.hpp"
#include "support/toy_space.hpp"

namespace halftone::test {

/// Units that lose accuracy in 8 bits and, in proportion, add error to the output.
struct ProbedToy {
    std::vector<double> costs;
    SearchSpace space = uniform_space(costs.size(), {kMinmax, kFp32});
    Goal goal{{.is_relative = false, .loss = 0.01}, 1.0};

    [[nodiscard]] std::unique_ptr<Strategy> make(const std::string& name, const std::string& settings = "") const {
        return make_strategy(
            name, {.space = space, .goal = goal, .baseline = 1.0, .settings = parse_yaml(settings, "test.yaml")});
    }
    [[nodiscard]] double accuracy(const Candidate& candidate) const {
        double accuracy = 1;
        for (std::size_t u = 0; u < costs.size(); ++u) accuracy -= candidate.choice[u] == 0 ? costs[u] : 0;
        return accuracy;
    }
    [[nodiscard]] ProbeResult probe(const ProbeRequest& request) const {
        ProbeResult result{.values = {}, .samples = 10, .failure = {}};
        for (const double cost : costs) {
            result.values.push_back({.error = 100 * cost * cost, .reference = 100, .count = 10});
        }
        if (request.kind == ProbeKind::unit_errors) return result;
        double error = 0;
        for (std::size_t u = 0; u < costs.size(); ++u) {
            error += request.candidate.choice[u] == 0 ? result.values[u].error : 0;
        }
        result.values = {{.error = error, .reference = 100, .count = 10}};
        return result;
    }
    /// Tells and asks until the strategy ends, or at the first that passes if it does not go on behind it.
    [[nodiscard]] Conversation talk(Strategy& strategy) const {
        bool is_over = false;
        Conversation all = simulate(
            strategy, [&](const Candidate& c) { return score(accuracy(c)); }, {},
            [&](const ProbeRequest& r) { return probe(r); });
        for (std::size_t t = 0; t < all.candidates.size() && !is_over; ++t) {
            is_over = !strategy.refines() && goal.is_met(all.outcomes[t]);
            if (is_over) all.candidates.resize(t + 1);
        }
        return all;
    }
    /// Units in fp32.
    [[nodiscard]] static std::vector<std::size_t> fallen(const Candidate& candidate) {
        std::vector<std::size_t> units;
        for (std::size_t u = 0; u < candidate.choice.size(); ++u) {
            if (candidate.choice[u] != 0) units.push_back(u);
        }
        return units;
    }
};

inline const std::vector<double> kProbedCosts{0.001, 0.03, 0.002, 0.02, 0.004, 0.0005};

}  // namespace halftone::test
