#pragma once
// Conversation: the dialogue with the strategy. It asks the strategy for candidates and probes, gives them to the
// dispatcher, keeps the results until their turn has come, and tells them in the order of the asks. It also replays the
// journal.

#include <chrono>
#include <cstdint>
#include <future>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tune/latency_on_demand.hpp"
#include "tune/run_context.hpp"
#include "tune/stop_conditions.hpp"

namespace halftone::tune {

/// A trial or a probe for which the strategy has asked and whose result it was not told yet.
struct PendingAsk {
    Ask ask;
    std::int64_t number = 0;                     ///< of the trial, or of the probe
    std::optional<journal::TrialResult> result;  ///< of a trial; empty until it is finished
    std::optional<ProbeResult> errors;           ///< of a probe; empty until it is finished
    bool is_replayed = false;                    ///< its record is in the journal already
    [[nodiscard]] bool is_probe() const { return ask.kind == Ask::Kind::probe; }
    [[nodiscard]] bool is_finished() const { return result.has_value() || errors.has_value(); }
};

/// A trial that was journaled and told to the strategy just now.
struct ToldTrial {
    FinishedTrial trial;
    journal::TrialResult result;
    std::string stage;
    bool is_replayed = false;
};

class Conversation {
public:
    /// Functions that the conversation calls; both outlive it.
    struct Surroundings {
        const StopConditions& stop;
        const LatencyOnDemand& latency;
    };
    /// @param can_end_early  whether the evaluators know which samples are difficult, so that a trial that needs only a
    /// verdict may end early
    Conversation(const RunContext& run, const Goal& goal, std::unique_ptr<Strategy> strategy, Surroundings around,
                 bool can_end_early);

    /// Asks as long as workers could run out of work, and submits the trials and probes.
    void ask_more();
    /// Takes a finished job. The results of a probe are stored with its pending ask at once. Trials are scored by a
    /// thread: a metric may run a user's program for minutes, and the workers need their next shards meanwhile.
    void collect(FinishedJob job);
    /// Stores the results of the trials that are scored by now, after waiting up to `wait` for the oldest job.
    /// @throws what scoring threw
    void collect_scores(std::chrono::nanoseconds wait);
    /// Waits for all scores and drops them: nothing may run beside latencies that are measured next.
    void drop_scores() { scoring_.clear(); }
    /// Returns whether trials are being scored.
    [[nodiscard]] bool is_scoring() const { return !scoring_.empty(); }
    /// Returns whether the trial or probe that is next in order has its result.
    [[nodiscard]] bool can_tell() const;
    /// Journals the next trial or probe and tells it to the strategy. Returns the trial; nothing if it was a probe,
    /// which the listener has then been told. @pre can_tell()
    std::optional<ToldTrial> tell_next();

    /// Returns the samples of the probe that was told last; 0 if it failed, or if none was told.
    [[nodiscard]] std::int64_t probed_samples() const { return probed_samples_; }
    /// Returns whether the candidate of that probe has a preparation; false if none was told.
    [[nodiscard]] bool is_probe_prepared() const { return is_probe_prepared_; }

    /// Returns whether the journal has a trial that was not told yet.
    [[nodiscard]] bool has_replay() const { return run_.history.trials.contains(state_.trials_told); }
    /// Asks once, for a trial or probe whose result the journal has. Returns false if it does not, which ends the
    /// replay.
    /// @pre has_replay()
    /// @throws ConfigError when the strategy asks for another candidate than the journal names
    [[nodiscard]] bool ask_for_replay();

    [[nodiscard]] SearchState state() const;
    [[nodiscard]] const Strategy& strategy() const { return *strategy_; }

private:
    /// Candidates of one group that were not handed out yet.
    struct Group {
        std::int64_t id = 0;
        std::int64_t first_trial = 0;
        std::vector<Candidate> candidates;
        std::vector<std::int64_t> sequence_numbers;  ///< those of the candidates in pending_
    };

    /// A job whose trials are being scored.
    struct Scoring {
        std::vector<std::int64_t> answered;  ///< sequence numbers, in the order of the results
        std::future<std::vector<journal::TrialResult>> results;
    };

    void add(Ask ask);
    void add_trial(PendingAsk& pending);
    void add_probe(PendingAsk& pending);
    void submit_alone(const PendingAsk& pending);
    void submit_group();
    void collect_trial(std::int64_t sequence_number, const journal::TrialResult& result);
    void tell_probe(const PendingAsk& pending);
    [[nodiscard]] ToldTrial tell_trial(const PendingAsk& pending);
    void write_trial(const FinishedTrial& trial, const PendingAsk& pending);

    RunContext run_;
    Goal goal_;
    std::unique_ptr<Strategy> strategy_;
    Surroundings around_;
    bool can_end_early_;
    std::map<std::int64_t, PendingAsk> pending_;  ///< by sequence number
    Group group_;
    /// From a dispatcher's item to the sequence numbers that it answers; of a group, those of its candidates in order.
    std::map<std::int64_t, std::vector<std::int64_t>> items_;
    std::list<Scoring> scoring_;             ///< the oldest first; its futures wait for their threads when they go
    std::int64_t next_sequence_number_ = 0;  ///< of the next trial or probe that the strategy asks for
    std::int64_t next_to_tell_ = 0;          ///< a sequence number
    std::int64_t probes_asked_ = 0;
    SearchState state_;  ///< has_pending is filled in by state(), has_passing_trial here
    std::int64_t probed_samples_ = 0;
    bool is_probe_prepared_ = false;
};

}  // namespace halftone::tune
