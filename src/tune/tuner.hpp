#pragma once
// The interface of the room: the inputs of a tune run (RunSettings, RunServices, Listener), its result (RunResult), and
// the two functions that run it. Rank 0 calls run_coordinator, all other ranks call run_worker.

#include <cstdint>
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

/// A trial whose result is known.
struct FinishedTrial {
    TrialId trial;
    Candidate candidate;
    Outcome outcome;
    bool is_pass = false;  ///< it meets the goal
};

/// How far the run is, for a progress line.
struct Progress {
    std::int64_t trials = 0;  ///< told so far
    std::int64_t max_trials = 0;
    std::string stage;  ///< of the strategy, when it asked for the trial
    std::optional<double> best_accuracy;
    bool is_goal_met = false;
    double elapsed_s = 0;        ///< of all sessions
    double trial_s = 0;          ///< mean wall time of a trial in this session; 0 means that it is unknown
    std::int64_t most_left = 0;  ///< trials that may still follow, by max_trials and the strategy's bound
    /// Seconds until the end if the next candidate meets the goal; empty if the strategy cannot say.
    std::optional<double> expected_left_s = {};
    std::optional<double> latency_ms = {};  ///< of the trial, predicted by the latency table; empty without a table
    bool is_replayed = false;               ///< told from the journal of an earlier session
};

/// The work that is going on between two results, for a progress line that shows that the run still works.
struct WorkInHand {
    JobKind kind = JobKind::evaluate;  ///< of the lowest unfinished job
    std::int64_t shards_done = 0;      ///< of all jobs that are out
    std::int64_t shards = 0;           ///< of all jobs that are out
    std::int64_t busy_workers = 0;     ///< that have a shard to run
    std::int64_t workers = 0;
    double elapsed_s = 0;  ///< of all sessions
    /// As Progress::expected_left_s; empty also before the search begins.
    std::optional<double> expected_left_s = {};
};

/// Is told the events of a run, on rank 0. All calls come from the loop of run_coordinator.
class Listener {
public:
    virtual ~Listener() = default;
    /// The evaluator of this rank has merged and installed the calibration. Also on resume, where it is made again.
    virtual void on_calibration() {}
    /// Called about twenty times a second while the run waits for results.
    virtual void on_work(const WorkInHand& /*work*/) {}
    virtual void on_baseline(const Score& score) = 0;
    /// Called for every told trial in trial order, also for those that are replayed from the journal.
    virtual void on_trial(const FinishedTrial& trial, const std::string& stage, const Progress& progress) = 0;
    /// Called for every told probe in order, also for those that are replayed from the journal.
    virtual void on_probe(const ProbeRequest&, const ProbeResult&, const std::string& /*stage*/) {}
    /// The best trial so far changed: write best.onnx and best.yaml before returning. It comes after on_trial of that
    /// trial; while trials are replayed it waits for the last of them. @throws IoError
    virtual void on_best(const FinishedTrial& best, const Score& baseline) = 0;
};

/// Functions that a run calls on rank 0. The application implements them; tests have a toy (support/toy_tuning.hpp).
/// Everything that is returned by reference outlives the run.
class RunServices {
public:
    virtual ~RunServices() = default;

    [[nodiscard]] virtual const SearchSpace& space() const = 0;
    [[nodiscard]] virtual journal::Writer& journal() = 0;
    [[nodiscard]] virtual const Clock& clock() const = 0;
    /// Returns whether a signal asks the run to stop. It is called every 50 ms and after every shard.
    [[nodiscard]] virtual bool is_stop_requested() const = 0;
    /// Called once, when the accuracy of fp32 is known.
    /// @param latency  gives the latency table; empty if this run has none
    [[nodiscard]] virtual std::unique_ptr<Strategy> make_strategy(const Goal& goal, double baseline,
                                                                  const LatencySource& latency) = 0;

