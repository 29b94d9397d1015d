#pragma once
// Evaluator: does the work of one job on one shard, anywhere; and merges what came back, on rank 0. Payloads are opaque
// to the coordinator, so it needs to know neither statistics nor metrics.

#include <cstdint>
#include <string>
#include <vector>

#include "space/candidate.hpp"
#include "trial/trial.hpp"

namespace halftone {

enum class JobKind : std::uint8_t {
    calibrate,  ///< fp32 statistics of the calibration data
    baseline,   ///< fp32 accuracy
    evaluate,   ///< accuracy of a candidate
};

struct Job {
    JobKind kind = JobKind::evaluate;
    TrialId trial;        ///< of `evaluate`
    Candidate candidate;  ///< of `evaluate`
};

/// What one shard gave. A failure is about the candidate; a broken world (data gone) throws instead.
struct ShardResult {
    std::string payload;
    std::string failure;  ///< not empty: this candidate cannot be evaluated
    std::int64_t sample_units = 0;
};

class Evaluator {
public:
    virtual ~Evaluator() = default;

    /// Logical shards of a job; fixed by config and data, never by ranks. At least 1.
    [[nodiscard]] virtual std::int64_t shards(JobKind kind) const = 0;
    [[nodiscard]] virtual ShardResult run(const Job& job, std::int64_t shard) = 0;
    /// Makes merged calibration results known to this process; needed before the first `evaluate`.
    virtual void install_calibration(const std::string& merged) = 0;

    // On rank 0; payloads in shard order, one per shard of the job.
    [[nodiscard]] virtual std::string merge_calibration(const std::vector<std::string>& payloads) const = 0;
    [[nodiscard]] virtual Score merge_scores(const std::vector<std::string>& payloads) const = 0;
};

}  // namespace halftone
