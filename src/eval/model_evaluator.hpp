#pragma once
// Evaluator over real kernels and data: calibrates the fp32 model, and scores candidates by executing the quantized
// graph that would be exported.

#include <algorithm>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "calib/table.hpp"
#include "data/dataset.hpp"
#include "eval/bias_corrector.hpp"
#include "eval/candidate_group.hpp"
#include "eval/error_probe.hpp"
#include "eval/sample_cache.hpp"
#include "exec/apply_plan.hpp"
#include "exec/prepared_model.hpp"
#include "exec/session.hpp"
#include "exec/smooth.hpp"
#include "metric/metric.hpp"
#include "space/search_space.hpp"
#include "trial/evaluator.hpp"

namespace halftone {

/// What the evaluator works on; everything outlives it.
struct EvaluationSetup {
    const PreparedModel* model = nullptr;
    const SearchSpace* space = nullptr;     ///< null when nothing is tuned (the command eval)
    const Pipeline* calibration = nullptr;  ///< may be null
    const Pipeline* evaluation = nullptr;   ///< may be null
    const Metric* metric = nullptr;         ///< may be null
    std::int64_t shards = 20;
    std::int64_t batch = 25;      ///< of the executor, unless the model fixes it; shards are padded with zeros to it
    WeightTreatment treatment{};  ///< of every candidate
    BiasCorrection bias_correction = BiasCorrection::none;
    std::int64_t samples = -1;                        ///< evaluate only the first so many; -1 = all
    std::size_t cache_bytes = std::size_t{1} << 30U;  ///< preprocessed evaluation samples that a process may keep
    /// Results that candidates evaluated together may keep for one another.
    std::size_t prefix_bytes = std::size_t{1} << 30U;
};

class ModelEvaluator final : public Evaluator {
public:
    /// @throws ConfigError when a pipeline's samples do not fit the model's input, or are too few; ModelError when the
    /// model has several inputs or no fp32 output with a row for each sample
    explicit ModelEvaluator(const EvaluationSetup& setup);

    [[nodiscard]] std::int64_t shards(JobKind kind) const override;
    [[nodiscard]] ShardResult run(const Job& job, std::int64_t shard) override;
    void install_calibration(const std::string& merged) override;
    void install_difficulty(const std::string& merged) override;
    [[nodiscard]] std::string merge_calibration(const std::vector<std::string>& payloads) const override;
    [[nodiscard]] Score merge_scores(const std::vector<std::string>& payloads) const override;
    [[nodiscard]] std::optional<AccuracyBounds> bounds(const std::vector<std::string>& payloads) const override;
    [[nodiscard]] std::string merge_difficulty(const std::vector<std::string>& payloads) const override;
    [[nodiscard]] ProbeResult merge_probe(const std::vector<std::string>& payloads) const override;

    /// Logical shards of so many samples.
    [[nodiscard]] std::int64_t shards_of(std::int64_t samples) const {
        return std::max<std::int64_t>(1, std::min(setup_.shards, samples));
    }
    /// Samples that run together: the config's, unless the model fixes it.
    [[nodiscard]] std::int64_t batch() const { return setup_.batch; }
    /// What merge_calibration merged last, by number of samples: where that was this process.
    [[nodiscard]] const std::map<std::int64_t, CalibrationTable>& statistics() const { return statistics_; }
    /// The installed ranges of a calibration index.
    [[nodiscard]] const RangeTable& ranges(std::int64_t calibration) const {
        return ranges_.at(static_cast<std::size_t>(calibration));
    }

    /// The quantized model of a candidate. @pre calibration is installed
    [[nodiscard]] QuantizedModel quantized(const Candidate& candidate) const;
    /// Every number of it, which best.yaml keeps; and the model from them.
    [[nodiscard]] PlanNumbers numbers(const Candidate& candidate) const;
    [[nodiscard]] QuantizedModel quantized(const Candidate& candidate, const PlanNumbers& numbers) const;
    /// How the candidate's model was smoothed before it was quantized.
    [[nodiscard]] const std::vector<SmoothedValue>& smoothing(const Candidate& candidate) const;
    /// Scores any graph on the whole evaluation set in this process; the first output's rows go to `logits`
    /// ([samples, values per sample], f32) unless it is null.
    /// @throws ModelError as the constructor
    [[nodiscard]] Score score_graph(const Graph& graph, Tensor* logits);

private:
    [[nodiscard]] ShardResult run_calibration(std::int64_t shard);
    [[nodiscard]] ShardResult run_baseline(std::int64_t shard);
    [[nodiscard]] ShardResult run_candidates(const Job& job, std::int64_t shard);
    [[nodiscard]] ShardResult run_probe(const Job& job, std::int64_t shard);
    /// Reads a batch of the evaluation set, in the order of the day, into a session's input.
    void read_batch(SampleRange batch, MutableView input, std::span<std::int64_t> labels);
    /// What candidates of one calibration index are made from.
    struct Setting {
        PreparedModel model;
        RangeTable ranges;
        std::vector<SmoothedValue> smoothing;
        std::unique_ptr<BiasCorrector> corrector;  ///< null: no bias correction
    };
    [[nodiscard]] const Setting& setting(std::int64_t calibration) const;
    /// Smooths the setting's model with this alpha, and its ranges with it.
    void smooth_setting(Setting& setting, const CorrectionSamples& samples, double alpha) const;
    /// Statistics of samples [range) of the calibration set.
    [[nodiscard]] CalibrationTable observe(SampleRange range);
    [[nodiscard]] CandidateGroup& group_for(const Job& job);
    [[nodiscard]] std::vector<std::int64_t> calibration_borders() const;
    [[nodiscard]] std::int64_t evaluation_samples() const;
    [[nodiscard]] Score score_of(const MetricState& state) const;
    [[nodiscard]] CompileOptions options() const;
    [[nodiscard]] Session compile(const Graph& graph) const;

    EvaluationSetup setup_;
    std::optional<SampleCache> samples_;  ///< of the evaluation set
    std::optional<SampleCache> calibration_samples_;
    std::unique_ptr<WeightCache> weights_;
    std::vector<TensorPlan> observed_;
    std::unique_ptr<Session> calibration_session_;
    mutable std::map<std::int64_t, CalibrationTable> statistics_;
    std::vector<RangeTable> ranges_;                    ///< by calibration size
    mutable WeightCodes weight_codes_;                  ///< of earlier candidates
    mutable std::map<std::int64_t, Setting> settings_;  ///< by calibration index; made on first use
    mutable std::optional<std::pair<std::uint64_t, PlanNumbers>> corrected_;  ///< the last candidate's
    mutable WorkingMemory memory_;                                            ///< of all sessions here
    std::unique_ptr<Session> baseline_session_;
    std::list<CandidateGroup> groups_;  ///< most recent first
    std::optional<ErrorProbe> probe_;   ///< the last one: probes of one kind come in a row
    std::uint64_t probed_ = 0;          ///< its candidate
};

}  // namespace halftone
