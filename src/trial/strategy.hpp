#pragma once
// Strategy: decides which candidate is next, from the space and past scores alone; it has no clock, no I/O, no ranks.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "space/search_space.hpp"
#include "trial/latency_table.hpp"
#include "trial/probe.hpp"
#include "trial/trial.hpp"

namespace halftone {

/// The answer of a strategy: a candidate to evaluate, a probe, "I need more outcomes first", or "I am done".
struct Ask {
    enum class Kind { candidate, probe, wait, done };
    Kind kind = Kind::done;
    Candidate candidate = {};
    std::string stage = {};     ///< "model_wise", "fallback_one", …: for the journal
    bool verdict_only = false;  ///< pass or fail suffices: the trial may end early, without an accuracy
    /// Candidates of one group that are asked for one after another, without a wait between them, may be evaluated
    /// together, so that units which they share run once. 0 means no group.
    std::int64_t group = 0;
    ProbeRequest probe = {};

    static Ask wait() { return of_kind(Kind::wait); }
    static Ask done() { return of_kind(Kind::done); }
    static Ask for_trial(Candidate candidate, std::string stage) {
        Ask ask = of_kind(Kind::candidate);
        ask.candidate = std::move(candidate);
        ask.stage = std::move(stage);
        return ask;
    }
    static Ask for_probe(ProbeRequest request, std::string stage) {
        Ask ask = of_kind(Kind::probe);
        ask.probe = std::move(request);
        ask.stage = std::move(stage);
        return ask;
    }

private:
    static Ask of_kind(Kind kind) {
        Ask ask;
        ask.kind = kind;
        return ask;
    }
};

/// The trials and probes that a strategy will still need if its next candidate meets the goal, untold ones included.
struct Outlook {
    std::int64_t probes = 0;
    std::int64_t prepared_probes = 0;  ///< those of `probes` whose candidate has a preparation; they take longer
    std::int64_t trials = 0;
    /// The share of a trial's units that run in 8 bits, summed over the trials: from 0 (all of them are fp32) to
    /// `trials` (all units of all of them are quantized). It shows how fast these trials are, compared with fp32's.
    double quantized = 0;
    friend bool operator==(const Outlook&, const Outlook&) = default;
};

/// The n-th candidate (from 0) is trial n, the n-th probe is probe n. Outcomes and results are told in the order of the
/// asks. Answers depend only on what was asked and told, so they are the same for any number of workers. A strategy
/// never asks for an effective candidate (hash) twice. It answers `wait` only while something asked is untold.
class Strategy {
public:
    virtual ~Strategy() = default;
    [[nodiscard]] virtual Ask ask() = 0;
    virtual void tell(TrialId trial, const Outcome& outcome) = 0;
    /// Returns whether the strategy improves on candidates that meet the goal and ends by itself; then the first
    /// passing trial does not end the search.
    [[nodiscard]] virtual bool refines() const { return false; }
    /// Returns whether a result that is not faster than fp32 must not be delivered as it is: the run then times fp32
    /// beside the finalists and lets tuning.objective_unmet decide.
    [[nodiscard]] virtual bool guards_speed() const { return false; }
    /// Returns the largest number of trials for which it may still ask, or nothing if it cannot say. It is for a
    /// progress line only: the strategy may ask for far fewer.
    [[nodiscard]] virtual std::optional<std::int64_t> most_trials_left() const { return std::nullopt; }
    /// Returns the trials and probes that follow if the next candidate passes; nothing if the strategy cannot say, for
    /// example after a candidate has failed. For the time left only.
    [[nodiscard]] virtual std::optional<Outlook> outlook() const { return std::nullopt; }
    /// Returns the heuristic steps that the strategy has taken so far, in words for the report. They may miss a better
    /// candidate, but the delivered model was always evaluated.
    [[nodiscard]] virtual std::vector<std::string> heuristics() const { return {}; }
    /// Called only for strategies that ask for probes.
    virtual void tell_probe(std::int64_t probe, const ProbeResult& result);
};

struct StrategyContext {
    const SearchSpace& space;  ///< outlives the strategy
    Goal goal;
    double baseline = 0;  ///< fp32 accuracy
    std::uint64_t seed = 0;
    ModelWise model_wise = ModelWise::uniform;
    ConfigNode settings = {};  ///< the strategy's section of the config
    std::int64_t batch = 8;    ///< candidates of a batch, in strategies whose batches need the outcomes of earlier ones
    double accuracy_weight = 1;  ///< for a loss that weighs accuracy and latency
    double latency_weight = 1;
    LatencySource latency = {};       ///< empty if there is no table, as in toys
    ObjectiveWeights objective = {};  ///< decides between candidates that meet the goal
};

}  // namespace halftone
