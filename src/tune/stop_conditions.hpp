#pragma once
// StopConditions: decides whether a run has ended, and why. No other code decides this.

#include <chrono>
#include <optional>

#include "tune/tuner.hpp"

namespace halftone::tune {

/// The state of the search. The conditions depend on these numbers and on the clock, never on which worker was fast.
struct SearchState {
    std::int64_t trials_asked = 0;
    std::int64_t trials_told = 0;
    bool has_pending = false;  ///< something was asked for and is not told yet
    bool is_strategy_done = false;
    bool has_passing_trial = false;
};

class StopConditions {
public:
    /// @param earlier_s  seconds that earlier sessions took
    StopConditions(const RunSettings& settings, RunServices& services, double earlier_s);

    /// Returns the seconds of all sessions up to now.
    [[nodiscard]] double elapsed_s() const;
    [[nodiscard]] bool is_stop_requested() const { return services_.is_stop_requested(); }

    /// @param strategy_refines  the strategy goes on after the first passing trial and ends by itself
    void begin_search(bool strategy_refines) { strategy_refines_ = strategy_refines; }
    /// Judges after a trial was told: the goal is met, or the last allowed trial was told.
    void judge_told_trial(bool is_pass, std::int64_t trials_told);
    /// Judges between two steps, when nothing can be told: nothing is left to do, the user asks to stop, time is up.
    void judge(const SearchState& state);
    void interrupt() { reason_ = EndReason::interrupted; }

    /// Returns why the run has ended; empty while it goes on.
    [[nodiscard]] std::optional<EndReason> reason() const { return reason_; }
    [[nodiscard]] bool has_ended() const { return reason_.has_value(); }
    /// Returns whether the run ended for a reason that no further result changes. After an interruption, results that
    /// still arrive may meet the goal after all.
    [[nodiscard]] bool is_decided() const { return reason_ && *reason_ != EndReason::interrupted; }

private:
    [[nodiscard]] bool is_out_of_time() const;

    const RunSettings& settings_;
    RunServices& services_;
    double earlier_s_;
    std::chrono::nanoseconds start_;
    bool strategy_refines_ = false;
    std::optional<EndReason> reason_;
};

}  // namespace halftone::tune
