// How long the parts of a run take, from one batch of each.
//
//   read_times     samples as the data set gives them, one by one
//   time_job       a job of the evaluator: the first time with all that is set up for it, then again without
//   measure_work   calibration, ranges, fp32, a candidate, a probe, in the order of a run
//
// The evaluator is the one of a run, over one batch of samples in one shard. So whatever a run does for a sample is in
// these times: copying, converting, metrics, merging.
#include "rehearsal/measured_work.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/budget.hpp"
#include "base/error.hpp"
#include "eval/from_config.hpp"
#include "eval/model_evaluator.hpp"
#include "metric/metric_set.hpp"
#include "space/search_space.hpp"
#include "strategy/model_wise.hpp"

namespace halftone {
namespace {

/// Enough for the quickest of them to be free of a disturbance; few enough for a model that takes a second.
constexpr int kRepeats = 3;
/// Reading is measured on this many samples at most.
constexpr std::int64_t kReadSamples = 8;

template <class Call>
double seconds_of(const Clock& clock, Call&& call) {
    const auto start = clock.now();
    call();
    return seconds(clock.now() - start);
}

TimeSpan span_of(const std::vector<double>& times) {
    const auto [low, high] = std::minmax_element(times.begin(), times.end());
    return {*low, *high};
}

/// Per sample. The first read also opens files; it counts, because a data set of pictures opens a file each time.
TimeSpan read_times(const Pipeline& data, const Clock& clock) {
    std::vector<double> times;
    for (std::int64_t id = 0; id < std::min(kReadSamples, data.size()); ++id) {
        times.push_back(seconds_of(clock, [&] { static_cast<void>(data.read(id)); }));
    }
    // The mean of a few lies between their quickest and slowest; one slow sample does not stand for all.
    std::sort(times.begin(), times.end());
    return {times[times.size() / 4], times[times.size() - 1 - times.size() / 4]};
}

/// What a job took.
struct JobTime {
    double first = 0;     ///< with reading and all that is built for it
    TimeSpan repeated{};  ///< without
    std::vector<std::string> payloads;
};

JobTime time_job(ModelEvaluator& evaluator, const Job& job, const Clock& clock) {
    JobTime result;
    const auto run = [&] {
        result.payloads.clear();
        for (std::int64_t shard = 0; shard < evaluator.shards(job.kind); ++shard) {
            ShardResult answer = evaluator.run(job, shard);
            if (!answer.failure.empty()) throw ModelError("a quantized model cannot be built: " + answer.failure);
            result.payloads.push_back(std::move(answer.payload));
        }
    };
    result.first = seconds_of(clock, run);
    std::vector<double> times;
    for (int i = 0; i < kRepeats; ++i) times.push_back(seconds_of(clock, run));
    result.repeated = span_of(times);
    return result;
}

/// The config's space with one calibration size: that of a batch.
SearchSpace small_space(const WorkSetup& setup, std::int64_t samples) {
    QuantizationConfig quantization = resolve_preparations(resolve_auto(setup.config->quantization), *setup.model);
    quantization.sampling_sizes = {samples};
    const CapabilityTable table = capability_table(*setup.model, quantization);
    return build_space(setup.model->graph, setup.model->units, table, quantization);
}

/// What is left of a time when a part of it was spent on something else; never negative.
TimeSpan rest_of(double whole, const TimeSpan& part) {
    return {std::max(0.0, whole - part.high), std::max(0.0, whole - part.low)};
}

}  // namespace

MeasuredWork measure_work(const WorkSetup& setup, const Clock& clock) {
    const RunConfig& config = *setup.config;
    MeasuredWork work;
    work.read_calibration = read_times(*setup.calibration, clock);

    // Recipes that correct biases run in the factory, so their time is part of `build`.
    EvaluationSetup parts = evaluation_setup(config);
    const std::int64_t samples = std::min(parts.batch, setup.calibration->size());
    const SearchSpace space = small_space(setup, samples);
    std::optional<MetricSet> metrics;
    parts.model = setup.model;
    parts.space = &space;
    parts.calibration = setup.calibration;
    // One shard of one batch: a run's shards only cut the samples, and cost nothing of their own.
    parts.shards = 1;
    std::int64_t scored = 0;
    if (setup.evaluation != nullptr) {
        work.read_evaluation = read_times(*setup.evaluation, clock);
        metrics.emplace(*config.evaluation);
        parts.evaluation = setup.evaluation;
        parts.metrics = &*metrics;
        scored = parts.samples < 0 ? setup.evaluation->size() : std::min(parts.samples, setup.evaluation->size());
        scored = std::min(scored, parts.batch);
        parts.samples = scored;
    }
    // The sizes above are smaller than the run's; everything else is as the run would have it.
    ModelEvaluator evaluator(parts);
    work.batch = evaluator.batch();
    const auto per_sample = [](std::int64_t count, const TimeSpan& span) {
        return 1.0 / static_cast<double>(std::max(count, std::int64_t{1})) * span;
    };

    const JobTime calibrated = time_job(evaluator, {.kind = JobKind::calibrate}, clock);
    work.calibrate = per_sample(samples, calibrated.repeated);
    const double ranges =
        seconds_of(clock, [&] { evaluator.install_calibration(evaluator.merge_calibration(calibrated.payloads)); });
    work.ranges = {ranges, ranges};

    // Nearly every unit is quantized in it: the usual trial of a search, and the one that takes longest to build.
    const Candidate candidate = model_wise_candidates(space, ModelWise::uniform).front();
    if (setup.evaluation != nullptr) {
        const JobTime fp32 = time_job(evaluator, {.kind = JobKind::baseline}, clock);
        work.fp32 = per_sample(scored, fp32.repeated);
        const JobTime quantized =
            time_job(evaluator, {.kind = JobKind::evaluate, .trial = TrialId{0}, .candidate = candidate}, clock);
        work.quantized = per_sample(scored, quantized.repeated);
        work.build = rest_of(quantized.first, quantized.repeated);
    }
    if (setup.probes) {
        const JobTime probe = time_job(
            evaluator, {.kind = JobKind::probe, .candidate = candidate, .probe = ProbeKind::output_error}, clock);
        work.probe = per_sample(samples, probe.repeated);
    }
    // Everything above is still alive, as in a worker in the middle of its run.
    work.bytes = process_budget().bytes_in_use();
    return work;
}

}  // namespace halftone
