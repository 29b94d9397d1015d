// What strategies cost and what they are worth, without a model. Prints two tables:
// evaluations until a known optimum of 4,096 configurations is found, over seeds; and the time of ask + tell at 1,000
// trials of 60 units.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "support/toy_optimum.hpp"

namespace halftone::test {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds(Clock::duration time) { return std::chrono::duration<double, std::milli>(time).count(); }

void print_evaluations(int seeds) {
    std::printf("Evaluations until the optimum of 4,096 configurations, %d seeds\n", seeds);
    std::printf("%-12s %8s %8s %8s %8s\n", "strategy", "mean", "median", "least", "most");
    for (const char* strategy : {"random", "tpe", "bayesian"}) {
        std::vector<std::size_t> counts;
        double sum = 0;
        for (int seed = 0; seed < seeds; ++seed) {
            const auto s = static_cast<std::uint64_t>(seed);
            counts.push_back(ToyOptimum(s).evaluations(strategy, s));
            sum += static_cast<double>(counts.back());
        }
        std::sort(counts.begin(), counts.end());
        std::printf("%-12s %8.1f %8zu %8zu %8zu\n", strategy, sum / seeds, counts[counts.size() / 2], counts.front(),
                    counts.back());
        std::fflush(stdout);
    }
}

/// Accuracies by chance, so that no search ends early; time of the strategy alone.
void print_times(std::size_t trials, std::size_t units) {
    std::printf("\nask + tell over %zu trials of %zu units, milliseconds a trial\n", trials, units);
    std::printf("%-12s %8s %10s %10s\n", "strategy", "trials", "mean", "last 100");
    const SearchSpace space = uniform_space(units, {kMinmax, kKl, kTensorMinmax, kTensorKl, kFp32});
    for (const std::string& name : strategy_names()) {
        const auto strategy = make_strategy(
            name, {.space = space, .goal = Goal({.is_relative = false, .loss = -1}, 0.9), .baseline = 0.9, .seed = 1});
        std::vector<double> times;
        std::int64_t probes = 0;
        double spent = 0;
        while (times.size() < trials) {
            const auto start = Clock::now();
            const Ask ask = strategy->ask();
            spent += milliseconds(Clock::now() - start);
            if (ask.kind == Ask::Kind::done) break;
            const auto told = Clock::now();
            if (ask.kind == Ask::Kind::probe) {
                strategy->tell_probe(probes++, random_errors(ask.probe));
                continue;
            }
            strategy->tell(make_id<TrialId>(times.size()), score(Rng(ask.candidate.hash).uniform()));
            times.push_back(spent + milliseconds(Clock::now() - told));
            spent = 0;
        }
        double sum = 0;
        double last = 0;
        const std::size_t tail = std::min<std::size_t>(100, times.size());
        for (std::size_t t = 0; t < times.size(); ++t) {
            sum += times[t];
            if (t + tail >= times.size()) last += times[t];
        }
        std::printf("%-12s %8zu %10.3f %10.3f\n", name.c_str(), times.size(), sum / static_cast<double>(times.size()),
                    last / static_cast<double>(tail));
        std::fflush(stdout);
    }
}

}  // namespace
}  // namespace halftone::test

int main(int count, char** arguments) {
    halftone::test::print_times(1000, 60);
    halftone::test::print_evaluations(count > 1 ? std::atoi(arguments[1]) : 50);
}
