#pragma once
// ModelEvaluator: the Evaluator over real kernels and data. It checks that model and data fit, builds the parts that do
// the work (calibrator, candidate factory, scorer, prober) and hands each job to its part. Not thread-safe: each rank
// has one.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/dataset.hpp"
#include "eval/calibrator.hpp"
#include "eval/candidate_factory.hpp"
#include "eval/prober.hpp"
#include "eval/sample_source.hpp"
#include "eval/scorer.hpp"
#include "eval/session_resources.hpp"
#include "exec/prepared_model.hpp"
#include "metric/metric_set.hpp"
#include "space/search_space.hpp"
#include "trial/evaluator.hpp"

namespace halftone {

/// What the evaluator works on; everything outlives it.
struct EvaluationSetup {
    const PreparedModel* model = nullptr;
    /// What metrics call fp32, where they compare with its outputs. Null: `model` itself, which is fp32 in a search.
    /// In a search it is also scored as the baseline: a quantized file as it is written.
    const PreparedModel* baseline = nullptr;
    const SearchSpace* space = nullptr;     ///< null when nothing is tuned (the command eval): only scores can be asked
    const Pipeline* calibration = nullptr;  ///< null: ranges come from elsewhere, and nothing can be probed
    const Pipeline* evaluation = nullptr;   ///< null: nothing can be scored
    MetricSet* metrics = nullptr;           ///< bound here; null only if `evaluation` is null
    std::int64_t shards = 20;
    /// Of the executor, unless the model fixes it or must run sample by sample (eval/model_feed.hpp). Shards are padded
    /// with zeros to it.
    std::int64_t batch = 25;
    WeightTreatment treatment{};  ///< of every candidate
    BiasCorrection bias_correction = BiasCorrection::none;
    std::int64_t samples = -1;                        ///< evaluate only the first so many; -1 = all
    std::size_t cache_bytes = std::size_t{1} << 30U;  ///< preprocessed evaluation samples that a process may keep
    /// Whether samples are read by a thread of their own while others run (SampleCut::reads_ahead).
    bool reads_ahead = false;
    /// Results that candidates evaluated together may keep for one another.
    std::size_t prefix_bytes = std::size_t{1} << 30U;
};

class ModelEvaluator final : public Evaluator {
public:
    /// @throws ConfigError when a pipeline's samples do not fit the model's inputs, or are too few, or when the model's
    /// outputs cannot be scored
    explicit ModelEvaluator(const EvaluationSetup& setup);
    ModelEvaluator(const ModelEvaluator&) = delete;  // the parts refer to one another
    ModelEvaluator& operator=(const ModelEvaluator&) = delete;

    [[nodiscard]] std::int64_t shards(JobKind kind) const override;
    /// @throws MpiError for a job that this rank cannot run: a candidate outside of its search space, a shard beyond
    /// its data
    [[nodiscard]] ShardResult run(const Job& job, std::int64_t shard) override;
    void install_calibration(const std::string& merged) override;
    void install_difficulty(const std::string& merged) override;
    [[nodiscard]] std::string merge_calibration(const std::vector<std::string>& payloads) override;
    void install_baseline(const Score& score, const Judgements& judgements) override;
    [[nodiscard]] std::unique_ptr<ScoreMerge> start_score() const override;
    [[nodiscard]] Judgements merge_judgements(const std::vector<std::string>& payloads) const override;
    [[nodiscard]] std::string merge_difficulty(const std::vector<std::string>& payloads) const override;
    [[nodiscard]] ProbeResult merge_probe(const std::vector<std::string>& payloads) const override;

    /// Returns into how many shards the first `samples` samples of the calibration set are cut. @pre one was given
    [[nodiscard]] std::int64_t calibration_shards(std::int64_t samples) const;
    /// Returns how many samples run together: the config's number, unless the model fixes it or runs sample by sample.
    [[nodiscard]] std::int64_t batch() const { return resources_.batch; }

    /// Returns how many samples the evaluation set has. @pre one was given
    [[nodiscard]] std::int64_t evaluation_samples() const { return evaluation_samples_.value().size(); }
    /// Returns how many samples of the evaluation set this process left out (on_bad_sample: skip), because it could not
    /// read them or the metrics cannot use their targets. @pre an evaluation set was given
    [[nodiscard]] std::int64_t skipped_samples() const {
        return evaluation_samples_.value().skipped() + (scorer_ ? scorer_->unusable_samples() : 0);
    }

    /// The parts, for whoever needs more than jobs. @pre a space was given
    [[nodiscard]] const Calibrator& calibrator() const { return calibrator_.value(); }
    [[nodiscard]] CandidateFactory& factory() { return factory_.value(); }
    /// @pre an evaluation set was given
    [[nodiscard]] Scorer& scorer() { return scorer_.value(); }

private:
    [[nodiscard]] ShardResult run_kind(const Job& job, std::int64_t shard);
    void add_scorer(const EvaluationSetup& setup);
    void add_calibration(const EvaluationSetup& setup);
    [[nodiscard]] bool can_run(const Job& job, std::int64_t shard) const;

    // Later members refer to earlier ones, so the order is that of construction. All stay where they are.
    std::int64_t shards_;       ///< that the config asks for
    const SearchSpace* space_;  ///< null if nothing is tuned
    SessionResources resources_;
    InputFields calibration_fields_;                   ///< which field of the calibration set feeds each input
    InputFields evaluation_fields_;                    ///< the same of the evaluation set
    std::optional<SampleSource> calibration_samples_;  ///< empty without calibration set or space
    std::optional<SampleSource> evaluation_samples_;   ///< empty without evaluation set
    std::optional<Calibrator> calibrator_;             ///< empty without space, as are factory and prober
    std::optional<CandidateFactory> factory_;
    std::optional<Scorer> scorer_;  ///< empty without evaluation set
    std::optional<Prober> prober_;
};

}  // namespace halftone
