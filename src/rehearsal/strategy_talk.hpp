#pragma once
// A conversation with a strategy about made-up scores: how many trials and probes it would ask for. A strategy is a
// pure function of what it is told, so nothing has to be run for that.

#include <cstdint>
#include <functional>
#include <memory>

#include "base/clock.hpp"
#include "trial/strategy.hpp"

namespace halftone {

/// How much a strategy asks for.
struct TalkCount {
    std::int64_t trials = 0;
    std::int64_t failing = 0;  ///< those of the trials that miss the goal; such a trial may end early
    std::int64_t probes = 0;
    bool is_complete = true;  ///< false: the talk was broken off, and the strategy may ask for more
};

/// The rules under which the talk ends.
struct TalkLimits {
    std::int64_t max_trials = 100;
    bool goes_on_after_pass = false;  ///< as with exit_policy.timeout: a passing trial does not end the run
    double seconds = 1.0;             ///< of this program's time; some strategies think for long
};

/// Which candidates are taken to meet the goal.
struct TalkScenario {
    /// Share of the units with a quantized option that must stay in high precision. 0: every candidate passes;
    /// above 1: none does.
    double least_high_precision = 0;
    /// Candidates that pass are as good as fp32 and have small errors, also without a preparation of the model. If not,
    /// they pass by little, and errors without a preparation are large.
    bool is_easy = false;
};

using MakeStrategy = std::function<std::unique_ptr<Strategy>()>;

/// Talks to a new strategy until it is done or a limit ends the run. Candidates that fail are the worse the more of
/// their units are quantized, and probes find the larger errors the more units are quantized.
/// @param make  gives the strategy. @param goal  decides what passes and what fails
[[nodiscard]] TalkCount talk_with_strategy(const MakeStrategy& make, const SearchSpace& space, const Goal& goal,
                                           const TalkScenario& scenario, const TalkLimits& limits, const Clock& clock);

}  // namespace halftone
