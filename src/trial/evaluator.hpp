#pragma once
// Evaluator: does the work of one job on one shard, on any rank, and merges the answers on rank 0. Answers are bytes
// (payloads) that only the evaluator understands, so the coordinator needs to know neither statistics nor metrics.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "space/candidate.hpp"
#include "trial/probe.hpp"
#include "trial/trial.hpp"

namespace halftone {

enum class JobKind : std::uint8_t {
    calibrate,  ///< fp32 statistics of the calibration data
    baseline,   ///< fp32 accuracy
    evaluate,   ///< accuracy of a candidate, or of several
    probe,      ///< errors of a candidate's values against fp32
};

struct Job {
    JobKind kind = JobKind::evaluate;
    TrialId trial{};                     ///< for `evaluate`; -1 if the evaluation is no new trial
    Candidate candidate{};               ///< for `evaluate` and `probe`
    std::vector<Candidate> followers{};  ///< for `evaluate`: trials trial + 1, trial + 2, …, run together with it
    bool may_end_early = false;          ///< for `evaluate`: shards after those that settle the verdict need not run
    ProbeKind probe = ProbeKind::unit_errors;  ///< for `probe`
};

/// The result of one shard. `failure` is for faults of the candidate; other faults (the data are gone) are exceptions.
struct ShardResult {
    std::string payload;
    std::string failure;  ///< if not empty, this candidate cannot be evaluated, and the text says why
    /// Samples x units that were executed for it. Units shared with an earlier candidate of the job count for that one.
    std::int64_t sample_units = 0;
    std::vector<ShardResult> followers{};  ///< one for each follower of the job
};

/// A score cannot be computed although all shards are there. Then the trial fails and the search goes on; if it is the
/// baseline's score, the run ends.
struct ScoreFailure : Error {
    explicit ScoreFailure(std::string message) : Error(ExitCode::model, std::move(message)) {}
};

/// The score of one candidate while its shards arrive. Rank 0 has one for each job that it judges.
class ScoreMerge {
public:
    virtual ~ScoreMerge() = default;
    /// Adds the payload of the next shard. @throws MpiError when it is damaged
    virtual void add(const std::string& payload) = 0;
    /// Returns the score of all shards so far. Some metrics take long for this. @pre at least one was added
    /// @throws ScoreFailure
    [[nodiscard]] virtual Score score() const = 0;
    /// Returns the bounds of the final accuracy, or nothing if the metric has no bounds.
    [[nodiscard]] virtual std::optional<AccuracyBounds> bounds() const { return std::nullopt; }
};

/// The fp32 model's judgements: one number for each sample, whose mean is the metric. The position is the number of the
/// sample in its data set; NaN means that there is none. If a metric does not judge single samples: its values on the
/// random draws of the samples that the evaluator makes. Empty: the metric has neither.
using Judgements = std::vector<double>;

class Evaluator {
public:
    virtual ~Evaluator() = default;

    /// Returns the number of shards of a job, at least 1. Config and data decide it, never the number of ranks.
    [[nodiscard]] virtual std::int64_t shards(JobKind kind) const = 0;
    [[nodiscard]] virtual ShardResult run(const Job& job, std::int64_t shard) = 0;
    /// Gives this process the merged calibration, which it needs before the first `evaluate` or `probe`.
    virtual void install_calibration(const std::string& merged) = 0;
    /// Tells which samples the fp32 model answers wrongly (the result of merge_difficulty). From then on trials that
    /// may end early see the hardest samples first, so that a failing trial ends early.
    virtual void install_difficulty(const std::string& merged);
    /// Gives the baseline to the process that merges scores (rank 0). From then on scores have a loss.
    virtual void install_baseline(const Score& score, const Judgements& judgements);

    // The functions below run on rank 0. They take the payloads in shard order, one for each shard of the job.

    /// Returns the score that the payloads make together. @pre there is at least one
    [[nodiscard]] Score merge_scores(const std::vector<std::string>& payloads) const;

    [[nodiscard]] virtual std::string merge_calibration(const std::vector<std::string>& payloads) = 0;
    [[nodiscard]] virtual std::unique_ptr<ScoreMerge> start_score() const = 0;
    /// Returns the fp32 model's judgements, from the payloads of the baseline.
    [[nodiscard]] virtual Judgements merge_judgements(const std::vector<std::string>& payloads) const;
    /// Returns one character for each evaluation sample, from the payloads of the baseline: '0' for a wrong answer,
    /// then rising with the margin of the right one. The text is empty if the metric has no margins.
    [[nodiscard]] virtual std::string merge_difficulty(const std::vector<std::string>& payloads) const;
    [[nodiscard]] virtual ProbeResult merge_probe(const std::vector<std::string>& payloads) const;
};

}  // namespace halftone
