#pragma once
// Scorer: what the metrics say of the fp32 model, of candidates and of any graph on the evaluation set, and what can be
// said before all shards are there. Not thread-safe; everything that the constructor takes outlives it.

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "eval/answers.hpp"
#include "eval/baseline_outputs.hpp"
#include "eval/candidate_factory.hpp"
#include "eval/candidate_group.hpp"
#include "eval/sample_source.hpp"
#include "eval/session_resources.hpp"
#include "eval/shaped_sessions.hpp"
#include "eval/shard_score.hpp"
#include "eval/target_check.hpp"
#include "exec/prepared_model.hpp"
#include "exec/session.hpp"
#include "metric/metric_set.hpp"
#include "trial/evaluator.hpp"

namespace halftone {

/// What a scorer works on. All pointers outlive it.
struct ScorerSetup {
    const PreparedModel* model = nullptr;
    const PreparedModel* baseline = nullptr;  ///< the model whose outputs metrics compare with; in a search also the
                                              ///< one that is scored as the baseline
    const MetricSet* metrics = nullptr;       ///< bound to the model and the data set
    SampleSource* samples = nullptr;          ///< the evaluation set
    SessionResources* resources = nullptr;
    CandidateFactory* factory = nullptr;  ///< null when nothing is tuned: then candidates cannot be scored
    std::size_t prefix_bytes = 0;         ///< memory for results that candidates of one job share
    std::size_t baseline_bytes = 0;       ///< memory for fp32's outputs, where a metric compares with them
};

class Scorer {
public:
    explicit Scorer(const ScorerSetup& setup);

    /// Scores one shard with the fp32 model, and takes the margin of each sample's answer where the metric has margins.
    [[nodiscard]] ShardResult run_baseline(std::int64_t shard);
    /// Scores one shard with the job's candidate and its followers. A candidate that cannot be built is a failure in
    /// its own result; the others are scored all the same.
    [[nodiscard]] ShardResult run_candidates(const Job& job, std::int64_t shard);
    /// Scores any graph on the whole evaluation set in this process.
    /// @param logits  null, or receives the first output: [samples, values of one sample], f32
    /// @throws ModelError when logits are asked for and the first output is not fp32 with a row for each sample
    [[nodiscard]] Score score_graph(const Graph& graph, Tensor* logits);

    /// Returns the score of no shard yet. Shards are added in their order; bounds count every sample that is missing as
    /// wrong for the lower bound, as right for the upper one.
    [[nodiscard]] std::unique_ptr<ScoreMerge> start_score() const;
    /// Returns fp32's judgement of each sample, from all payloads of the baseline.
    [[nodiscard]] Judgements merge_judgements(const std::vector<std::string>& payloads) const;
    /// From now on scores have a loss, paired with these judgements.
    void install_baseline(const Score& score, const Judgements& judgements);
    /// Returns how hard each sample is (eval/difficulty.hpp), from all payloads of the baseline; empty if the metric
    /// has no margins.
    [[nodiscard]] std::string merge_difficulty(const std::vector<std::string>& payloads) const;
    /// Returns how many samples were left out because the metrics cannot use their targets (on_bad_sample: skip).
    [[nodiscard]] std::int64_t unusable_samples() const { return targets_.unusable(); }
    /// Puts the samples in the order of their difficulty, hardest first.
    /// @throws ConfigError when the text belongs to another number of samples
    void install_difficulty(const std::string& difficulty);

private:
    /// Sessions of one job's candidates for batches of this shape.
    struct ShapedGroup {
        SessionShape shape;
        CandidateGroup group;
    };
    /// Returns whether the sample was added. It is left out where its targets are of no use and that is allowed.
    /// @throws DataError
    bool add_answer(ShardScore& scored, const SampleAnswer& answer);
    [[nodiscard]] CandidateGroup& group_for(const Job& job, const SessionShape& shape);
    /// Returns fp32's outputs for the batch in the session's inputs; empty if no metric asks for them.
    [[nodiscard]] std::vector<TensorView> fp32_outputs(const SampleBatch& batch, const SessionShape& shape,
                                                       const Session& session);

    ScorerSetup setup_;
    ScoredOutputs outputs_;  ///< of the fp32 model, and so of every candidate
    UnpaddedValues unpadded_;
    BaselineOutputs fp32_outputs_;
    TargetCheck targets_;
    std::optional<KnownBaseline> known_baseline_;  ///< empty before install_baseline()
    std::unique_ptr<ShapedSessions> baseline_;     ///< of the fp32 model; null before the baseline and after it
    std::list<ShapedGroup> groups_;                ///< sessions of the last jobs, the most recent first
};

}  // namespace halftone
