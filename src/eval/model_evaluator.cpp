#include "eval/model_evaluator.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "base/error.hpp"
#include "base/mapped_files.hpp"
#include "eval/model_feed.hpp"

namespace halftone {
namespace {

/// Samples of the calibration set compete for memory with those of the evaluation set, which every trial reads.
constexpr std::size_t kCalibrationCacheShare = 4;
/// So do fp32's outputs, which only some metrics need.
constexpr std::size_t kBaselineCacheShare = 4;

bool has_dynamic(const SearchSpace& space) {
    return std::any_of(space.decisions().begin(), space.decisions().end(), [](const Decision& decision) {
        return std::any_of(decision.options.begin(), decision.options.end(),
                           [](const UnitConfig& option) { return option.is_dynamic(); });
    });
}

/// How many samples run together. Both data sets have a word, because both feed sessions of one batch.
std::int64_t batch_for(const EvaluationSetup& setup) {
    std::vector<const Schema*> samples;
    for (const Pipeline* data : {setup.calibration, setup.evaluation}) {
        if (data != nullptr) samples.push_back(&data->schema());
    }
    // Candidates that find ranges at run time run sample by sample, and then all must, to be compared with each other.
    const std::int64_t wanted = setup.space != nullptr && has_dynamic(*setup.space) ? 1 : setup.batch;
    return samples.empty() ? wanted : executor_batch(setup.model->graph, samples, wanted);
}

}  // namespace

ModelEvaluator::ModelEvaluator(const EvaluationSetup& setup) : shards_(setup.shards), space_(setup.space) {
    // Everything that can be refused is refused here, before the first sample is run.
    resources_.batch = batch_for(setup);
    const Graph& graph = setup.model->graph;
    if (setup.calibration) {
        calibration_fields_ =
            fitting_fields(graph, setup.calibration->schema(), resources_.batch, "quantization.calibration",
                           feed_rules(graph, *setup.calibration, setup.evaluation));
    }
    if (setup.evaluation) {
        evaluation_fields_ = fitting_fields(graph, setup.evaluation->schema(), resources_.batch, "evaluation.accuracy",
                                            feed_rules(graph, *setup.evaluation, setup.calibration));
    }
    // Samples first, then the parts: the scorer scores candidates, which the factory makes from what the calibrator
    // has.
    if (setup.evaluation) {
        const std::int64_t all = setup.evaluation->size();
        const std::int64_t samples = setup.samples < 0 ? all : std::min(all, setup.samples);
        if (samples < 1) throw ConfigError("evaluation.accuracy: there are no samples to evaluate");
        OpenShapes open(graph, *setup.evaluation, evaluation_fields_);
        evaluation_samples_.emplace(*setup.evaluation, SampleCut{.samples = samples,
                                                                 .shards = shards_,
                                                                 .batch = resources_.batch,
                                                                 .cache_bytes = setup.cache_bytes,
                                                                 .fields = evaluation_fields_,
                                                                 .index_limits = index_limits(graph),
                                                                 .open = std::move(open),
                                                                 .reads_ahead = setup.reads_ahead});
    }
    if (setup.space) add_calibration(setup);
    if (setup.evaluation) add_scorer(setup);
}

void ModelEvaluator::add_calibration(const EvaluationSetup& setup) {
    const auto& sizes = setup.space->calibration_sizes();
    const std::int64_t samples = *std::max_element(sizes.begin(), sizes.end());
    if (setup.calibration) {
        if (samples > setup.calibration->size()) {
            throw ConfigError("quantization.calibration.sampling_size asks for " + std::to_string(samples) +
                              " samples, the calibration data set has " + std::to_string(setup.calibration->size()));
        }
        calibration_samples_.emplace(
            *setup.calibration,
            SampleCut{.samples = samples,
                      .shards = shards_,
                      .batch = resources_.batch,
                      .cache_bytes = setup.cache_bytes / kCalibrationCacheShare,
                      .fields = calibration_fields_,
                      .index_limits = index_limits(setup.model->graph),
                      .open = OpenShapes(setup.model->graph, *setup.calibration, calibration_fields_),
                      .reads_ahead = setup.reads_ahead});
    }
    // Calibration, corrections and probes read one source: what one of them has read, the next finds in memory.
    SampleSource* const source = calibration_samples_ ? &*calibration_samples_ : nullptr;
    calibrator_.emplace(*setup.model, *setup.space, source);
    factory_.emplace(*setup.space, *calibrator_, source,
                     CandidateTreatment{.weights = setup.treatment, .bias = setup.bias_correction});
    prober_.emplace(ProberSetup{.model = setup.model,
                                .calibrator = &*calibrator_,
                                .factory = &*factory_,
                                .samples = source,
                                .resources = &resources_});
}

void ModelEvaluator::add_scorer(const EvaluationSetup& setup) {
    const OpenShapes open(setup.model->graph, *setup.evaluation, evaluation_fields_);
    setup.metrics->bind(scored_outputs(setup.model->graph, resources_.batch, open).fields,
                        setup.evaluation->schema().targets);
    scorer_.emplace(ScorerSetup{.model = setup.model,
                                .baseline = setup.baseline != nullptr ? setup.baseline : setup.model,
                                .metrics = setup.metrics,
                                .samples = &*evaluation_samples_,
                                .resources = &resources_,
                                .factory = factory_ ? &*factory_ : nullptr,
                                .prefix_bytes = setup.prefix_bytes,
                                .baseline_bytes = setup.cache_bytes / kBaselineCacheShare});
}

std::int64_t ModelEvaluator::calibration_shards(std::int64_t samples) const {
    return calibration_samples_.value().shards_of(samples);
}

std::int64_t ModelEvaluator::shards(JobKind kind) const {
    if (kind == JobKind::baseline || kind == JobKind::evaluate) return evaluation_samples_.value().shards();
    // Calibration and probes are cut alike, by the longest sample set, also where no calibration set is given.
    return calibration_samples_ ? calibration_samples_->shards()
                                : shard_count(calibrator_.value().most_samples(), shards_, 1);
}

// Jobs come in messages. What cannot be run here was asked for by a rank 0 with another program, config or data.
bool ModelEvaluator::can_run(const Job& job, std::int64_t shard) const {
    const bool is_scored = job.kind == JobKind::baseline || job.kind == JobKind::evaluate;
    if (is_scored ? !scorer_ : !calibrator_) return false;
    if (shard < 0 || shard >= shards(job.kind)) return false;
    if (job.kind == JobKind::calibrate || job.kind == JobKind::baseline) return true;
    return space_ != nullptr && space_->contains(job.candidate) &&
           std::all_of(job.followers.begin(), job.followers.end(), [&](const auto& c) { return space_->contains(c); });
}

ShardResult ModelEvaluator::run(const Job& job, std::int64_t shard) {
    if (!can_run(job, shard)) {
        throw MpiError(
            "rank 0 asked for a job that this rank cannot run; do all ranks run the same program and config?");
    }
    ShardResult result = run_kind(job, shard);
    check_mapped_files();  // the weights are still those that were read: else the result is of another model
    return result;
}

ShardResult ModelEvaluator::run_kind(const Job& job, std::int64_t shard) {
    switch (job.kind) {
        case JobKind::calibrate:
            return calibrator_.value().run(shard);
        case JobKind::baseline:
            return scorer().run_baseline(shard);
        case JobKind::probe:
            return prober_.value().run(job, shard);
        case JobKind::evaluate:
            break;
    }
    return scorer().run_candidates(job, shard);
}

std::string ModelEvaluator::merge_calibration(const std::vector<std::string>& payloads) {
    return calibrator_.value().merge(payloads);
}

void ModelEvaluator::install_calibration(const std::string& merged) {
    factory().forget_calibration();  // before the variants go that it refers to
    calibrator_.value().install(merged);
}

void ModelEvaluator::install_difficulty(const std::string& merged) { scorer().install_difficulty(merged); }

void ModelEvaluator::install_baseline(const Score& score, const Judgements& judgements) {
    scorer().install_baseline(score, judgements);
}

std::unique_ptr<ScoreMerge> ModelEvaluator::start_score() const { return scorer_.value().start_score(); }

Judgements ModelEvaluator::merge_judgements(const std::vector<std::string>& payloads) const {
    return scorer_.value().merge_judgements(payloads);
}

std::string ModelEvaluator::merge_difficulty(const std::vector<std::string>& payloads) const {
    // A sample that was skipped has no margin, so nobody knows any more which margin is whose.
    if (evaluation_samples_.value().skips_bad_samples()) return {};
    return scorer_.value().merge_difficulty(payloads);
}

ProbeResult ModelEvaluator::merge_probe(const std::vector<std::string>& payloads) const {
    return merge_errors(payloads);
}

}  // namespace halftone
