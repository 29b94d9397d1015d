#include "eval/model_evaluator.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <utility>

#include "base/check.hpp"
#include "base/error.hpp"
#include "base/wire.hpp"
#include "eval/difficulty.hpp"
#include "eval/used_rows.hpp"
#include "kernel/ref/ref_op.hpp"

namespace halftone {
namespace {

/// Jobs whose sessions a worker keeps: shards of few jobs interleave, never of many.
constexpr std::size_t kCachedGroups = 3;

void check_fits(const PreparedModel& model, const Pipeline* pipeline, const char* section) {
    if (!pipeline) return;
    const Graph& graph = model.graph;
    if (graph.inputs().size() != 1) {
        throw ModelError("the model has " + std::to_string(graph.inputs().size()) +
                         " inputs; data sets feed models with one input");
    }
    const Value& input = graph.value(graph.inputs()[0]);
    std::vector<std::int64_t> wanted(input.type.shape.dims());
    if (wanted.empty()) throw ModelError("the model's input '" + input.name + "' is a scalar: it has no batch");
    wanted.erase(wanted.begin());
    const TensorType& spec = pipeline->spec();
    if (spec.dtype == input.type.dtype && spec.shape == Shape(wanted)) return;
    throw ConfigError(std::string(section) + ".dataloader yields samples of " + std::string(to_string(spec.dtype)) +
                      " " + spec.shape.to_text() + " after its transforms, but the model's input '" + input.name +
                      "' takes " + std::string(to_string(input.type.dtype)) + " " + Shape(wanted).to_text() +
                      " per sample (an NCHW model needs Transpose: {perm: [2, 0, 1]})");
}

/// Scores are computed from the first output: fp32, a row for each sample.
void check_output(const Graph& graph) {
    const Value& output = graph.value(graph.outputs()[0]);
    const Shape& input = graph.value(graph.inputs()[0]).type.shape;
    const Shape& shape = output.type.shape;
    if (output.type.dtype == DType::f32 && shape.rank() > 0 && shape[0] == input[0]) return;
    throw ModelError("the model's first output '" + output.name + "' is " + std::string(to_string(output.type.dtype)) +
                     " " + shape.to_text() + "; scoring needs fp32 with a row for each sample");
}

/// What a shard scored; margins only of the baseline.
struct Scored {
    MetricState state;
    std::vector<float> margins{};
};

std::string encode(const Scored& scored) {
    WireWriter wire;
    wire.put_all(scored.state.sums);
    wire.put_all(scored.state.counts);
    wire.put(scored.state.samples);
    wire.put_all(scored.margins);
    return wire.take();
}

Scored decode_scored(const std::string& bytes) {
    WireReader wire(bytes);
    Scored scored;
    scored.state.sums = wire.get_all<double>();
    scored.state.counts = wire.get_all<std::int64_t>();
    scored.state.samples = wire.get<std::int64_t>();
    scored.margins = wire.get_all<float>();
    HALFTONE_CHECK(wire.ok() && wire.at_end(), "a shard's scores are complete");
    return scored;
}

/// The first `rows` rows of a tensor.
TensorView head(TensorView view, std::int64_t rows) {
    view.type.shape[0] = rows;
    return view;
}

/// Runs the session over samples [range), filled in by read(first, rows, input, labels), and hands
/// body(first sample, rows in use, labels).
template <class Read, class Body>
void for_each_batch(Session& session, SampleRange range, const Read& read, const Body& body) {
    std::vector<std::int64_t> labels(static_cast<std::size_t>(session.batch()));
    for (std::int64_t first = range.first; first < range.last; first += session.batch()) {
        const std::int64_t rows = std::min(session.batch(), range.last - first);
        const auto used = std::span(labels).first(static_cast<std::size_t>(rows));
        read(first, rows, session.input(0), used);
        session.run();
        body(first, rows, std::span<const std::int64_t>(used));
    }
}

/// Observes a value of a padded batch without the padding. @return the number of values that are not finite
std::int64_t observe_rows(ValueStatistics& statistics, TensorView value, const Shape& declared, std::int64_t rows) {
    const auto values = value.as<float>();
    const auto [block, used] = used_rows(declared, value.type.shape, rows);
    std::int64_t left_out = 0;
    for (std::size_t begin = 0; begin < values.size(); begin += block) {
        left_out += statistics.observe(values.subspan(begin, used));
    }
    return left_out;
}

}  // namespace

ModelEvaluator::ModelEvaluator(const EvaluationSetup& setup) : setup_(setup), weights_(make_weight_cache()) {
    check_fits(*setup_.model, setup_.calibration, "quantization.calibration");
    check_fits(*setup_.model, setup_.evaluation, "evaluation.accuracy");
    if (setup_.calibration || setup_.evaluation) {
        const Graph& graph = setup_.model->graph;
        const std::int64_t fixed = graph.value(graph.inputs()[0]).type.shape[0];
        if (fixed != kSymbolic) setup_.batch = fixed;
    }
    if (setup_.evaluation) {
        check_output(setup_.model->graph);
        if (evaluation_samples() < 1) throw ConfigError("evaluation.accuracy: there are no samples to evaluate");
        samples_.emplace(*setup_.evaluation, setup_.cache_bytes);
    }
    if (setup_.calibration) calibration_samples_.emplace(*setup_.calibration, setup_.cache_bytes / 4);
    if (!setup_.space) return;
    observed_ = setup_.space->topology().observable();
    if (setup_.calibration && calibration_borders().back() > setup_.calibration->size()) {
        throw ConfigError("quantization.calibration.sampling_size asks for " +
                          std::to_string(calibration_borders().back()) + " samples, the calibration data set has " +
                          std::to_string(setup_.calibration->size()));
    }
}

std::int64_t ModelEvaluator::evaluation_samples() const {
    const std::int64_t all = setup_.evaluation->size();
    return setup_.samples < 0 ? all : std::min(all, setup_.samples);
}

std::int64_t ModelEvaluator::shards(JobKind kind) const {
    if (kind == JobKind::baseline || kind == JobKind::evaluate) return shards_of(evaluation_samples());
    const auto& sizes = setup_.space->calibration_sizes();
    return shards_of(*std::max_element(sizes.begin(), sizes.end()));
}

/// Distinct calibration sizes, ascending. They cut the samples into segments: the table of a size is the merge of the
/// segments below it, so that every sample is observed once.
std::vector<std::int64_t> ModelEvaluator::calibration_borders() const {
    std::vector<std::int64_t> borders(setup_.space->calibration_sizes());
    std::sort(borders.begin(), borders.end());
    borders.erase(std::unique(borders.begin(), borders.end()), borders.end());
    return borders;
}

CandidateGroup& ModelEvaluator::group_for(const Job& job) {
    std::vector<Candidate> candidates{job.candidate};
    candidates.insert(candidates.end(), job.followers.begin(), job.followers.end());
    const auto found =
        std::find_if(groups_.begin(), groups_.end(), [&](const auto& group) { return group.is_of(candidates); });
    if (found != groups_.end()) {
        groups_.splice(groups_.begin(), groups_, found);
        return groups_.front();
    }
    CompileOptions own = options();
    own.hashes_steps = candidates.size() > 1;
    const auto compile_candidate = [&](const Candidate& candidate) {
        return Session(quantized(candidate).graph, reference_ops(), own);
    };
    if (groups_.size() == kCachedGroups) groups_.pop_back();
    groups_.emplace_front(candidates, *setup_.model, compile_candidate, setup_.prefix_bytes);
    return groups_.front();
}

CompileOptions ModelEvaluator::options() const {
    CompileOptions options;
    options.batch = setup_.batch;
    options.weights = weights_.get();
    options.memory = &memory_;
    return options;
}

Session ModelEvaluator::compile(const Graph& graph) const { return {graph, reference_ops(), options()}; }

ShardResult ModelEvaluator::run(const Job& job, std::int64_t shard) {
    switch (job.kind) {
        case JobKind::calibrate:
            return run_calibration(shard);
        case JobKind::baseline:
            return run_baseline(shard);
        case JobKind::probe:
            return run_probe(job, shard);
        case JobKind::evaluate:
            break;
    }
    return run_candidates(job, shard);
}

void ModelEvaluator::read_batch(SampleRange batch, MutableView input, std::span<std::int64_t> labels) {
    samples_->read(batch.first, batch.count(), input, labels, true);
}

ShardResult ModelEvaluator::run_baseline(std::int64_t shard) {
    if (!baseline_session_) baseline_session_ = std::make_unique<Session>(compile(setup_.model->graph));
    const SampleRange range = shard_range(evaluation_samples(), shards(JobKind::baseline), shard);
    Scored scored{setup_.metric->empty()};
    const auto read = [&](std::int64_t first, std::int64_t rows, MutableView out, std::span<std::int64_t> labels) {
        read_batch({first, first + rows}, out, labels);
    };
    Session& session = *baseline_session_;
    for_each_batch(session, range, read, [&](std::int64_t, std::int64_t rows, std::span<const std::int64_t> labels) {
        const TensorView output = head(session.output(0), rows);
        setup_.metric->update(scored.state, output, labels);
        const std::vector<float> margins = setup_.metric->margins(output, labels);
        scored.margins.insert(scored.margins.end(), margins.begin(), margins.end());
    });
    return {.payload = encode(scored),
            .failure = {},
            .sample_units = range.count() * static_cast<std::int64_t>(setup_.model->units.size())};
}

ShardResult ModelEvaluator::run_candidates(const Job& job, std::int64_t shard) {
    baseline_session_.reset();
    CandidateGroup& group = group_for(job);
    const SampleRange range = shard_range(evaluation_samples(), shards(job.kind), shard);
    std::vector<Scored> scored(group.size(), Scored{setup_.metric->empty()});
    std::vector<std::int64_t> labels(static_cast<std::size_t>(setup_.batch));
    for (std::int64_t first = range.first; first < range.last && group.first_session(); first += setup_.batch) {
        const SampleRange batch{first, std::min(first + setup_.batch, range.last)};
        const auto used = std::span(labels).first(static_cast<std::size_t>(batch.count()));
        read_batch(batch, group.first_session()->input(0), used);
        group.run([&](std::size_t i, Session& session) {
            setup_.metric->update(scored[i].state, head(session.output(0), batch.count()), used);
        });
    }
    const auto result_of = [&](std::size_t i) -> ShardResult {
        if (!group.failure(i).empty()) return {.payload = {}, .failure = group.failure(i)};
        return {.payload = encode(scored[i]), .failure = {}, .sample_units = range.count() * group.executed_units(i)};
    };
    ShardResult result = result_of(0);
    for (std::size_t i = 1; i < group.size(); ++i) result.followers.push_back(result_of(i));
    return result;
}

ShardResult ModelEvaluator::run_probe(const Job& job, std::int64_t shard) {
    try {
        if (!probe_ || probe_->what() != job.probe) {
            probe_.emplace(job.probe, *setup_.model, quantized(job.candidate).graph, options());
        } else if (probed_ != job.candidate.hash) {
            probe_->replace(quantized(job.candidate).graph);
        }
        probed_ = job.candidate.hash;
    } catch (const ModelError& error) {
        probe_.reset();
        return {.payload = {}, .failure = error.what()};  // this candidate cannot be built
    }
    // The samples are those that the candidate was calibrated with, cut at the borders of the longest set's shards.
    const std::int64_t samples = setup_.space->calibration_sizes()[static_cast<std::size_t>(job.candidate.calibration)];
    SampleRange range = shard_range(calibration_borders().back(), shards(job.kind), shard);
    range.last = std::max(range.first, std::min(range.last, samples));
    std::vector<ErrorSums> sums(probe_->size());
    std::vector<std::int64_t> labels(static_cast<std::size_t>(setup_.batch));
    for (std::int64_t first = range.first; first < range.last; first += setup_.batch) {
        const std::int64_t rows = std::min(setup_.batch, range.last - first);
        const auto used = std::span(labels).first(static_cast<std::size_t>(rows));
        calibration_samples_->read(first, rows, probe_->input(), used, true);
        probe_->run(first, rows, sums);
    }
    return {.payload = encode_errors(sums, range.count()), .failure = {}};
}

Score ModelEvaluator::score_graph(const Graph& graph, Tensor* logits) {
    check_output(graph);
    Session session = compile(graph);
    const Shape row = session.output(0).type.shape;
    const std::int64_t width = row.elements() / row[0];
    if (logits) *logits = Tensor(TensorType{DType::f32, Shape{evaluation_samples(), width}});
    MetricState state = setup_.metric->empty();
    const auto read = [&](std::int64_t first, std::int64_t rows, MutableView out, std::span<std::int64_t> labels) {
        samples_->read(first, rows, out, labels, false);
    };
    const auto take = [&](std::int64_t first, std::int64_t rows, std::span<const std::int64_t> labels) {
        const TensorView output = head(session.output(0), rows);
        setup_.metric->update(state, output, labels);
        if (!logits) return;
        const auto offset = static_cast<std::size_t>(first * width) * sizeof(float);
        std::memcpy(logits->mutable_view().data + offset, output.data, output.bytes());
    };
    const std::int64_t count = shards(JobKind::evaluate);
    for (std::int64_t shard = 0; shard < count; ++shard) {
        for_each_batch(session, shard_range(evaluation_samples(), count, shard), read, take);
    }
    return score_of(state);
}

CalibrationTable ModelEvaluator::observe(SampleRange range) {
    CalibrationTable table;
    for (const TensorPlan& tensor : observed_) (void)table.at(tensor.name);
    Session& session = *calibration_session_;
    const Graph& graph = setup_.model->graph;
    const auto read = [&](std::int64_t first, std::int64_t rows, MutableView out, std::span<std::int64_t> labels) {
        setup_.calibration->read(first, rows, out, labels);
    };
    for_each_batch(session, range, read, [&](std::int64_t first, std::int64_t rows, std::span<const std::int64_t>) {
        for (std::size_t t = 0; t < observed_.size(); ++t) {
            const TensorPlan& tensor = observed_[t];
            const Shape& declared = graph.value(tensor.value).type.shape;
            if (observe_rows(table.at(tensor.name), session.tap(t), declared, rows) == 0) continue;
            throw ModelError("calibration: value '" + tensor.name +
                             "' is NaN or infinite for a sample at or after number " + std::to_string(first));
        }
    });
    return table;
}

ShardResult ModelEvaluator::run_calibration(std::int64_t shard) {
    const std::vector<std::int64_t> borders = calibration_borders();
    if (!calibration_session_) {
        CompileOptions options;
        options.batch = setup_.batch;
        for (const TensorPlan& tensor : observed_) options.taps.push_back(tensor.value);
        calibration_session_ = std::make_unique<Session>(setup_.model->graph, reference_ops(), options);
    }
    const SampleRange range = shard_range(borders.back(), shards(JobKind::calibrate), shard);
    WireWriter payload;
    std::int64_t begin = 0;
    for (const std::int64_t end : borders) {
        const SampleRange part{std::max(begin, range.first), std::max(begin, std::min(end, range.last))};
        payload.put_text(observe(part).encode());
        begin = end;
    }
    return {.payload = payload.take(), .failure = {}, .sample_units = 0};
}

std::string ModelEvaluator::merge_calibration(const std::vector<std::string>& payloads) const {
    const std::vector<std::int64_t> borders = calibration_borders();
    std::vector<CalibrationTable> segments(borders.size());
    for (const std::string& payload : payloads) {
        WireReader wire(payload);
        for (CalibrationTable& segment : segments) segment.merge(CalibrationTable::decode(wire.get_text()));
        HALFTONE_CHECK(wire.ok() && wire.at_end(), "a shard's calibration payload is complete");
    }
    std::set<RangeRule> rules;
    for (const Decision& decision : setup_.space->decisions()) {
        for (const UnitConfig& option : decision.options) {
            if (option.is_quantized()) rules.insert(option.activation.range_rule());
        }
    }
    const std::vector<RangeRule> used(rules.begin(), rules.end());
    std::map<std::int64_t, RangeTable> by_size;
    CalibrationTable merged;
    statistics_.clear();
    for (std::size_t s = 0; s < segments.size(); ++s) {
        merged.merge(segments[s]);
        by_size.emplace(borders[s], RangeTable(merged, used));
        statistics_.emplace(borders[s], merged);
    }
    WireWriter out;
    for (const std::int64_t size : setup_.space->calibration_sizes()) out.put_text(by_size.at(size).encode());
    return out.take();
}

void ModelEvaluator::install_calibration(const std::string& merged) {
    WireReader wire(merged);
    ranges_.clear();
    settings_.clear();
    for (std::size_t i = 0; i < setup_.space->calibration_sizes().size(); ++i) {
        ranges_.push_back(RangeTable::decode(wire.get_text()));
    }
    calibration_session_.reset();
}

Score ModelEvaluator::merge_scores(const std::vector<std::string>& payloads) const {
    MetricState state = setup_.metric->empty();
    for (const std::string& payload : payloads) state.merge(decode_scored(payload).state);
    return score_of(state);
}

void ModelEvaluator::install_difficulty(const std::string& merged) {
    if (std::cmp_not_equal(merged.size(), evaluation_samples())) {
        throw ConfigError("the journal's record 'difficulty' is of " + std::to_string(merged.size()) +
                          " samples, the evaluation set has " + std::to_string(evaluation_samples()) +
                          "; choose another --workspace");
    }
    samples_.emplace(*setup_.evaluation, setup_.cache_bytes, hardest_first(merged));
}

std::optional<AccuracyBounds> ModelEvaluator::bounds(const std::vector<std::string>& payloads) const {
    const Score score = merge_scores(payloads);
    if (!score.correct) return std::nullopt;
    const auto all = static_cast<double>(evaluation_samples());
    const auto unseen = evaluation_samples() - score.samples;
    return AccuracyBounds{static_cast<double>(*score.correct) / all,
                          static_cast<double>(*score.correct + unseen) / all};
}

std::string ModelEvaluator::merge_difficulty(const std::vector<std::string>& payloads) const {
    std::vector<float> margins;
    for (const std::string& payload : payloads) {
        const Scored scored = decode_scored(payload);
        margins.insert(margins.end(), scored.margins.begin(), scored.margins.end());
    }
    return margins.empty() ? std::string() : difficulty_text(margins);
}

ProbeResult ModelEvaluator::merge_probe(const std::vector<std::string>& payloads) const {
    return merge_errors(payloads);
}

const ModelEvaluator::Setting& ModelEvaluator::setting(std::int64_t calibration) const {
    const auto known = settings_.find(calibration);
    if (known != settings_.end()) return known->second;
    const auto index = static_cast<std::size_t>(calibration);
    const CorrectionSamples samples{
        .data = setup_.calibration, .count = setup_.space->calibration_sizes()[index], .batch = setup_.batch};
    Setting& made = settings_[calibration];
    made.model = *setup_.model;
    made.ranges = ranges_.at(index);
    if (!setup_.space->smoothing().empty()) smooth_setting(made, samples, setup_.space->smoothing()[index]);
    if (setup_.bias_correction != BiasCorrection::none) {
        made.corrector = std::make_unique<BiasCorrector>(made.model, samples);
    }
    return made;
}

void ModelEvaluator::smooth_setting(Setting& setting, const CorrectionSamples& samples, double alpha) const {
    const Graph& graph = setting.model.graph;
    const std::vector<std::string> names = smoothable_values(graph, setting.model.units);
    for (const auto& [name, statistics] : channel_statistics(graph, names, samples)) {
        SmoothedValue smoothed =
            find_smoothing(graph, setting.model.units, name, statistics.low, statistics.high, alpha);
        Range range;
        for (std::size_t c = 0; c < smoothed.factor.size(); ++c) {
            range.low = std::min(range.low, statistics.low[c] / smoothed.factor[c]);
            range.high = std::max(range.high, statistics.high[c] / smoothed.factor[c]);
        }
        setting.ranges.replace(name, range);
        setting.smoothing.push_back(std::move(smoothed));
    }
    setting.model.graph = smooth(graph, setting.model.units, setting.smoothing);
}

const std::vector<SmoothedValue>& ModelEvaluator::smoothing(const Candidate& candidate) const {
    return setting(candidate.calibration).smoothing;
}

PlanNumbers ModelEvaluator::numbers(const Candidate& candidate) const {
    const QuantPlan plan = setup_.space->plan(candidate);
    if (corrected_ && corrected_->first == plan.hash) return corrected_->second;
    const Setting& from = setting(plan.calibration);
    PlanNumbers numbers =
        derive_numbers(from.model.graph, from.model.units, plan, from.ranges, weight_codes_, setup_.treatment);
    if (!from.corrector) return numbers;
    if (setup_.bias_correction == BiasCorrection::fast) {
        from.corrector->correct_fast(plan, numbers);
    } else {
        from.corrector->correct_in_sequence(plan, numbers, weight_codes_);
    }
    corrected_.emplace(plan.hash, numbers);
    return numbers;
}

QuantizedModel ModelEvaluator::quantized(const Candidate& candidate, const PlanNumbers& numbers) const {
    const QuantPlan plan = setup_.space->plan(candidate);
    const PreparedModel& model = setting(plan.calibration).model;
    return apply_plan(model.graph, model.units, plan, numbers, &weight_codes_);
}

QuantizedModel ModelEvaluator::quantized(const Candidate& candidate) const {
    return quantized(candidate, numbers(candidate));
}

Score ModelEvaluator::score_of(const MetricState& state) const {
    Score score;
    score.samples = state.samples;
    score.accuracy = setup_.metric->value(state);
    score.correct = setup_.metric->correct(state);
    return score;
}

}  // namespace halftone
