#include "tune/records.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/text.hpp"

namespace halftone::tune {
namespace {

constexpr double kNoAccuracy = std::numeric_limits<double>::quiet_NaN();

const char* kind_word(ProbeKind kind) { return kind == ProbeKind::unit_errors ? "unit_errors" : "output_error"; }

/// Takes over what the journal holds of a score. It has one word for every number that is none, so infinities become
/// NaN here: a resumed run must judge as this one does.
void put_score(const Score& from, Score& to) {
    const auto finite = [](double value) { return std::isfinite(value) ? value : kNoAccuracy; };
    to.correct = from.correct;
    to.samples = from.samples;
    to.nonfinite = from.nonfinite;
    to.accuracy = finite(from.accuracy);
    for (const MetricValue& metric : from.metrics) to.metrics.push_back({metric.name, finite(metric.value)});
    if (from.loss && std::isfinite(from.loss->value)) to.loss = from.loss;
}

}  // namespace

journal::TrialResult to_record(const FinishedJob& job, const FinishedPart& part, const Evaluator& evaluator) {
    journal::TrialResult record;
    record.failure = part.failure;
    record.score.sample_units = part.sample_units;
    // Candidates of one job ran side by side, so nobody knows how long each took: they share the time evenly.
    record.wall_s = job.wall_s / static_cast<double>(1 + job.followers.size());
    record.worker = job.last_worker;
    if (!part.failure.empty()) return record;
    const auto merge = evaluator.start_score();
    for (const std::string& payload : part.payloads) merge->add(payload);
    // A verdict ends a trial before all of its shards are there; nothing else leaves payloads out.
    const bool ended_early = std::cmp_less(part.payloads.size(), evaluator.shards(job.job.kind));
    try {
        put_score(merge->score(), record.score);
    } catch (const ScoreFailure& failure) {
        // Without fp32's accuracy there is no goal, so the run cannot go on; a candidate's failure is only its own.
        if (job.job.kind == JobKind::baseline) throw;
        record.failure = failure.what();
        return record;
    }
    if (!ended_early) return record;
    // A first part of the samples gives no accuracy.
    record.score.bounds = merge->bounds();
    record.score.accuracy = kNoAccuracy;
    record.score.metrics.clear();
    record.score.loss.reset();
    return record;
}

// Shares take one character for each sample; other judgements are written as numbers.
journal::Judgements to_record(const Judgements& judgements) {
    const auto is_share = [](double value) { return std::isnan(value) || value == 0 || value == 1; };
    if (!std::all_of(judgements.begin(), judgements.end(), is_share)) return {.right = {}, .values = judgements};
    std::string right;
    for (const double judgement : judgements) right += std::isnan(judgement) ? '-' : judgement == 1 ? '1' : '0';
    return {.right = right, .values = {}};
}

Judgements to_judgements(const journal::Judgements& record) {
    if (record.right.empty()) return record.values;
    Judgements judgements;
    for (const char c : record.right) judgements.push_back(c == '1' ? 1 : c == '0' ? 0 : kNoAccuracy);
    return judgements;
}

journal::Sensitivity to_record(const ProbeRequest& request, const ProbeResult& result, const SearchSpace& space) {
    journal::Sensitivity record;
    record.kind = kind_word(request.kind);
    record.candidate = hex16(request.candidate.hash);
    record.samples = result.samples;
    record.failure = result.failure;
    record.options = journal::to_options(request.candidate);
    for (std::size_t i = 0; i < result.values.size(); ++i) {
        // Errors of units come in the order of the space; the output's error belongs to no unit.
        const bool is_unit = request.kind == ProbeKind::unit_errors;
        record.values.push_back({is_unit ? space.decisions()[i].unit : "", result.values[i]});
    }
    return record;
}

ProbeResult to_probe_result(const journal::Sensitivity& record) {
    ProbeResult result;
    result.samples = record.samples;
    result.failure = record.failure;
    for (const journal::ValueErrors& value : record.values) result.values.push_back(value.sums);
    return result;
}

}  // namespace halftone::tune
