#pragma once
// Rank 0's loop as a class: phases calibrate, baseline, search; see tuner.hpp for the contract.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tune/dispatcher.hpp"
#include "tune/tuner.hpp"

namespace halftone::tune {

class Coordinator {
public:
    Coordinator(Communicator& comm, Evaluator& evaluator, const CoordinatorSetup& setup);

    /// @throws Error; workers are still at work then
    [[nodiscard]] Result run();
    void stop_workers() noexcept { dispatcher_.stop_workers(); }

private:
    /// A trial from ask to tell.
    struct OpenTrial {
        Candidate candidate;
        std::string stage;
        std::optional<journal::Result> result;  ///< set when finished
        bool is_replayed = false;               ///< its trial record is in the journal already
    };

    void read_replay();
    [[nodiscard]] bool should_interrupt() const;
    [[nodiscard]] bool is_out_of_time() const;
    /// Ended for a reason that no further result changes.
    [[nodiscard]] bool is_decided() const;
    [[nodiscard]] double elapsed_s() const;

    /// Runs the fp32 jobs to their end. False when interrupted.
    bool prepare();
    void install_calibration(const FinishedJob& job);
    void keep_baseline(const FinishedJob& job);
    void begin_conversation();
    /// Tells all trials of earlier sessions before anything else: no clock and no signal may cut off what is done.
    void replay_trials();
    void search();
    [[nodiscard]] std::optional<EndReason> find_end() const;
    void ask_more();
    void open_trial(const Ask& ask);
    [[nodiscard]] journal::Result to_record(const FinishedJob& job) const;
    void collect(const FinishedJob& job);
    void write_partial(std::int64_t trial, const OpenTrial& open);
    /// The trial that is to be told next has its result.
    [[nodiscard]] bool can_tell() const;
    /// Journals it, tells the strategy and the listener, and judges the stop conditions. @pre can_tell()
    void tell_next();
    void write_trial(const FinishedTrial& trial, const OpenTrial& open);
    void consider_best(const FinishedTrial& trial);
    [[nodiscard]] bool is_better_delivery(const FinishedTrial& a, const FinishedTrial& b) const;
    void deliver_best();
    void report(const FinishedTrial& trial, const OpenTrial& open);
    void wind_down();
    void check_candidate(std::int64_t trial, const Candidate& candidate, const std::string& journalled) const;
    void finish_run();

    CoordinatorSetup setup_;
    Evaluator& evaluator_;
    Dispatcher dispatcher_;
    std::chrono::nanoseconds start_;
    std::chrono::nanoseconds search_start_{0};  ///< calibration and baseline are over
    double earlier_s_ = 0;                      ///< time of earlier sessions

    std::map<std::int64_t, journal::Trial> replayed_;
    std::map<std::int64_t, journal::Partial> partials_;
    std::optional<journal::Baseline> replayed_baseline_;
    std::optional<journal::End> replayed_end_;

    std::unique_ptr<Strategy> strategy_;
    std::optional<Goal> goal_;
    std::map<std::int64_t, OpenTrial> open_;      ///< asked, not told
    std::map<std::int64_t, std::int64_t> items_;  ///< dispatcher item -> trial
    std::int64_t asked_ = 0;
    std::int64_t told_ = 0;
    std::int64_t live_told_ = 0;  ///< without replayed ones
    bool is_strategy_done_ = false;
    std::optional<EndReason> end_;
    Result result_;
    bool is_best_undelivered_ = false;
};

}  // namespace halftone::tune
