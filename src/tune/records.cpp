#include "tune/records.hpp"

#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "base/text.hpp"

namespace halftone::tune {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

const char* kind_name(ProbeKind kind) { return kind == ProbeKind::unit_errors ? "unit_errors" : "output_error"; }

journal::ErrorNumbers to_numbers(const ErrorSums& sums, std::string unit) {
    return {std::move(unit),    sums.error, sums.reference, sums.quantized,     sums.product,       sums.sum,
            sums.quantized_sum, sums.min,   sums.max,       sums.quantized_min, sums.quantized_max, sums.count};
}

ErrorSums to_sums(const journal::ErrorNumbers& numbers) {
    return {.error = numbers.error,
            .reference = numbers.reference,
            .quantized = numbers.quantized,
            .product = numbers.product,
            .sum = numbers.sum,
            .quantized_sum = numbers.quantized_sum,
            .min = numbers.min,
            .max = numbers.max,
            .quantized_min = numbers.quantized_min,
            .quantized_max = numbers.quantized_max,
            .count = numbers.count};
}

}  // namespace

Score to_score(const journal::Result& record) {
    Score score{record.accuracy, record.correct, record.samples, record.sample_units};
    if (record.bounds) score.bounds = AccuracyBounds{record.bounds->first, record.bounds->second};
    return score;
}

Outcome to_outcome(const journal::Result& record) {
    if (!record.failure.empty()) return TrialFailure{record.failure};
    return to_score(record);
}

journal::Result to_record(const FinishedJob& job, const FinishedPart& part, const Evaluator& evaluator,
                          const std::optional<AccuracyBounds>& bounds) {
    journal::Result record;
    record.failure = part.failure;
    record.sample_units = part.sample_units;
    record.wall_s = job.wall_s / static_cast<double>(1 + job.followers.size());
    record.worker = job.last_worker;
    if (!part.failure.empty()) return record;
    const Score score = evaluator.merge_scores(part.payloads);
    record.correct = score.correct;
    record.samples = score.samples;
    if (bounds) {
        record.accuracy = kNone;
        record.bounds.emplace(bounds->low, bounds->high);
        return record;
    }
    // The journal has one word for every number that is none, and a resumed run must judge as this one does.
    record.accuracy = std::isfinite(score.accuracy) ? score.accuracy : kNone;
    return record;
}

journal::LatencyTable to_record(const LatencyTable& table) {
    journal::LatencyTable record{.unit_ms = table.unit_ms, .borders = {}, .rest_ms = table.rest_ms};
    for (const LatencyTable::Border& border : table.borders) {
        record.borders.push_back({border.producer, border.consumer, border.quantize_ms, border.dequantize_ms});
    }
    return record;
}

LatencyTable to_table(const journal::LatencyTable& record, const SearchSpace& space) {
    const auto units = static_cast<std::int64_t>(space.decisions().size());
    bool fits = std::cmp_equal(record.unit_ms.size(), units);
    for (std::size_t u = 0; fits && u < record.unit_ms.size(); ++u) {
        fits = record.unit_ms[u].size() == space.decisions()[u].options.size();
    }
    LatencyTable table{.unit_ms = record.unit_ms, .borders = {}, .rest_ms = record.rest_ms};
    for (const auto& border : record.borders) {
        fits =
            fits && border.producer >= -1 && border.producer < units && border.consumer >= 0 && border.consumer < units;
        table.borders.push_back({static_cast<std::int32_t>(border.producer), static_cast<std::int32_t>(border.consumer),
                                 border.quantize_ms, border.dequantize_ms});
    }
    if (!fits) {
        throw ConfigError("the journal's latency table is not of this search space; choose another --workspace");
    }
    return table;
}

journal::Choice to_choice(const Candidate& candidate) {
    return {.calibration = candidate.calibration, .options = {candidate.choice.begin(), candidate.choice.end()}};
}

journal::Sensitivity to_record(const ProbeRequest& request, const ProbeResult& result, const SearchSpace& space) {
    journal::Sensitivity record;
    record.kind = kind_name(request.kind);
    record.candidate = hex16(request.candidate.hash);
    record.samples = result.samples;
    record.failure = result.failure;
    record.choice = to_choice(request.candidate);
    for (std::size_t i = 0; i < result.values.size(); ++i) {
        const bool is_unit = request.kind == ProbeKind::unit_errors;
        record.values.push_back(to_numbers(result.values[i], is_unit ? space.decisions()[i].unit : ""));
    }
    return record;
}

ProbeResult to_result(const journal::Sensitivity& record) {
    ProbeResult result;
    result.samples = record.samples;
    result.failure = record.failure;
    for (const journal::ErrorNumbers& numbers : record.values) result.values.push_back(to_sums(numbers));
    return result;
}

}  // namespace halftone::tune
