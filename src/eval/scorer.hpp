#pragma once
// Scorer: accuracy of the fp32 model, of candidates and of any graph on the evaluation set, and what can be said about
// an accuracy before all shards are there. Not thread-safe; everything that the constructor takes outlives it.

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "eval/candidate_factory.hpp"
#include "eval/candidate_group.hpp"
#include "eval/sample_source.hpp"
#include "eval/session_resources.hpp"
#include "exec/prepared_model.hpp"
#include "exec/session.hpp"
#include "metric/metric.hpp"
#include "trial/evaluator.hpp"

namespace halftone {

/// What a scorer works on. All pointers outlive it.
struct ScorerSetup {
    const PreparedModel* model = nullptr;
    const Metric* metric = nullptr;
    SampleSource* samples = nullptr;  ///< the evaluation set
    SessionResources* resources = nullptr;
    CandidateFactory* factory = nullptr;  ///< null when nothing is tuned: then candidates cannot be scored
    std::size_t prefix_bytes = 0;         ///< memory for results that candidates of one job share
};

class Scorer {
public:
    explicit Scorer(const ScorerSetup& setup) : setup_(setup) {}

    /// Scores one shard with the fp32 model, and takes the margin of each sample's answer where the metric has margins.
    [[nodiscard]] ShardResult run_baseline(std::int64_t shard);
    /// Scores one shard with the job's candidate and its followers. A candidate that cannot be built is a failure in
    /// its own result; the others are scored all the same.
    [[nodiscard]] ShardResult run_candidates(const Job& job, std::int64_t shard);
    /// Scores any graph on the whole evaluation set in this process.
    /// @param logits  null, or receives the first output: [samples, values of one sample], f32
    /// @throws ModelError when the first output is not fp32 with a row for each sample
    [[nodiscard]] Score score_graph(const Graph& graph, Tensor* logits);

    /// Returns the score that the shards' payloads make together.
    [[nodiscard]] Score merge(const std::vector<std::string>& payloads) const;
    /// Returns what the accuracy can still become when only these payloads are there: the lower bound counts every
    /// sample that is missing as wrong, the upper one as right. Nothing if the metric does not count right answers.
    [[nodiscard]] std::optional<AccuracyBounds> bounds(const std::vector<std::string>& payloads) const;
    /// Returns how hard each sample is (eval/difficulty.hpp), from all payloads of the baseline; empty if the metric
    /// has no margins.
    [[nodiscard]] std::string merge_difficulty(const std::vector<std::string>& payloads) const;
    /// Puts the samples in the order of their difficulty, hardest first.
    /// @throws ConfigError when the text belongs to another number of samples
    void install_difficulty(const std::string& difficulty);

private:
    [[nodiscard]] CandidateGroup& group_for(const Job& job);
    [[nodiscard]] Score score_of(const MetricState& state) const;

    ScorerSetup setup_;
    std::unique_ptr<Session> baseline_;  ///< of the fp32 model; null before the baseline and after it
    std::list<CandidateGroup> groups_;   ///< sessions of the last jobs, the most recent first
};

}  // namespace halftone
