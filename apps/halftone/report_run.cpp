// The command report on a tune's folder: text or JSON summary, and study.h5.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "commands.hpp"
#include "distances.hpp"
#include "rank_dump.hpp"
#include "report.hpp"
#include "study.hpp"
#include "trial/trial.hpp"
#include "tune/records.hpp"

namespace halftone::app {
namespace {

using Json = nlohmann::ordered_json;

std::string state_of(const StudySource& s) {
    if (s.end) return "ended by " + s.end->reason;
    return s.is_running ? "running" : "stopped before its end (tune --resume goes on)";
}

/// The delivered trial, else none.
const journal::Trial* delivered_trial(const StudySource& s) {
    const auto found = std::find_if(s.trials.begin(), s.trials.end(),
                                    [&](const journal::Trial& trial) { return trial.trial == s.delivered(); });
    return found == s.trials.end() ? nullptr : &*found;
}

std::string result_text(const journal::Result& result) {
    if (!result.failure.empty()) return "failed: " + result.failure;
    if (result.bounds) return fmt::format("at most {:.4f}, from {} samples", result.bounds->second, result.samples);
    return accuracy_cell(tune::to_score(result));
}

/// The units' errors that were probed last, largest first.
std::vector<std::pair<std::string, ErrorSums>> last_errors(const StudySource& s) {
    std::vector<std::pair<std::string, ErrorSums>> errors;
    for (const journal::Sensitivity& probe : s.sensitivities) {
        if (probe.kind != "unit_errors" || !probe.failure.empty()) continue;
        errors.clear();
        const ProbeResult result = tune::to_result(probe);
        for (std::size_t i = 0; i < result.values.size(); ++i)
            errors.emplace_back(probe.values[i].unit, result.values[i]);
    }
    std::stable_sort(errors.begin(), errors.end(),
                     [](const auto& a, const auto& b) { return a.second.relative() > b.second.relative(); });
    return errors;
}

void print_text(const StudySource& s) {
    constexpr std::size_t kShownTrials = 10;
    constexpr std::size_t kShownUnits = 10;
    fmt::print("{}: strategy {}, {}\n", s.folder, s.header.strategy, state_of(s));
    if (s.baseline) fmt::print("fp32       {}\n", result_text(s.baseline->result));
    if (std::isfinite(s.goal_limit())) {
        fmt::print("goal       {} {:.6g} ({} loss of {:.4g})\n", s.higher_is_better ? "at least" : "at most",
                   s.goal_limit(), s.is_relative ? "relative" : "absolute", s.loss);
    }
    fmt::print("trials     {}{}\n", s.trials.size(),
               s.max_trials > 0 ? fmt::format(" of at most {}", s.max_trials) : "");
    if (const journal::Trial* best = delivered_trial(s)) {
        fmt::print("delivered  trial {} ({}): {}\n", best->trial, best->verdict, result_text(s.result(*best)));
    } else {
        fmt::print("delivered  nothing yet\n");
    }
    const std::size_t first = s.trials.size() > kShownTrials ? s.trials.size() - kShownTrials : 0;
    for (std::size_t i = first; i < s.trials.size(); ++i) {
        const journal::Trial& trial = s.trials[i];
        fmt::print("  trial {:<4} {:<22} {:<5} {} units in high precision, {}\n", trial.trial, trial.stage,
                   trial.verdict, trial.changed.size(), result_text(s.result(trial)));
    }
    const auto errors = last_errors(s);
    if (!errors.empty()) fmt::print("largest errors of units, quantized (noise to signal; SQNR; cosine):\n");
    for (std::size_t i = 0; i < std::min(kShownUnits, errors.size()); ++i) {
        const auto& [unit, sums] = errors[i];
        fmt::print("  {:<40} {:.4g}  {:.1f} dB  {:.6f}\n", unit, sums.relative(), sqnr_db(sums), cosine(sums));
    }
}

Json to_json(const StudySource& s) {
    Json json{{"workspace", s.folder},
              {"strategy", s.header.strategy},
              {"state", s.end          ? "ended"
                        : s.is_running ? "running"
                                       : "stopped"}};
    json["reason"] = s.end ? Json(s.end->reason) : Json(nullptr);
    json["goal"] = {{"limit", json_number(s.goal_limit())}, {"met", s.end ? Json(s.end->goal_met) : Json(nullptr)}};
    json["baseline"] = s.baseline ? json_number(s.baseline->result.accuracy) : Json(nullptr);
    json["trials"] = Json::array();
    for (const journal::Trial& trial : s.trials) {
        Json row{{"trial", trial.trial}, {"stage", trial.stage}, {"verdict", trial.verdict}};
        const journal::Result& result = s.result(trial);
        row["accuracy"] = result.failure.empty() ? json_number(result.accuracy) : Json(nullptr);
        if (trial.result.bounds) row["bounds"] = {trial.result.bounds->first, trial.result.bounds->second};
        row["samples"] = result.samples;
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
    return json;
}

}  // namespace

int run_report(const ReportOptions& options) {
    const auto files = make_posix_file_system();
    if (!files->exists(options.folder)) throw IoError(fmt::format("'{}': no such folder", options.folder));
    if (files->exists(options.folder + "/index.h5") || !options.rank.empty()) return report_dump(options);
    std::vector<std::string> warnings;
    const StudySource source = read_study_source(options.folder, warnings);
    if (!options.study.empty()) write_study(source, options.study, warnings);
    for (const std::string& warning : warnings) fmt::print(stderr, "warning: {}\n", warning);
    if (options.as_json) {
        fmt::print("{}\n", to_json(source).dump(-1, ' ', false, Json::error_handler_t::replace));
        return static_cast<int>(ExitCode::ok);
    }
    print_text(source);
    if (!options.study.empty()) fmt::print("study in {}\n", options.study);
    return static_cast<int>(ExitCode::ok);
}

}  // namespace halftone::app
