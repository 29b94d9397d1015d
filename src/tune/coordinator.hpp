#pragma once
// Rank 0's loop as a class: phases calibrate, baseline, search, completion; see tuner.hpp for the contract.

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tune/delivery.hpp"
#include "tune/dispatcher.hpp"
#include "tune/earlier.hpp"
#include "tune/tuner.hpp"

namespace halftone::tune {

class Coordinator {
public:
    Coordinator(Communicator& comm, Evaluator& evaluator, const CoordinatorSetup& setup);

    /// @throws Error; workers are still at work then
    [[nodiscard]] Result run();
    void stop_workers() noexcept { dispatcher_.stop_workers(); }

private:
    static constexpr std::chrono::milliseconds kWait{50};  ///< between looks at the stop flag and the clock

    /// A trial or a probe, from ask to tell.
    struct Open {
        Ask ask;
        std::int64_t number = 0;                     ///< of the trial, or of the probe
        std::optional<journal::TrialResult> result;  ///< of a trial: set when finished
        std::optional<ProbeResult> errors;           ///< of a probe: set when finished
        bool is_replayed = false;                    ///< its record is in the journal already
        [[nodiscard]] bool is_probe() const { return ask.kind == Ask::Kind::probe; }
        [[nodiscard]] bool is_finished() const { return result.has_value() || errors.has_value(); }
    };
    /// Candidates of one group that were not handed out yet.
    struct Group {
        std::int64_t id = 0;
        std::int64_t first_trial = 0;
        std::vector<Candidate> candidates;
        std::vector<std::int64_t> opened;  ///< their places in open_
    };

    [[nodiscard]] bool should_interrupt() const;
    [[nodiscard]] bool is_out_of_time() const;
    /// The first trial that meets the goal ends the run.
    [[nodiscard]] bool ends_at_goal() const;
    /// Passing trials are compared by costs: where the search goes on for a faster one, or its strategy looks at
    /// latency anyway. Elsewhere the result does not depend on anything measured.
    [[nodiscard]] bool compares_latency() const;
    /// Ended for a reason that no further result changes.
    [[nodiscard]] bool is_decided() const;
    [[nodiscard]] double elapsed_s() const;

    /// Runs the fp32 jobs to their end. False when interrupted.
    bool prepare();
    void install_calibration(const FinishedJob& job);
    void keep_baseline(const FinishedJob& job);
    void install_difficulty(const std::string& difficulty);
    void begin_conversation();
    /// The latency table: measured and journaled on the first call.
    [[nodiscard]] const LatencyTable& latency_table();
    /// Tells all trials of earlier sessions before anything else: no clock and no signal may cut off what is done.
    void replay_trials();
    void search();
    [[nodiscard]] std::optional<EndReason> find_end() const;
    void ask_more();
    void open(Ask ask);
    void open_trial(Open& open);
    void open_probe(Open& open);
    /// Hands out the group that was gathered, if any.
    void submit_group();
    /// The trial ends as soon as it is certain to fail.
    [[nodiscard]] bool may_end_early(const Ask& ask) const;
    void collect(const FinishedJob& job);
    void collect_trial(std::int64_t place, const FinishedJob& job, const FinishedPart& part);
    void write_partial(const Open& open);
    /// What is to be told next has its result.
    [[nodiscard]] bool can_tell() const;
    /// Journals it, tells the strategy and the listener, and judges the stop conditions. @pre can_tell()
    void tell_next();
    void tell_probe(const Open& open);
    void tell_trial(const Open& open);
    void write_trial(const FinishedTrial& trial, const Open& open);
    void deliver_best();
    void report(const FinishedTrial& trial, const Open& open);
    void wind_down();
    void check_candidate(const std::string& what, const Candidate& candidate, const std::string& journalled) const;

    /// Nothing passed: of the trials that ended early, those that may be better than the best are evaluated to the end.
    void complete_best();
    [[nodiscard]] std::optional<journal::TrialResult> evaluate_fully(const FinishedTrial& trial);
    /// Times the best passing candidates side by side and delivers the fastest.
    void choose_finalist();
    void finish_run();

    CoordinatorSetup setup_;
    Evaluator& evaluator_;
    Dispatcher dispatcher_;
    std::chrono::nanoseconds start_;
    std::chrono::nanoseconds search_start_{0};  ///< calibration and baseline are over
    Earlier earlier_;

    std::optional<LatencyTable> latency_;
    std::unique_ptr<Strategy> strategy_;
    std::optional<Goal> goal_;
    std::optional<Delivery> delivery_;
    bool has_difficulty_ = false;
    std::map<std::int64_t, Open> open_;  ///< by place in the order of asking; asked, not told
    Group group_;
    /// Dispatcher item -> places; of a group, those of its candidates in order.
    std::map<std::int64_t, std::vector<std::int64_t>> items_;
    std::int64_t asked_ = 0;  ///< places
    std::int64_t told_ = 0;
    std::int64_t trials_asked_ = 0;
    std::int64_t trials_told_ = 0;
    std::int64_t probes_asked_ = 0;
    std::int64_t live_told_ = 0;  ///< trials, without replayed ones
    std::vector<FinishedTrial> ended_early_;
    bool is_strategy_done_ = false;
    std::optional<EndReason> end_;
    Result result_;
    bool is_best_undelivered_ = false;
};

}  // namespace halftone::tune
