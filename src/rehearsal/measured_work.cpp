// How long the parts of a run take, from one batch of each.
//
//   read_times     samples as the data set gives them, one by one
//   time_job       a job of the evaluator: the first time with all that is set up for it, then again without
//   Measuring      calibration, ranges, fp32, a candidate, a probe, in the order of a run: one batch of each
//   try_preparations   a probe of one candidate of each preparation: which is the most promising, what they cost
//   measure_table  the latency table, from fewer rounds than in a run
//   judge          more samples, as many as a second or two allows: does the most promising candidate meet the goal?
//
// The evaluator is the one of a run, over one batch of samples in one shard. So whatever a run does for a sample is in
// these times: copying, converting, metrics, merging.
#include "rehearsal/measured_work.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>
#include <vector>

#include "base/budget.hpp"
#include "base/error.hpp"
#include "base/process.hpp"
#include "eval/from_config.hpp"
#include "eval/guessing.hpp"
#include "eval/model_evaluator.hpp"
#include "eval/unit_latency.hpp"
#include "metric/metric_set.hpp"
#include "space/search_space.hpp"
#include "strategy/automatic/plain_candidate.hpp"
#include "strategy/model_wise.hpp"

namespace halftone {
namespace {

/// Enough for the quickest of them to be free of a disturbance; few enough for a model that takes a second.
constexpr int kRepeats = 3;
/// Reading is measured on this many samples at most.
constexpr std::int64_t kReadSamples = 8;

/// Preparations are tried for so long (seconds). What is left of them then is taken to be like the others.
constexpr double kTimeForPreparations = 3;
/// The goal is judged on as many samples as this time allows (seconds), and on so many at the most.
constexpr double kTimeForJudging = 1.5;
constexpr std::int64_t kMostJudged = 500;
/// Rounds of the latency table in a run, and the time that a rehearsal gives to them (seconds).
constexpr int kTableRounds = UnitLatencyOptions{}.rounds;
constexpr double kTimeForTable = 1;
/// Sessions that the table profiles: two or three kinds of options, and two mixtures of them.
constexpr double kTableSessions = 5;

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

TimeSpan per_sample(std::int64_t count, const TimeSpan& span) {
    return 1.0 / static_cast<double>(std::max(count, std::int64_t{1})) * span;
}

/// The error of a model's outputs in one number, as strategies rank by it.
double error_of(const ProbeResult& probe) {
    if (!probe.failure.empty() || probe.values.empty()) return std::numeric_limits<double>::infinity();
    double sum = 0;
    for (const ErrorSums& value : probe.values) sum += value.relative();
    return sum / static_cast<double>(probe.values.size());
}

/// Returns whether the goal is met on these samples, or missed by less than a standard error of the loss; 1.96 of them
/// are half of an interval of 95 %.
bool is_within_reach(const Goal& goal, double baseline, const Score& score) {
    if (goal.is_met(Outcome(score))) return true;
    if (!score.loss || !score.loss->ci95) return false;
    const double standard_error = (score.loss->ci95->high - score.loss->ci95->low) / (2 * 1.96);
    // Negative where the goal asks for more than fp32 has.
    const double allowed = goal.higher_is_better() ? baseline - goal.target() : goal.target() - baseline;
    return score.loss->value <= allowed + standard_error;
}

class Measuring {
public:
    Measuring(const WorkSetup& setup, const Clock& clock)
        : setup_(setup),
          clock_(clock),
          parts_(evaluation_setup(*setup.config)),
          calibrated_(std::min(parts_.batch, setup.calibration->size())),
          space_(small_space(setup, calibrated_)) {}

