#include "strategy/knapsack.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>

#include "base/rng.hpp"

namespace halftone {
namespace {

KnapsackProblem random_problem(std::uint64_t seed, std::size_t units) {
    Rng random(seed);
    KnapsackProblem problem;
    problem.rest_ms = random.uniform();
    for (std::size_t u = 0; u < units; ++u) {
        std::vector<KnapsackChoice>& choices = problem.units.emplace_back();
        choices.push_back({0, true, random.uniform(), 0.2 + 0.3 * random.uniform()});
        choices.push_back({1, false, 0, 0.6 + 0.8 * random.uniform()});
        if (random.below(3) == 0) choices.push_back({2, false, 0.1 * random.uniform(), 0.5 * random.uniform()});
        const auto producer = static_cast<std::int32_t>(random.below(u + 1)) - 1;  // -1: the model's input
        problem.conversions.push_back(
            {producer, static_cast<std::int32_t>(u), 0.2 * random.uniform(), 0.2 * random.uniform()});
        if (u > 2 && random.below(2) == 0) {  // a residual
            problem.conversions.push_back({static_cast<std::int32_t>(u) - 2, static_cast<std::int32_t>(u),
                                           0.2 * random.uniform(), 0.2 * random.uniform()});
        }
    }
    return problem;
}

/// By trying everything.
struct Solution {
    double loss = 0, ms = 0;
};
std::vector<Solution> all_solutions(const KnapsackProblem& problem) {
    std::vector<Solution> all;
    std::vector<std::size_t> choice(problem.units.size(), 0);
    for (;;) {
        Solution solution{.loss = 0, .ms = problem.rest_ms};
        const auto is_quantized = [&](std::int32_t unit) {
            if (unit < 0) return false;
            const auto u = static_cast<std::size_t>(unit);
            return problem.units[u][choice[u]].is_quantized;
        };
        for (std::size_t u = 0; u < choice.size(); ++u) {
            solution.loss += problem.units[u][choice[u]].loss;
            solution.ms += problem.units[u][choice[u]].ms;
        }
        for (const auto& border : problem.conversions) {
            if (is_quantized(border.consumer) && !is_quantized(border.producer)) solution.ms += border.quantize_ms;
            if (!is_quantized(border.consumer) && is_quantized(border.producer)) solution.ms += border.dequantize_ms;
        }
        all.push_back(solution);
        std::size_t u = 0;
        while (u < choice.size() && ++choice[u] == problem.units[u].size()) choice[u++] = 0;
        if (u == choice.size()) return all;
    }
}

std::vector<Solution> undominated(std::vector<Solution> all) {
    std::sort(all.begin(), all.end(),
              [](const auto& a, const auto& b) { return std::tie(a.ms, a.loss) < std::tie(b.ms, b.loss); });
    std::vector<Solution> front;
    for (const Solution& s : all) {
        if (front.empty() || s.loss < front.back().loss - 1e-12) front.push_back(s);
    }
    return front;
}

TEST(Knapsack, TheFrontIsThatOfAllSolutions) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const KnapsackProblem problem = random_problem(seed, 9);
        const std::vector<Solution> wanted = undominated(all_solutions(problem));
        const std::vector<KnapsackPoint> front = knapsack_front(problem, {.labels = 100'000});
        ASSERT_EQ(front.size(), wanted.size()) << "seed " << seed;
        for (std::size_t i = 0; i < front.size(); ++i) {
            EXPECT_NEAR(front[i].ms, wanted[i].ms, 1e-12);
            EXPECT_NEAR(front[i].loss, wanted[i].loss, 1e-12);
        }
    }
}

TEST(Knapsack, ThinnedOutItKeepsItsBound) {
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
        const KnapsackProblem problem = random_problem(seed, 10);
        constexpr std::size_t kLabels = 16;
        const std::vector<Solution> wanted = undominated(all_solutions(problem));
        const std::vector<KnapsackPoint> front = knapsack_front(problem, {.labels = kLabels});
        double range = 0;
        for (const auto& unit : problem.units) range += unit[0].loss;
        const double bound = 10 * range / kLabels;
        for (const Solution& best : wanted) {
            const bool is_matched = std::any_of(front.begin(), front.end(), [&](const KnapsackPoint& point) {
                return point.ms <= best.ms + 1e-12 && point.loss <= best.loss + bound;
            });
            EXPECT_TRUE(is_matched) << "seed " << seed << ", ms " << best.ms;
        }
    }
}

TEST(Knapsack, OptionsGiveTheirOwnCosts) {
    const KnapsackProblem problem = random_problem(3, 6);
    for (const KnapsackPoint& point : knapsack_front(problem)) {
        double loss = 0;
        for (std::size_t u = 0; u < problem.units.size(); ++u) {
            for (const KnapsackChoice& choice : problem.units[u]) {
                if (choice.option == point.options[u]) loss += choice.loss;
            }
        }
        EXPECT_NEAR(loss, point.loss, 1e-12);
    }
}

}  // namespace
}  // namespace halftone
