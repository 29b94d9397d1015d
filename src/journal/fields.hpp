#pragma once
// The fields of every record, each in one list. Writing a line, reading it and comparing headers use the same list, so
// a new field cannot be forgotten in one of them. Only the journal's own files include this one.
//
// walk_fields(visit, value) calls, in the order of the keys in the file:
//   visit(key, member)                    a field that is always there; a std::optional member may be missing
//   visit.includes(key, has_value)        whether an optional field follows. The writer answers with has_value, the
//                                         reader says whether the line has the key
//   visit.finite_or_null(key, number, is_unknown)   a number that is null in the file where it is not finite or unknown
//   visit.version(key, newest)            the format's number; the reader takes every number from 1 to this one
//   visit.part(key, optional, body)       a part of several fields, of which `key` is the first; body walks them
//   visit.numbers_or_null(key, numbers)   a list in which a number that is not finite is null

#include <concepts>
#include <string_view>
#include <type_traits>

#include "journal/format.hpp"

namespace halftone::journal {

/// A record for the writer (const) or for the reader (to be filled).
template <class Type, class Plain>
concept ConstOrNot = std::same_as<std::remove_const_t<Type>, Plain>;

// ---- parts of records ----

template <class Visitor>
void walk_fields(Visitor& visit, ConstOrNot<TrialResult> auto& result) {
    // The failure comes first: whether there is one decides what an accuracy of null means.
    if (visit.includes("failure", !result.failure.empty())) visit("failure", result.failure);
    visit.finite_or_null("accuracy", result.score.accuracy, !result.failure.empty());
    visit("bounds", result.score.bounds);
    visit("correct", result.score.correct);
    if (visit.includes("metrics", !result.score.metrics.empty())) visit("metrics", result.score.metrics);
    visit.part("loss", result.score.loss, [&](auto& loss) {
        visit("loss", loss.value);
        visit("loss_ci95", loss.ci95);
    });
    visit("samples", result.score.samples);
    if (visit.includes("nonfinite", result.score.nonfinite.samples > 0)) {
        visit("nonfinite", result.score.nonfinite.samples);
        visit("nonfinite_first", result.score.nonfinite.first);
    }
    visit("sample_units", result.score.sample_units);
    visit("wall_s", result.wall_s);
    visit("worker", result.worker);
}

template <class Visitor>
void walk_fields(Visitor& visit, ConstOrNot<CandidateOptions> auto& options) {
    if (!visit.includes("choice", !options.by_unit.empty())) return;
    visit("calibration", options.calibration);
    visit("choice", options.by_unit);
}

template <class Visitor>
void walk_fields(Visitor& visit, ConstOrNot<Change> auto& change) {
    visit("unit", change.unit);
    visit("to", change.to);
}

template <class Visitor>
void walk_fields(Visitor& visit, ConstOrNot<ValueErrors> auto& value) {
    if (visit.includes("unit", !value.unit.empty())) visit("unit", value.unit);
    visit("error", value.sums.error);
    visit("reference", value.sums.reference);
    visit("quantized", value.sums.quantized);
    visit("product", value.sums.product);
    visit("sum", value.sums.sum);
    visit("quantized_sum", value.sums.quantized_sum);
    visit("min", value.sums.min);
    visit("max", value.sums.max);
    visit("quantized_min", value.sums.quantized_min);
    visit("quantized_max", value.sums.quantized_max);
    visit("count", value.sums.count);
}

template <class Visitor>
void walk_fields(Visitor& visit, ConstOrNot<UnitConversion> auto& conversion) {
    visit("producer", conversion.producer);
    visit("consumer", conversion.consumer);
    visit("quantize_ms", conversion.quantize_ms);
    visit("dequantize_ms", conversion.dequantize_ms);
}

template <class Visitor>
void walk_fields(Visitor& visit, ConstOrNot<Finalists::Entry> auto& entry) {
    visit("trial", entry.trial);
    visit("candidate", entry.candidate);
    visit("median_ms", entry.latency_ms.median);
    visit("low_ms", entry.latency_ms.low);
    visit("high_ms", entry.latency_ms.high);
}

// ---- records ----

/// The value of the key `type` for each record.
template <class Type>
inline constexpr std::string_view kTypeWord = "";
template <>
inline constexpr std::string_view kTypeWord<Header> = "header";
template <>
inline constexpr std::string_view kTypeWord<Baseline> = "baseline";
template <>
inline constexpr std::string_view kTypeWord<Trial> = "trial";
template <>
inline constexpr std::string_view kTypeWord<Partial> = "partial";
template <>
inline constexpr std::string_view kTypeWord<Resume> = "resume";
template <>
inline constexpr std::string_view kTypeWord<End> = "end";
template <>
inline constexpr std::string_view kTypeWord<Difficulty> = "difficulty";
template <>
inline constexpr std::string_view kTypeWord<Judgements> = "judgements";
template <>
inline constexpr std::string_view kTypeWord<Sensitivity> = "sensitivity";
template <>
inline constexpr std::string_view kTypeWord<LatencyTable> = "latency_table";
template <>
inline constexpr std::string_view kTypeWord<Finalists> = "finalists";
template <>
inline constexpr std::string_view kTypeWord<Completion> = "completion";

template <class Visitor>
void walk_fields(Visitor& visit, ConstOrNot<Header> auto& header) {
    visit.version("format", kFormat);
    visit("version", header.version);
    visit("strategy", header.strategy);
    visit("seed", header.seed);
    visit("isa", header.isa);
    visit("config", header.config);
    visit("model", header.model);
    visit("data", header.data);
    visit("space", header.space);
}

template <class Visitor>
void walk_fields(Visitor& visit, ConstOrNot<Baseline> auto& baseline) {
    walk_fields(visit, baseline.result);
}

template <class Visitor>
void walk_fields(Visitor& visit, ConstOrNot<Trial> auto& trial) {
    visit("trial", trial.trial);
    visit("candidate", trial.candidate);
    visit("stage", trial.stage);
    visit("changed", trial.changed);
    visit("verdict", trial.verdict);
    walk_fields(visit, trial.result);
    visit("latency_ms", trial.latency_ms);
    visit("elapsed_ms", trial.elapsed_ms);
    walk_fields(visit, trial.options);
}

/// Partial and Completion name the trial by `of`, so that a search for "trial": finds trials only.
template <class Visitor, class Type>
requires ConstOrNot<Type, Partial> || ConstOrNot<Type, Completion>
void walk_fields(Visitor& visit, Type& record) {
    visit("of", record.of);
    visit("candidate", record.candidate);
    walk_fields(visit, record.result);
}

template <class Visitor>
void walk_fields(Visitor& visit, ConstOrNot<Difficulty> auto& difficulty) {
    visit("samples", difficulty.samples);
}

template <class Visitor>
void walk_fields(Visitor& visit, ConstOrNot<Judgements> auto& judgements) {
    if (visit.includes("right", !judgements.right.empty())) {
        visit("right", judgements.right);
    } else {
        visit.numbers_or_null("values", judgements.values);
    }
}

template <class Visitor>
void walk_fields(Visitor& visit, ConstOrNot<Sensitivity> auto& sensitivity) {
    visit("probe", sensitivity.probe);
    visit("stage", sensitivity.stage);
    visit("kind", sensitivity.kind);
    visit("candidate", sensitivity.candidate);
    visit("samples", sensitivity.samples);
    if (visit.includes("failure", !sensitivity.failure.empty())) visit("failure", sensitivity.failure);
    walk_fields(visit, sensitivity.options);
    visit("values", sensitivity.values);
}

template <class Visitor>
void walk_fields(Visitor& visit, ConstOrNot<LatencyTable> auto& table) {
    visit("unit_ms", table.unit_ms);
    visit("borders", table.conversions);  // the word of format 1
    visit("rest_ms", table.rest_ms);
}

template <class Visitor>
void walk_fields(Visitor& visit, ConstOrNot<Finalists> auto& finalists) {
    visit("entries", finalists.entries);
    visit("chosen", finalists.chosen);
}

template <class Visitor>
void walk_fields(Visitor& visit, ConstOrNot<Resume> auto& resume) {
    visit("trials", resume.trials);
    visit("ranks", resume.ranks);
}

template <class Visitor>
void walk_fields(Visitor& visit, ConstOrNot<End> auto& end) {
    visit("reason", end.reason);
    visit("trials", end.trials);
    visit("best", end.best);
    visit("goal_met", end.goal_met);
    visit("sample_units", end.sample_units);
    visit("elapsed_ms", end.elapsed_ms);
}

}  // namespace halftone::journal