    MeasuredWork run() {
        open();
        calibrate();
        // Nearly every unit is quantized in it: the usual trial of a search, and the one that takes longest to build.
        const std::vector<Candidate> candidates = model_wise_candidates(space_, ModelWise::uniform);
        first_ = promising_ = candidates.front();
        if (setup_.evaluation != nullptr) time_scores(candidates.front());
        if (setup_.probes) {
            const JobTime probe = time_job(*evaluator_, probe_job(candidates.front()), clock_);
            work_.probe = per_sample(calibrated_, probe.repeated);
            first_error_ = error_of(evaluator_->merge_probe(probe.payloads));
            try_preparations(candidates, first_error_);
        }
        if (setup_.latency_table) measure_table();
        // Everything above is still alive, as in a worker in the middle of its run.
        work_.tensor_bytes = process_budget().bytes_in_use();
        // The budget counts tensors alone; packed weights and the import of the model are in the process's peak.
        const auto peak = static_cast<std::uint64_t>(peak_memory_mb() * static_cast<double>(1 << 20));
        work_.bytes = std::max(work_.tensor_bytes, peak);
        if (setup_.evaluation != nullptr) judge();
        return work_;
    }

private:
    void open() {
        work_.read_calibration = read_times(*setup_.calibration, clock_);
        // Recipes that correct biases run in the factory, so their time is part of `build`.
        parts_.model = setup_.model;
        parts_.space = &space_;
        parts_.calibration = setup_.calibration;
        parts_.shards = 1;
        if (setup_.evaluation != nullptr) {
            work_.read_evaluation = read_times(*setup_.evaluation, clock_);
            metrics_.emplace(*setup_.config->evaluation);
            parts_.evaluation = setup_.evaluation;
            parts_.metrics = &*metrics_;
            const std::int64_t all = setup_.evaluation->size();
            most_samples_ = parts_.samples < 0 ? all : std::min(parts_.samples, all);
            parts_.samples = std::min(most_samples_, parts_.batch);
        }
        evaluator_.emplace(parts_);
        work_.batch = evaluator_->batch();
    }

    void calibrate() {
        const JobTime time = time_job(*evaluator_, {.kind = JobKind::calibrate}, clock_);
        work_.calibrate = per_sample(calibrated_, time.repeated);
        const double ranges = seconds_of(clock_, [&] {
            calibration_ = evaluator_->merge_calibration(time.payloads);
            evaluator_->install_calibration(calibration_);
        });
        work_.ranges = {ranges, ranges};
    }

    void time_scores(const Candidate& candidate) {
        const JobTime fp32 = time_job(*evaluator_, {.kind = JobKind::baseline}, clock_);
        work_.fp32 = per_sample(parts_.samples, fp32.repeated);
        const JobTime quantized = time_job(*evaluator_, trial_job(candidate), clock_);
        work_.quantized = per_sample(parts_.samples, quantized.repeated);
        work_.build = rest_of(quantized.first, quantized.repeated);
    }

    static Job trial_job(const Candidate& candidate) {
        return {.kind = JobKind::evaluate, .trial = TrialId{0}, .candidate = candidate};
    }
    static Job probe_job(const Candidate& candidate) {
        return {.kind = JobKind::probe, .candidate = candidate, .probe = ProbeKind::output_error};
    }

    /// The fp32 session is open by now, so each of these probes costs what a further probe of a run costs.
    /// @param least  error of the first candidate
    void try_preparations(const std::vector<Candidate>& candidates, double least) {
        std::set<std::int64_t> seen;
        std::vector<double> times;
        const auto start = clock_.now();
        for (const Candidate& candidate : candidates) {
            if (seconds(clock_.now() - start) > kTimeForPreparations) break;
            // The first candidate was probed twice by now, and its numbers are kept: the second one of its preparation
            // shows what a new one costs.
            const bool is_first_preparation = candidate.calibration == candidates.front().calibration;
            if (is_first_preparation && (candidate == candidates.front() || !times.empty())) continue;
            if (!is_first_preparation && !seen.insert(candidate.calibration).second) continue;
            ShardResult answer;
            times.push_back(seconds_of(clock_, [&] { answer = evaluator_->run(probe_job(candidate), 0); }));
            if (!answer.failure.empty()) continue;
            const double error = error_of(evaluator_->merge_probe({answer.payload}));
            if (error >= least) continue;
            least = error;
            promising_ = candidate;
        }
        if (seen.empty() || times.front() <= 0) return;
        work_.probed_samples = calibrated_;
        double sum = 0;
        for (const double time : times) sum += time;
        work_.preparation_factor = std::max(1.0, sum / static_cast<double>(times.size()) / times.front());
    }

