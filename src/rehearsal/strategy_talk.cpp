// The coordinator's rules around a strategy, with one worker and scores that are made up.
//
//   MadeUpWorld          scores and errors of candidates
//   talk_with_strategy   asks, tells, counts
#include "rehearsal/strategy_talk.hpp"

#include <algorithm>
#include <cmath>

namespace halftone {
namespace {

/// Scores and errors that follow a simple rule: each quantized unit costs accuracy, later ones more.
class MadeUpWorld {
public:
    MadeUpWorld(const SearchSpace& space, const Goal& goal, const TalkScenario& scenario)
        : space_(space), goal_(goal), scenario_(scenario) {
        for (const Decision& decision : space.decisions()) quantizable_ += decision.has_quantized() ? 1 : 0;
    }

    [[nodiscard]] bool is_pass(const Candidate& candidate) const {
        const auto all = static_cast<double>(std::max(quantizable_, std::int64_t{1}));
        // A space without quantized options has one kind of candidate, which counts as all high precision.
        const double high = 1.0 - static_cast<double>(quantized_units(candidate)) / all;
        return scenario_.least_high_precision <= 1 && high >= scenario_.least_high_precision;
    }

    [[nodiscard]] Score score(const Candidate& candidate) const {
        // A hundredth below the target per unit: a strategy that compares failures sees an order.
        const double direction = goal_.higher_is_better() ? 1 : -1;
        const double margin = scenario_.is_easy ? kEasyMargin : kUsualMargin;
        const double distance = is_pass(candidate) ? margin : -0.01 * (1 + static_cast<double>(weight(candidate)));
        Score score;
        score.accuracy = goal_.target() + direction * distance * std::max(1.0, std::abs(goal_.target()));
        score.samples = kSamples;
        return score;
    }

    [[nodiscard]] ProbeResult probe(const ProbeRequest& request) const {
        ProbeResult result;
        const bool is_output = request.kind == ProbeKind::output_error;
        result.samples = kSamples;
        result.values.resize(is_output ? 1 : space_.decisions().size());
        for (std::size_t i = 0; i < result.values.size(); ++i) {
            ErrorSums& sums = result.values[i];
            sums.count = kSamples;
            sums.reference = scenario_.is_easy ? kEasySignal * kSamples : kSamples;
            sums.quantized = kSamples;
            sums.max = 1;
            const double units = is_output ? static_cast<double>(weight(request.candidate)) : static_cast<double>(i);
            sums.error = units / static_cast<double>(1 + space_.decisions().size());
        }
        return result;
    }

private:
    static constexpr std::int64_t kSamples = 100;
    /// Distances to the goal of candidates that pass, as shares of the goal: beyond every allowed loss, and hardly any.
    static constexpr double kEasyMargin = 1, kUsualMargin = 0.001;
    /// By so much the signal is above the noise of a unit.
    static constexpr double kEasySignal = 1e9;

    [[nodiscard]] bool is_quantized(const Candidate& candidate, std::size_t unit) const {
        return space_.decisions()[unit].options[candidate.choice[unit]].is_quantized();
    }
    [[nodiscard]] std::int64_t quantized_units(const Candidate& candidate) const {
        std::int64_t count = 0;
        for (std::size_t u = 0; u < candidate.choice.size(); ++u) count += is_quantized(candidate, u) ? 1 : 0;
        return count;
    }
    /// Units count by their position, so that no two of them look alike.
    [[nodiscard]] std::int64_t weight(const Candidate& candidate) const {
        std::int64_t sum = 0;
        for (std::size_t u = 0; u < candidate.choice.size(); ++u) {
            if (is_quantized(candidate, u)) sum += static_cast<std::int64_t>(u) + 1;
        }
        return sum;
    }

    const SearchSpace& space_;
    const Goal& goal_;
    const TalkScenario& scenario_;
    std::int64_t quantizable_ = 0;
};

}  // namespace

TalkCount talk_with_strategy(const MakeStrategy& make, const SearchSpace& space, const Goal& goal,
                             const TalkScenario& scenario, const TalkLimits& limits, const Clock& clock) {
    const MadeUpWorld world(space, goal, scenario);
    const auto strategy = make();
    const auto start = clock.now();
    TalkCount count;
    while (count.trials < limits.max_trials) {
        if (seconds(clock.now() - start) > limits.seconds) {
            count.is_complete = false;
            return count;
        }
        const Ask ask = strategy->ask();
        // Everything that was asked is told at once, so a strategy never has to wait; one that does is not understood
        // here, and counts as broken off.
        if (ask.kind == Ask::Kind::wait) count.is_complete = false;
        if (ask.kind == Ask::Kind::wait || ask.kind == Ask::Kind::done) return count;
        if (ask.kind == Ask::Kind::probe) {
            strategy->tell_probe(count.probes++, world.probe(ask.probe));
            continue;
        }
        // The rule of the coordinator: the first passing trial ends the run, unless the strategy refines or time is
        // given to it.
        const bool is_pass = world.is_pass(ask.candidate);
        strategy->tell(TrialId{count.trials++}, world.score(ask.candidate));
        count.failing += is_pass ? 0 : 1;
        if (is_pass && !strategy->refines() && !limits.goes_on_after_pass) return count;
    }
    return count;
}

}  // namespace halftone
