#pragma once
// Evaluator: does the work of one job on one shard, anywhere; and merges what came back, on rank 0. Payloads are opaque
// to the coordinator, so it needs to know neither statistics nor metrics.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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
    TrialId trial{};                     ///< of `evaluate`; none for what is no new trial
    Candidate candidate{};               ///< of `evaluate` and `probe`
    std::vector<Candidate> followers{};  ///< of `evaluate`: trials trial + 1, …, run together with it
    bool may_end_early = false;          ///< of `evaluate`: shards behind those that settle the verdict need not run
    ProbeKind probe = ProbeKind::unit_errors;  ///< of `probe`
};

/// What one shard gave. A failure is about the candidate; a broken world (data gone) throws instead.
struct ShardResult {
    std::string payload;
    std::string failure;  ///< not empty: this candidate cannot be evaluated
    /// Samples x units that were executed for it; units shared with an earlier candidate of the job count there.
    std::int64_t sample_units = 0;
    std::vector<ShardResult> followers{};  ///< one for each of the job's
};

class Evaluator {
public:
    virtual ~Evaluator() = default;

    /// Logical shards of a job; fixed by config and data, never by ranks. At least 1.
    [[nodiscard]] virtual std::int64_t shards(JobKind kind) const = 0;
    [[nodiscard]] virtual ShardResult run(const Job& job, std::int64_t shard) = 0;
    /// Makes merged calibration results known to this process; needed before the first `evaluate`.
    virtual void install_calibration(const std::string& merged) = 0;
    /// Makes known what the fp32 model got wrong (merge_difficulty). From then on candidates see the hardest samples
    /// first, so that a failing trial shows early.
    virtual void install_difficulty(const std::string& merged);

    // On rank 0; payloads in shard order, one per shard of the job.
    [[nodiscard]] virtual std::string merge_calibration(const std::vector<std::string>& payloads) = 0;
    [[nodiscard]] virtual Score merge_scores(const std::vector<std::string>& payloads) const = 0;
    /// What the accuracy can still become, from the first shards' payloads; nothing where the metric cannot say.
    [[nodiscard]] virtual std::optional<AccuracyBounds> bounds(const std::vector<std::string>& payloads) const;
    /// One character for each evaluation sample, '0' for wrong and rising with the margin of a right answer, from the
    /// baseline's payloads; empty where the metric has no margins.
    [[nodiscard]] virtual std::string merge_difficulty(const std::vector<std::string>& payloads) const;
    [[nodiscard]] virtual ProbeResult merge_probe(const std::vector<std::string>& payloads) const;
};

}  // namespace halftone
