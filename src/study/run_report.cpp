// The report of a run. Text and JSON show the same facts, taken from the StudySource in the same way:
//
//   run_report_text   for people: the last trials and the worst units only
//   run_report_json   for programs: everything
#include "study/run_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "metric/metric.hpp"
#include "study/distances.hpp"
#include "study/distances_json.hpp"
#include "study/progress_line.hpp"

namespace halftone::study {
namespace {

using Json = nlohmann::ordered_json;

/// Says in words whether the run goes on.
std::string state_of(const StudySource& s) {
    if (s.end) return "ended by " + s.end->reason;
    return s.is_running ? "running" : "stopped before its end (tune --resume goes on)";
}

/// Returns the trial whose model best.onnx holds, or null where nothing is delivered yet.
const journal::Trial* delivered_trial(const StudySource& s) {
    const auto found = std::find_if(s.trials.begin(), s.trials.end(),
                                    [&](const journal::Trial& trial) { return trial.trial == s.delivered(); });
    return found == s.trials.end() ? nullptr : &*found;
}

/// A trial that ended early has no accuracy, but an upper bound that was enough for its verdict.
std::string result_text(const journal::TrialResult& result) {
    if (!result.failure.empty()) return "failed: " + result.failure;
    const Score& score = result.score;
    const std::string warning = nonfinite_text(score).empty() ? "" : "; " + nonfinite_text(score);
    if (score.bounds) {
        return fmt::format("at most {}, from {} samples{}", metric_number(score.bounds->high, score), score.samples,
                           warning);
    }
    std::string text = accuracy_cell(score);
    for (const std::string& more : {loss_text(score), other_metrics_text(score)}) {
        if (!more.empty()) text += ", " + more;
    }
    return text + warning;
}

/// Returns the errors of the units from the last probe that measured them, largest first. Units of equal error keep
/// their order.
std::vector<std::pair<std::string, ErrorSums>> last_errors(const StudySource& s) {
    std::vector<std::pair<std::string, ErrorSums>> errors;
    for (const journal::Sensitivity& probe : s.sensitivities) {
        if (probe.kind != "unit_errors" || !probe.failure.empty()) continue;
        // Only the last probe counts: earlier ones measured other candidates.
        errors.clear();
        for (const journal::ValueErrors& value : probe.values) errors.emplace_back(value.unit, value.sums);
    }
    std::stable_sort(errors.begin(), errors.end(),
                     [](const auto& a, const auto& b) { return a.second.relative() > b.second.relative(); });
    return errors;
}

/// "time       20s so far, about 14s left (up to 3m 20s); at most 98 trials may follow".
std::string progress_lines(const RunProgress& progress, double age_s) {
    std::string text = fmt::format("time       {} so far", duration_text(progress.elapsed_s + age_s));
    if (const std::string left = progress_left_text(progress, age_s); !left.empty()) text += ", " + left;
    // How many may follow is known from the first trial on.
    if (progress.trials > 0) text += fmt::format("; at most {} trials may follow", progress.most_left);
    return text + "\n";
}

Json progress_json(const RunProgress& progress, double age_s) {
    const auto left = [&](const std::optional<double>& seconds) {
        return seconds ? Json(std::max(0.0, *seconds - age_s)) : Json(nullptr);
    };
    return {{"elapsed_s", progress.elapsed_s + age_s},
            {"most_trials_left", progress.most_left},
            {"expected_left_s", left(progress.expected_left_s)},
            {"most_left_s", left(progress.most_left_s)}};
}

/// Every metric and the loss, under the names that they have in the journal.
void put_metrics(Json& row, const Score& score) {
    for (const MetricValue& metric : score.metrics) row["metrics"][metric.name] = json_number(metric.value);
    if (!score.loss) return;
    row["loss"] = json_number(score.loss->value);
    if (const auto& ci95 = score.loss->ci95) row["loss_ci95"] = {ci95->low, ci95->high};
}

}  // namespace

std::string accuracy_cell(const Score& score) {
    std::string text = metric_number(score.accuracy, score);
    if (!score.correct) return text;
    const Interval ci = wilson95(*score.correct, score.samples);
    return text + fmt::format(" [{:.4f}, {:.4f}]", ci.low, ci.high);
}

std::string nonfinite_text(const Score& score) {
    const NonfiniteOutputs& nonfinite = score.nonfinite;
    if (nonfinite.samples == 0) return {};
    const bool has_more = std::cmp_less(nonfinite.first.size(), nonfinite.samples);
    return fmt::format("outputs of {} of {} samples are NaN or infinite (samples {}{})", nonfinite.samples,
                       score.samples, fmt::join(nonfinite.first, ", "), has_more ? ", …" : "");
}

std::string run_report_text(const StudySource& s) {
    std::string out;
    constexpr std::size_t kShownTrials = 10;
    constexpr std::size_t kShownUnits = 10;
    if (!s.verdict.empty()) out += s.verdict + "\n";
    out += fmt::format("{}: strategy {}, {}\n", s.folder, s.header.strategy, state_of(s));
    if (s.baseline) out += fmt::format("fp32       {}\n", result_text(s.baseline->result));
    // The limit is NaN before the baseline is known.
    if (std::isfinite(s.goal_limit())) {
        out += fmt::format("goal       {} {:.6g} ({} loss of {:.4g})\n", s.higher_is_better ? "at least" : "at most",
                           s.goal_limit(), s.is_relative ? "relative" : "absolute", s.loss);
    }
    out += fmt::format("trials     {}{}\n", s.trials.size(),
                       s.max_trials > 0 ? fmt::format(" of at most {}", s.max_trials) : "");
    if (s.progress) out += progress_lines(*s.progress, s.progress_age_s);
    if (const journal::Trial* best = delivered_trial(s)) {
        out += fmt::format("delivered  trial {} ({}): {}\n", best->trial, best->verdict, result_text(s.result(*best)));
    } else {
        out += fmt::format("delivered  nothing yet\n");
    }
    // A run may have thousands of trials; the last ones say where it is.
    const std::size_t first = s.trials.size() > kShownTrials ? s.trials.size() - kShownTrials : 0;
    for (std::size_t i = first; i < s.trials.size(); ++i) {
        const journal::Trial& trial = s.trials[i];
        out += fmt::format("  trial {:<4} {:<22} {:<5} {} units in high precision, {}\n", trial.trial, trial.stage,
                           trial.verdict, trial.changed.size(), result_text(s.result(trial)));
    }
    const auto errors = last_errors(s);
    if (!errors.empty()) out += fmt::format("largest errors of units, quantized (noise to signal; SQNR; cosine):\n");
    for (std::size_t i = 0; i < std::min(kShownUnits, errors.size()); ++i) {
        const auto& [unit, sums] = errors[i];
        out += fmt::format("  {:<40} {:.4g}  {:.1f} dB  {:.6f}\n", unit, sums.relative(), sqnr_db(sums), cosine(sums));
    }
    return out;
}

std::string run_report_json(const StudySource& s) {
    Json json{{"workspace", s.folder},
              {"strategy", s.header.strategy},
              {"state", s.end          ? "ended"
                        : s.is_running ? "running"
                                       : "stopped"}};
    if (!s.verdict.empty()) json["verdict"] = s.verdict;
    json["reason"] = s.end ? Json(s.end->reason) : Json(nullptr);
    json["goal"] = {{"limit", json_number(s.goal_limit())}, {"met", s.end ? Json(s.end->goal_met) : Json(nullptr)}};
    json["baseline"] = s.baseline ? json_number(s.baseline->result.score.accuracy) : Json(nullptr);
    if (s.baseline) {
        for (const MetricValue& metric : s.baseline->result.score.metrics) {
            json["baseline_metrics"][metric.name] = json_number(metric.value);
        }
    }
    if (s.baseline && s.baseline->result.score.nonfinite.samples > 0) {
        json["baseline_nonfinite"] = s.baseline->result.score.nonfinite.samples;
    }
    if (s.progress) json["progress"] = progress_json(*s.progress, s.progress_age_s);
    json["trials"] = Json::array();
    for (const journal::Trial& trial : s.trials) {
        Json row{{"trial", trial.trial}, {"stage", trial.stage}, {"verdict", trial.verdict}};
        const journal::TrialResult& result = s.result(trial);
        // A trial that ended early has no accuracy, only bounds; json_number makes null of its NaN.
        row["accuracy"] = result.failure.empty() ? json_number(result.score.accuracy) : Json(nullptr);
        put_metrics(row, result.score);
        if (const auto& bounds = trial.result.score.bounds) row["bounds"] = {bounds->low, bounds->high};
        row["samples"] = result.score.samples;
        if (result.score.nonfinite.samples > 0) row["nonfinite"] = result.score.nonfinite.samples;
        json["trials"].push_back(std::move(row));
    }
    const journal::Trial* best = delivered_trial(s);
    json["delivered"] = best ? Json(best->trial) : Json(nullptr);
    json["units"] = Json::array();
    for (const auto& [unit, sums] : last_errors(s)) {
        Json row{{"unit", unit}};
        put_distances(row, sums);
        json["units"].push_back(std::move(row));
    }
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace halftone::study
