#pragma once
// Searches whose course depends on everything that was told: the strategy basic over toy spaces. For tests that compare
// runs; shared by tests/property/tune and tests/mpi/tune.

#include <algorithm>
#include <chrono>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#include "base/rng.hpp"
#include "strategy/strategies.hpp"
#include "support/toy_scores.hpp"
#include "support/toy_tuning.hpp"

namespace halftone::test {

struct Search {
    std::string name;
    ToyProblem (*make)();
};

inline void PrintTo(const Search& search, std::ostream* out) { *out << search.name; }

/// basic over seven units that lose 0.01 … 0.07 each when quantized; kl loses a little less.
inline ToyProblem basic_problem() {
    std::vector<std::vector<double>> costs;
    for (int u = 0; u < 7; ++u) costs.push_back({0.01 * (u + 1), 0.009 * (u + 1), 0.0});
    return {.space = uniform_space(7, {kMinmax, kKl, kFp32}),
            .outcome = AdditiveCosts{costs},
            .make_strategy = [](const StrategyContext& c) { return make_strategy("basic", c); },
            .settings = {.criterion = {.is_relative = true, .loss = 0.01}},
            .baseline = 1.0};
}

/// Never met, so all three walks run to their end; one candidate in six fails and accuracies are dice.
inline ToyProblem unlucky_problem() {
    ToyProblem problem = basic_problem();
    problem.outcome = [](const Candidate& candidate) -> Outcome {
        const std::uint64_t dice = mix(candidate.hash, 3);
        if (dice % 6 == 0) return TrialFailure{"unlucky"};
        return score(0.5 + 0.4 * Rng(dice).uniform());
    };
    return problem;
}

/// Candidates in order, half of them allowed.
inline ToyProblem limited_problem(std::int64_t max_trials) {
    std::vector<double> accuracies;
    for (std::int64_t t = 0; t < 2 * max_trials; ++t) {
        accuracies.push_back(0.5 + 0.3 * Rng(11, static_cast<std::uint64_t>(t)).uniform());
    }
    ToyProblem problem = listed_problem(accuracies);
    problem.settings.max_trials = max_trials;
    return problem;
}

/// Another strategy over the problem of `basic`, with a latency table, in which conversions cost, and a limit.
template <std::size_t N>
struct Name {
    // NOLINTNEXTLINE(google-explicit-constructor): a text as a template argument
    constexpr Name(const char (&text)[N]) { std::copy_n(text, N, value); }
    char value[N];
};
template <Name name>
ToyProblem problem_of() {
    ToyProblem problem = basic_problem();
    problem.make_strategy = [](const StrategyContext& c) { return make_strategy(name.value, c); };
    problem.settings.max_trials = 40;
    problem.latency.emplace();
    for (int u = 0; u < 7; ++u) {
        problem.latency->unit_ms.push_back({0.1 + 0.01 * u, 0.1 + 0.01 * u, 0.4});
        problem.latency->conversions.push_back({u - 1, u, 0.01, 0.02});
    }
    return problem;
}

inline const std::vector<Search>& searches() {
    static const std::vector<Search> all{{"basic", basic_problem},
                                         {"unlucky", unlucky_problem},
                                         {"limited", [] { return limited_problem(25); }},
                                         {"exhaustive", problem_of<"exhaustive">},
                                         {"random", problem_of<"random">},
                                         {"mse", problem_of<"mse">},
                                         {"sensitivity", problem_of<"sensitivity">},
                                         {"pareto", problem_of<"pareto">},
                                         {"bayesian", problem_of<"bayesian">},
                                         {"tpe", problem_of<"tpe">},
                                         {"auto", problem_of<"auto">}};
    return all;
}

/// What must not depend on ranks, delays or interruptions.
struct Traces {
    std::vector<std::string> lines;  ///< of the journal
    std::int64_t best = -1;
    std::int64_t delivered = -1;  ///< last
    tune::EndReason reason = tune::EndReason::interrupted;
    std::int64_t trials = 0;
    friend bool operator==(const Traces&, const Traces&) = default;
};

inline Traces traces(const ToyRun& toy, const tune::RunResult& result) {
    return {.lines = toy.lasting_lines(),
            .best = result.best ? result.best->trial.value : -1,
            .delivered = toy.listener.delivered.empty() ? -1 : toy.listener.delivered.back(),
            .reason = result.reason,
            .trials = result.trials};
}

/// Of an undisturbed run on one rank.
inline Traces expected_traces(const Search& search) {
    ToyRun toy(search.make());
    const tune::RunResult result = toy.run();
    return traces(toy, result);
}

/// Shards take different times, so that results overtake one another.
inline void be_uneven(ToyRun& toy, std::uint64_t seed) {
    toy.hooks.on_shard = [seed](const Job& job, std::int64_t shard, RankId) {
        if (job.kind != JobKind::evaluate) return;
        Rng rng(mix(seed, static_cast<std::uint64_t>(job.trial.value)), static_cast<std::uint64_t>(shard));
        std::this_thread::sleep_for(std::chrono::microseconds(rng.below(300)));
    };
}

}  // namespace halftone::test
