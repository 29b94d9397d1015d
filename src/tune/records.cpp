#include "tune/records.hpp"

#include <cmath>
#include <limits>

#include "base/text.hpp"

namespace halftone::tune {
namespace {

constexpr double kNoAccuracy = std::numeric_limits<double>::quiet_NaN();

const char* kind_word(ProbeKind kind) { return kind == ProbeKind::unit_errors ? "unit_errors" : "output_error"; }

}  // namespace

journal::TrialResult to_record(const FinishedJob& job, const FinishedPart& part, const Evaluator& evaluator,
                               const std::optional<AccuracyBounds>& bounds) {
    journal::TrialResult record;
    record.failure = part.failure;
    record.score.sample_units = part.sample_units;
    // Candidates of one job ran side by side, so nobody knows how long each took: they share the time evenly.
    record.wall_s = job.wall_s / static_cast<double>(1 + job.followers.size());
    record.worker = job.last_worker;
    if (!part.failure.empty()) return record;
    const Score score = evaluator.merge_scores(part.payloads);
    record.score.correct = score.correct;
    record.score.samples = score.samples;
    record.score.bounds = bounds;
    // A first part of the samples gives no accuracy. And the journal has one word for every number that is none, so
    // infinities become NaN here: a resumed run must judge as this one does.
    record.score.accuracy = !bounds && std::isfinite(score.accuracy) ? score.accuracy : kNoAccuracy;
    return record;
}

journal::Sensitivity to_record(const ProbeRequest& request, const ProbeResult& result, const SearchSpace& space) {
    journal::Sensitivity record;
    record.kind = kind_word(request.kind);
    record.candidate = hex16(request.candidate.hash);
    record.samples = result.samples;
    record.failure = result.failure;
    record.options = journal::to_options(request.candidate);
    for (std::size_t i = 0; i < result.values.size(); ++i) {
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
