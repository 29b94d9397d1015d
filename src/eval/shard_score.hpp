#pragma once
// ShardScore: what one shard of the evaluation set scored, as the payload that travels to rank 0; and the merge there.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "eval/sample_source.hpp"
#include "metric/metric_set.hpp"
#include "trial/evaluator.hpp"

namespace halftone {

/// A worker's part: judges the answers of one shard.
class ShardScore {
public:
    explicit ShardScore(const MetricSet& metrics) : state_(metrics.start()) {}

    /// Adds a sample, and notes whether its outputs hold NaN or infinity. @throws DataError
    void add(const SampleAnswer& answer);
    /// Notes by how much the fp32 model is right, for the order of difficulty; nothing is noted without a margin.
    /// @param id  number of the sample
    void add_margin(std::int64_t id, std::optional<float> margin) {
        if (margin) margins_.emplace(id, *margin);
    }
    /// Notes how much of the work was padding, for rank 0 to tell.
    void set_padding(PaddingFigures padding) { padding_ = std::move(padding); }
    [[nodiscard]] std::string encode() const;

private:
    MetricSetState state_;
    std::vector<std::int64_t> ids_;          ///< of the samples that have a judgement
    std::vector<double> judgements_;         ///< one for each of these
    std::map<std::int64_t, float> margins_;  ///< by sample number, of all samples or of none
    PaddingFigures padding_;
    NonfiniteOutputs nonfinite_;
};

/// The baseline, for losses.
struct KnownBaseline {
    double accuracy = 0;
    /// One for each sample; or, of a metric that judges no sample by itself, its values of random draws of the samples
    /// (metric/resampling.hpp). The metric says which of them it is.
    Judgements judgements;
};

/// Rank 0's part: one candidate's shards become a score.
/// @param samples   of the whole evaluation set, for bounds
/// @param baseline  null: the score has no loss. Both pointers outlive the merge
[[nodiscard]] std::unique_ptr<ScoreMerge> start_score_merge(const MetricSet& metrics, std::int64_t samples,
                                                            const KnownBaseline* baseline);

/// Returns the margins of all samples, in shard order, from the baseline's payloads; empty if the metric has none.
/// @throws MpiError for a damaged payload, as the function below
[[nodiscard]] std::vector<float> merge_margins(const std::vector<std::string>& payloads);
/// Returns the judgements by sample number; empty unless all samples that were scored have one.
/// @param samples  in the evaluation set: every sample number is below it
[[nodiscard]] Judgements merge_judgements_of(const std::vector<std::string>& payloads, std::int64_t samples);
/// Returns how much of the work of all shards was padding; nothing where all samples have one shape.
[[nodiscard]] PaddingFigures merge_padding(const std::vector<std::string>& payloads);
/// Returns the values of random draws of the samples; empty where the metric has none.
[[nodiscard]] Judgements merge_resampled(const MetricSet& metrics, const std::vector<std::string>& payloads);

}  // namespace halftone
