#pragma once
// One tune run: rank 0 asks the strategy, spreads work items (job x shards) over the workers, journals results and
// tells the strategy in trial order; the other ranks answer. One rank alone does both.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/median_interval.hpp"
#include "comm/communicator.hpp"
#include "journal/journal.hpp"
#include "trial/costs.hpp"
#include "trial/evaluator.hpp"
#include "trial/strategy.hpp"
#include "trial/trial.hpp"

namespace halftone::tune {

/// Why a run ended.
enum class EndReason { goal_met, max_trials, timeout, exhausted, interrupted };
inline constexpr EnumNames<EndReason, 5> kEndReasonNames{{{{EndReason::goal_met, "goal_met"},
                                                           {EndReason::max_trials, "max_trials"},
                                                           {EndReason::timeout, "timeout"},
                                                           {EndReason::exhausted, "exhausted"},
                                                           {EndReason::interrupted, "interrupted"}}}};

struct FinishedTrial {
    TrialId trial;
    Candidate candidate;
    Outcome outcome;
    bool is_pass = false;
};

struct Progress {
    std::int64_t trials = 0;
    std::int64_t max_trials = 0;
    std::string stage;
    std::optional<double> best_accuracy;
    bool is_goal_met = false;
    double elapsed_s = 0;
    double trial_s = 0;                     ///< mean wall time a trial; 0 = unknown
    std::optional<double> latency_ms = {};  ///< of the trial, by the latency table, where there is one
    bool is_replayed = false;               ///< told from the journal of an earlier session
};

/// What the run tells the outside, on rank 0. Called from the coordinator's loop.
class Listener {
public:
    virtual ~Listener() = default;
    /// The evaluator of this rank has merged and installed the calibration. Also on resume, where it is made again.
    virtual void on_calibration() {}
    virtual void on_baseline(const Score& score) = 0;
    /// Every told trial, replayed ones included, in order.
    virtual void on_trial(const FinishedTrial& trial, const std::string& stage, const Progress& progress) = 0;
    /// Every told probe, replayed ones included, in order.
    virtual void on_probe(const ProbeRequest&, const ProbeResult&, const std::string& /*stage*/) {}
    /// The best so far changed: write best.onnx and best.yaml before returning. Comes after on_trial of that trial;
    /// while trials are replayed it waits for the last of them. @throws IoError
    virtual void on_best(const FinishedTrial& best, const Score& baseline) = 0;
};

struct Settings {
    AccuracyCriterion criterion;
    double timeout_s = 0;  ///< 0: end at the first trial that meets the goal
    std::int64_t max_trials = 100;
    bool calibrate_only = false;  ///< no evaluation data: end after calibration, without baseline or trials
    /// Trials of which a verdict is enough end as soon as it is certain.
    bool early_termination = true;
    /// Candidates that the strategy groups are evaluated together and share their first units.
    bool prefix_reuse = true;
    std::int64_t finalists = 3;       ///< passing candidates that are timed at the end; below 2: none
    ObjectiveWeights objective = {};  ///< between trials that meet the goal
};

struct Result {
    EndReason reason = EndReason::exhausted;
    std::int64_t trials = 0;            ///< told
    std::optional<FinishedTrial> best;  ///< passing or, if none passes, the best failing one
    Score baseline;
    bool is_goal_met = false;
    double gap = 0;  ///< of the best to the goal, in metric units; <= 0 when met
    std::int64_t sample_units = 0;
    std::vector<FinishedTrial> scored = {};    ///< all trials with an accuracy, in order
    std::vector<FinishedTrial> passing = {};   ///< all trials that meet the goal, in order
    std::vector<std::string> heuristics = {};  ///< of the strategy, in words
    std::optional<LatencyTable> latency = {};  ///< where something asked for it
};

/// Everything rank 0 needs beyond the evaluator. `make_strategy` is called once the baseline is known.
struct CoordinatorSetup {
    Settings settings;
    const SearchSpace* space = nullptr;
    std::function<std::unique_ptr<Strategy>(const Goal& goal, double baseline, const LatencySource& latency)>
        make_strategy;
    std::function<LatencyTable()> measure_latency;  ///< may be empty: there is no table then
    /// Of a candidate but for its latency; null: fp32. Empty: trials are compared by their high-precision units.
    std::function<Costs(const Candidate* candidate)> costs;
    std::function<std::vector<MedianInterval>(const std::vector<Candidate>&)> time_finalists;  ///< may be empty
    journal::Writer* journal = nullptr;
    std::vector<journal::Record> replay;  ///< records of earlier sessions, header first; empty for a new run
    Listener* listener = nullptr;
    const Clock* clock = nullptr;
    const std::atomic<bool>* stop_requested = nullptr;  ///< set by a signal handler; may be null
};

/// Rank 0. Ends with every worker stopped and all their answers received.
/// @throws Error when the run cannot go on (workers are told to stop first)
[[nodiscard]] Result run_coordinator(Communicator& comm, Evaluator& evaluator, const CoordinatorSetup& setup);

/// Ranks above 0: works until Stop.
void run_worker(Communicator& comm, Evaluator& evaluator);

}  // namespace halftone::tune
