#pragma once
// Search: the second phase of a run. It replays the journal, then keeps the workers busy until a stop condition ends
// the search.

#include <chrono>
#include <optional>
#include <vector>

#include "tune/conversation.hpp"
#include "tune/delivery.hpp"
#include "tune/latency_on_demand.hpp"
#include "tune/pace.hpp"
#include "tune/run_context.hpp"
#include "tune/stop_conditions.hpp"

namespace halftone::tune {

class Search {
public:
    /// Makes the strategy and tells the listener the baseline. Until it ends, `result` is filled trial by trial.
    /// @pre prepare() has put the baseline into run.history
    /// @throws ModelError when the baseline is not a number
    Search(const RunContext& run, StopConditions& stop, RunResult& result);
    // Its parts refer to one another.
    Search(const Search&) = delete;
    Search& operator=(const Search&) = delete;
    /// Removes its judges from the dispatcher, which lives longer.
    ~Search();

    /// Searches until stop.reason() is set.
    void run();

    [[nodiscard]] const Goal& goal() const { return goal_; }
    [[nodiscard]] const Score& baseline() const { return baseline_; }
    [[nodiscard]] bool guards_speed() const { return conversation_.strategy().guards_speed(); }
    [[nodiscard]] LatencyOnDemand& latency() { return latency_; }
    [[nodiscard]] Delivery& delivery() { return delivery_; }
    /// Returns the trials that ended early, in order: their verdict is known, their accuracy is not.
    [[nodiscard]] const std::vector<FinishedTrial>& ended_early() const { return ended_early_; }

private:
    [[nodiscard]] std::unique_ptr<Strategy> make_strategy();
    /// Tells the evaluators which samples fp32 answers wrongly. Returns whether the journal or the baseline says which.
    [[nodiscard]] bool install_difficulty();
    /// Tells all trials of earlier sessions before anything else.
    void replay();
    /// One round of the dispatcher, whose results are kept.
    void step();
    void tell_next();
    void take_into_account(const ToldTrial& told);
    void report(const ToldTrial& told);
    [[nodiscard]] std::int64_t most_trials_left() const;
    [[nodiscard]] std::optional<double> expected_left_s() const;
    void wind_down();

    RunContext run_;
    StopConditions& stop_;
    RunResult& result_;
    Score baseline_;
    Goal goal_;
    bool can_end_early_;  ///< set before the strategy is made
    LatencyOnDemand latency_;
    Conversation conversation_;
    Delivery delivery_;
    std::vector<FinishedTrial> ended_early_;
    Pace pace_;
    /// When this session first asked for a trial that the journal does not have; nothing before. Probes come earlier
    /// and are no part of a trial's pace.
    std::optional<std::chrono::nanoseconds> trials_start_;
    std::int64_t live_told_ = 0;  ///< trials of this session, that is, without replayed ones
};

}  // namespace halftone::tune