    /// By fewer rounds than in a run, where a sample takes long; the time is that of all rounds.
    void measure_table() {
        const double sample = std::max(work_.fp32.high, 1e-6);
        const int rounds =
            std::clamp(static_cast<int>(std::min(1e6, kTimeForTable / (kTableSessions * sample))), 3, kTableRounds);
        const double time = seconds_of(clock_, [&] {
            work_.table = measure_latency_table(evaluator_->factory(), *setup_.model, space_, {.rounds = rounds});
        });
        // Building the sessions is part of it and does not grow with the rounds: the truth lies between.
        work_.latency_table = {time, time * (kTableRounds + 1) / (rounds + 1)};
    }

    /// With an evaluator of its own, because the number of samples is fixed when one is made.
    void judge() {
        const double cost = work_.read_evaluation.high + work_.fp32.high + work_.quantized.high;
        const auto affordable = static_cast<std::int64_t>(std::min(1e6, kTimeForJudging / std::max(cost, 1e-6)));
        EvaluationSetup parts = parts_;
        parts.samples = std::min(most_samples_, std::max(parts_.samples, std::min(affordable, kMostJudged)));
        MetricSet metrics(*setup_.config->evaluation);
        parts.metrics = &metrics;
        ModelEvaluator evaluator(parts);
        evaluator.install_calibration(calibration_);
        const std::vector<std::string> fp32{evaluator.run({.kind = JobKind::baseline}, 0).payload};
        Chances chances;
        chances.fp32 = evaluator.merge_scores(fp32);
        chances.doubt = guessing_text(metrics, chances.fp32);
        evaluator.install_baseline(chances.fp32, evaluator.merge_judgements(fp32));
        const double baseline = chances.fp32.accuracy;
        const auto score_of = [&](const Candidate& candidate) -> std::optional<Score> {
            const ShardResult answer = evaluator.run(trial_job(candidate), 0);
            if (!answer.failure.empty() || !std::isfinite(baseline)) return std::nullopt;
            return evaluator.merge_scores({answer.payload});
        };
        AccuracyCriterion criterion = setup_.config->tuning.criterion;
        chances.candidate = score_of(promising_);
        if (chances.candidate)
            chances.is_goal_likely = is_within_reach(Goal(criterion, baseline), baseline, *chances.candidate);
        if (space_.preparation(first_.calibration) == Preparation{} && first_error_ <= kHopelessError) {
            criterion.loss *= kEasyShareOfLoss;
            const auto first = first_ == promising_ ? chances.candidate : score_of(first_);
            chances.is_easy = first && is_within_reach(Goal(criterion, baseline), baseline, *first);
        }
        work_.chances = std::move(chances);
    }

    const WorkSetup& setup_;
    const Clock& clock_;
    EvaluationSetup parts_;
    std::int64_t calibrated_;  ///< samples of the calibration that is timed
    SearchSpace space_;
    std::optional<MetricSet> metrics_;
    std::int64_t most_samples_ = 0;  ///< of the evaluation data, as the run uses them
    std::optional<ModelEvaluator> evaluator_;
    std::string calibration_;  ///< merged
    Candidate first_;          ///< the first model-wise one, which has no preparation if the space has such candidates
    double first_error_ = std::numeric_limits<double>::infinity();  ///< of its output; infinite if it was not probed
    Candidate promising_;                                           ///< with the least error of those that were tried
    MeasuredWork work_;
};

}  // namespace

MeasuredWork measure_work(const WorkSetup& setup, const Clock& clock) { return Measuring(setup, clock).run(); }

}  // namespace halftone