    /// Returns whether measure_latency() can be called. If not, the run has no latency table.
    [[nodiscard]] virtual bool can_measure_latency() const { return false; }
    /// Measures the table while no other rank works.
    [[nodiscard]] virtual LatencyTable measure_latency();

    /// Return the size and memory costs of the fp32 model, or of a candidate; the latency is left at 0. They are called
    /// only if the objective weighs one of the two.
    [[nodiscard]] virtual Costs fp32_costs() { return {}; }
    [[nodiscard]] virtual Costs costs(const Candidate&) { return {}; }

    /// Returns whether time_finalists() can be called. If not, the best is chosen by the latency table alone.
    [[nodiscard]] virtual bool can_time_finalists() const { return false; }
    /// Times whole models in turn while no other rank works. Returns milliseconds for one run of each.
    [[nodiscard]] virtual std::vector<MedianInterval> time_finalists(const std::vector<Candidate>&) { return {}; }
};

/// A limit on the loss of one metric, in addition to the goal.
struct MetricLimit {
    std::string metric;
    AccuracyCriterion criterion;
};

/// The settings of the search from the user's config.
struct RunSettings {
    AccuracyCriterion criterion;
    std::vector<MetricLimit> limits = {};
    double timeout_s = 0;  ///< 0 means: end at the first trial that meets the goal
    std::int64_t max_trials = 100;
    bool calibrate_only = false;  ///< there is no evaluation data: end after calibration, without baseline or trials
    /// A trial that needs only a verdict ends as soon as it is certain to fail.
    bool early_termination = true;
    /// Candidates that the strategy groups are evaluated together and share their first units.
    bool prefix_reuse = true;
    std::int64_t finalists = 3;       ///< number of passing candidates that are timed at the end; below 2, none is
    ObjectiveWeights objective = {};  ///< decides between trials that meet the goal
    ObjectiveUnmet objective_unmet = ObjectiveUnmet::smallest;  ///< what is delivered if none of them is fast enough
};

/// Compares the delivered model's time with fp32's, both measured in turn. It is for strategies that guard speed.
struct SpeedVerdict {
    MedianInterval fp32_ms;
    MedianInterval best_ms;
    bool is_faster = false;  ///< beyond both intervals. If not, RunSettings::objective_unmet chose what is delivered
    friend bool operator==(const SpeedVerdict&, const SpeedVerdict&) = default;
};

struct RunResult {
    EndReason reason = EndReason::exhausted;
    std::int64_t trials = 0;  ///< told to the strategy
    /// A passing trial or, if none passes, the best failing one; empty without any. The trial -1 is the fp32 model,
    /// whose evaluation was the baseline.
    std::optional<FinishedTrial> best;
    Score baseline;
    bool is_goal_met = false;
    double gap = 0;  ///< of the best to the goal, in metric units; <= 0 when met
    std::int64_t sample_units = 0;
    std::vector<FinishedTrial> scored = {};    ///< all trials with an accuracy, in order
    std::vector<FinishedTrial> passing = {};   ///< all trials that meet the goal, in order
    std::vector<std::string> heuristics = {};  ///< of the strategy, in words
    std::optional<LatencyTable> latency = {};  ///< set if something asked for the table
    std::optional<SpeedVerdict> speed = {};    ///< set if the strategy guards speed and a trial passed
};

/// Runs the search on rank 0. When it returns or throws, every worker has stopped and said so.
/// @param replay  records of earlier sessions, header first; empty for a new run
/// @throws Error when the run cannot go on; the workers are told to stop first
[[nodiscard]] RunResult run_coordinator(Communicator& comm, Evaluator& evaluator, const RunSettings& settings,
                                        RunServices& services, Listener& listener,
                                        const std::vector<journal::Record>& replay);

/// Ranks above 0: works until rank 0 says Stop.
void run_worker(Communicator& comm, Evaluator& evaluator);

}  // namespace halftone::tune
