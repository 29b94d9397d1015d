#pragma once
// A space of 4,096 configurations with a known optimum: six units with four options each, whose losses add, and one
// pair of units that disturb each other.

#include <cstdint>
#include <vector>

#include "base/rng.hpp"
#include "strategy/strategies.hpp"
#include "support/strategy_simulator.hpp"
#include "support/toy_scores.hpp"
#include "support/toy_space.hpp"

namespace halftone::test {

class ToyOptimum {
public:
    static constexpr std::size_t kUnits = 6;
    static constexpr std::size_t kSize = 4096;

    explicit ToyOptimum(std::uint64_t seed) {
        Rng random(mix(seed, 0x6f7074));
        std::vector<std::uint16_t> best;
        for (std::size_t u = 0; u < kUnits; ++u) {
            std::vector<double>& losses = losses_.emplace_back();
            for (int o = 0; o < 4; ++o) losses.push_back(0.002 + 0.02 * random.uniform());
            const auto zero = static_cast<std::uint16_t>(random.below(4));
            losses[zero] = 0;
            best.push_back(zero);
        }
        pair_ = {best[1], best[4]};
        optimum_ = space_.make(0, best);
    }

    [[nodiscard]] const SearchSpace& space() const { return space_; }
    [[nodiscard]] const Candidate& optimum() const { return optimum_; }
    [[nodiscard]] double accuracy(const Candidate& candidate) const {
        double accuracy = 0.9;
        for (std::size_t u = 0; u < kUnits; ++u) accuracy -= losses_[u][candidate.choice[u]];
        // Half right is worse than both wrong: a valley in front of the optimum.
        const bool first = candidate.choice[1] == pair_.first;
        const bool second = candidate.choice[4] == pair_.second;
        return first != second ? accuracy - 0.01 : accuracy;
    }

    /// Evaluations until the strategy asks for the optimum; the size of the space and one if it never does.
    [[nodiscard]] std::size_t evaluations(const std::string& strategy, std::uint64_t seed,
                                          std::size_t budget = kSize) const {
        // A goal out of reach, so that accuracy is all that counts.
        const auto made = make_strategy(
            strategy,
            {.space = space_, .goal = Goal({.is_relative = false, .loss = -1}, 0.9), .baseline = 0.9, .seed = seed});
        std::size_t asked = 0;
        struct Found {};
        const auto evaluate = [&](const Candidate& candidate) {
            ++asked;
            if (candidate.hash == optimum_.hash) throw Found{};
            return score(accuracy(candidate));
        };
        try {
            (void)simulate(*made, evaluate, {.max_trials = budget});
        } catch (const Found&) {
            return asked;
        }
        return kSize + 1;
    }

private:
    SearchSpace space_ = uniform_space(kUnits, {kMinmax, kKl, kTensorMinmax, kTensorKl});
    std::vector<std::vector<double>> losses_;
    std::pair<std::uint16_t, std::uint16_t> pair_;
    Candidate optimum_;
};

}  // namespace halftone::test
