#include "tune/stop_conditions.hpp"

namespace halftone::tune {

StopConditions::StopConditions(const RunSettings& settings, RunServices& services, double earlier_s)
    : settings_(settings), services_(services), earlier_s_(earlier_s), start_(services.clock().now()) {}

double StopConditions::elapsed_s() const { return earlier_s_ + seconds(services_.clock().now() - start_); }

bool StopConditions::is_out_of_time() const { return settings_.timeout_s > 0 && elapsed_s() >= settings_.timeout_s; }

// The goal comes before the number of trials: a run whose last allowed trial passes has met its goal.
void StopConditions::judge_told_trial(bool is_pass, std::int64_t trials_told) {
    const bool ends_at_goal = settings_.timeout_s <= 0 && !strategy_refines_;
    if (is_pass && ends_at_goal) {
        reason_ = EndReason::goal_met;
    } else if (trials_told >= settings_.max_trials) {
        reason_ = EndReason::max_trials;
    }
}

// The order matters. A search that has nothing left to do ended for that reason, even if a signal arrives in the same
// moment: then all ranks and a resumed run agree on the reason.
void StopConditions::judge(const SearchState& state) {
    if (!state.has_pending && state.is_strategy_done) {
        const bool has_refined = settings_.timeout_s <= 0 && state.has_passing_trial;
        reason_ = has_refined ? EndReason::goal_met : EndReason::exhausted;
    } else if (!state.has_pending && state.trials_asked >= settings_.max_trials) {
        reason_ = EndReason::max_trials;
    } else if (is_stop_requested()) {
        reason_ = EndReason::interrupted;
    } else if (state.trials_told > 0 && is_out_of_time()) {
        reason_ = EndReason::timeout;  // but never without any result: a slow first trial is waited for
    }
}

}  // namespace halftone::tune
