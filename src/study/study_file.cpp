// study.h5, group by group, in the order in which write_study() calls the parts:
//
//   write_run, write_progress_of, write_goal   attributes: how the run was started, how far it is, what it must reach
//   write_units             /units and /options, from study.json
//   write_trials            /trials, and by write_plans what each trial made of each unit
//   write_sensitivity       /sensitivity: the probes
//   write_latency, write_finalists, write_delivered   only where the run has got so far
//   write_distributions, copy_calibration             from the run's other HDF5 files, where they are there and whole
//
// Tables come before the arrays that name them as scales: HDF5 attaches a scale only where it exists.
#include "study/study_file.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "base/error.hpp"
#include "dump/h5_reader.hpp"
#include "dump/h5_writer.hpp"
#include "metric/metric.hpp"
#include "study/distribution_tables.hpp"
#include "study/study_rows.hpp"

namespace halftone::study {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

/// Turns texts from a fixed list into codes with names. A text that is not in the list becomes the code of "unknown",
/// which is appended to the names: find() then returns end, whose position is the number of names.
H5Codes coded(const std::vector<std::string>& words, std::vector<std::string> names) {
    H5Codes codes;
    for (const std::string& word : words) {
        const auto found = std::find(names.begin(), names.end(), word);
        codes.codes.push_back(static_cast<std::uint8_t>(found - names.begin()));
    }
    names.emplace_back("unknown");
    codes.names = std::move(names);
    return codes;
}

void write_run(H5Writer& file, const StudySource& s) {
    file.group("/run", "How the run was started, and what it was of");
    const auto put = [&](const char* name, const H5Attribute& value) { file.attribute("/run", name, value); };
    put("strategy", s.header.strategy);
    put("seed", s.header.seed);
    put("isa", s.header.isa);
    put("version", s.header.version);
    put("git", s.git);
    put("libraries", s.libraries);
    put("command", s.command);
    put("directory", s.directory);
    put("ranks", s.ranks);
    put("threads", s.threads);
    put("sessions", s.sessions);
    put("model_path", s.model_path);
    put("model_bytes", s.model_bytes);
    put("config_hash", s.header.config);
    put("model_hash", s.header.model);
    put("data_hash", s.header.data);
    put("space_hash", s.header.space);
    put("metric", s.metric);
    put("max_trials", s.max_trials);
    put("state", s.end ? std::string("ended") : s.is_running ? "running" : "stopped");
    put("verdict", s.verdict);
    put("workspace", s.folder);
    put("end_reason", s.end ? s.end->reason : "");
    file.array({.path = "/run/config",
                .description = "the effective config, YAML",
                .units = "",
                .elements = std::vector<std::string>{s.config_text},
                .shape = {}});
}

/// While the run goes on. A reader may open the file hours later, so it holds when its numbers were true.
void write_progress_of(H5Writer& file, const StudySource& s) {
    if (!s.progress) return;
    const RunProgress& progress = *s.progress;
    const auto left = [&](const std::optional<double>& seconds) {
        return seconds ? std::max(0.0, *seconds - s.progress_age_s) : kMissing;
    };
    file.group("/progress", "How far the run is, while it goes on");
    file.attribute("/progress", "trials", progress.trials);
    file.attribute("/progress", "most_trials_left", progress.most_left);
    file.attribute("/progress", "elapsed_s", progress.elapsed_s + s.progress_age_s);
    file.attribute("/progress", "expected_left_s", left(progress.expected_left_s));
    file.attribute("/progress", "most_left_s", left(progress.most_left_s));
    file.attribute("/progress", "left", progress_left_text(progress, s.progress_age_s));
    file.attribute("/progress", "at_s", progress.written_s + s.progress_age_s);
}

void write_goal(H5Writer& file, const StudySource& s) {
    file.group("/goal", "What the fp32 model reaches, and what a quantized one must");
    const auto put = [&](const char* name, const H5Attribute& value) { file.attribute("/goal", name, value); };
    // Before the baseline is known, numbers are NaN and counts are -1, so that readers find every attribute in any
    // state.
    const bool has_baseline = s.baseline.has_value();
    const Score result = has_baseline ? s.baseline->result.score : Score{};
    put("kind", std::string(s.is_relative ? "relative" : "absolute"));
    put("loss", s.loss);
    put("higher_is_better", std::int64_t{s.higher_is_better});
    put("limit", s.goal_limit());
    put("baseline_accuracy", has_baseline ? result.accuracy : kMissing);
    put("baseline_correct", result.correct.value_or(-1));
    put("baseline_samples", result.samples);
    // Wilson's interval needs a count of right samples; metrics like mAP have none.
    const Interval ci = result.correct ? wilson95(*result.correct, result.samples) : Interval{kMissing, kMissing};
    put("baseline_low95", ci.low);
    put("baseline_high95", ci.high);
    put("met", std::int64_t{s.end && s.end->goal_met});
}

void write_units(H5Writer& file, const StudySource& s) {
    std::vector<std::string> name, op, output, nodes, refused;
    std::vector<std::int64_t> options, fp32_bytes;
    OptionRows rows;
    for (std::size_t u = 0; u < s.units.size(); ++u) {
        const UnitFacts& unit = s.units[u];
        name.push_back(unit.name);
        op.push_back(unit.op);
        output.push_back(unit.output);
        // A cell holds one text. Names of ONNX nodes have no blanks in practice; who needs more reads study.json.
        std::string joined;
        for (const std::string& node : unit.nodes) joined += (joined.empty() ? "" : " ") + node;
        nodes.push_back(joined);
        refused.push_back(unit.refused);
        options.push_back(static_cast<std::int64_t>(unit.options.size()));
        // The last option of a unit is always fp32.
        fp32_bytes.push_back(unit.options.empty() ? 0 : unit.options.back().weight_bytes);
        for (std::size_t o = 0; o < unit.options.size(); ++o) rows.add(u, o, unit.options[o]);
    }
    file.table("/units", "What is quantized, or falls back, as one; position = unit number",
               {{"name", "name of its main node", "", name},
                {"op", "ONNX operator of its main node", "", op},
                {"output", "name of the value that it produces", "", output},
                {"nodes", "its nodes, separated by blanks", "", nodes},
                {"options", "number of options in the search", "1", options},
                {"fp32_bytes", "bytes of its weight in fp32", "byte", fp32_bytes},
                {"refused", "why it cannot be of a dtype", "", refused}});
    file.table("/options", "What each unit can be; an option number counts from 0 for each unit", rows.columns());
}

/// Two matrices [trial, unit]: the dtype of each unit in each trial, and the number of its option.
void write_plans(H5Writer& file, const StudySource& s) {
    file.group("/plans", "The candidates of the trials, unit by unit");
    std::vector<std::string> words;
    std::vector<std::int32_t> options;
    for (const journal::Trial& trial : s.trials) {
        // Trials of old journals recorded no options; dtype_of then uses what the journal says otherwise.
        for (std::size_t u = 0; u < s.units.size(); ++u) {
            words.push_back(dtype_of(s, trial.options, trial.changed, u));
            const std::int64_t option = u < trial.options.by_unit.size() ? trial.options.by_unit[u] : -1;
            // No space has so many options: such a number was edited into the journal.
            options.push_back(std::in_range<std::int32_t>(option) ? static_cast<std::int32_t>(option) : -1);
        }
    }
    // Row-major: a trial's units lie together, as the loops above have filled them.
    const std::vector<std::int64_t> shape{static_cast<std::int64_t>(s.trials.size()),
                                          static_cast<std::int64_t>(s.units.size())};
    const std::vector<std::string> scales{"/trials/trial", "/units/name"};
    file.array({.path = "/plans/dtype",
                .description = "dtype of the activations that a unit reads, or of its weights if they alone are codes; "
                               "[trial, unit]",
                .units = "",
                .elements = coded(words, {"fp32", "bf16", "int8", "uint8", "int4 weights", "int8 weights"}),
                .shape = shape,
                .scales = scales,
                .is_packed = true});
    file.array({.path = "/plans/option",
                .description = "option number (see /options), -1 = not recorded; [trial, unit]",
                .units = "1",
                .elements = options,
                .shape = shape,
                .scales = scales,
                .is_packed = true});
}

void write_trials(H5Writer& file, const StudySource& s) {
    // The verdict comes last: it is stored as codes, and columns() gives numbers and texts.
    TrialRows rows(s);
    for (const journal::Trial& trial : s.trials) rows.add(trial);
    std::vector<H5Column> columns = rows.columns();
    columns.push_back({"verdict", "pass: meets the goal; fail: does not; error: could not be evaluated", "",
                       coded(rows.verdicts(), {"pass", "fail", "error"})});
    file.table("/trials", "The finished trials, in order", columns);
    MetricRows metrics;
    if (s.baseline) metrics.add(-1, s.baseline->result.score);
    for (const journal::Trial& trial : s.trials) metrics.add(trial.trial, s.result(trial).score);
    file.table("/metrics", "Every metric of the fp32 model and of the trials", metrics.columns());
    write_plans(file, s);
}

void write_sensitivity(H5Writer& file, const StudySource& s) {
    SensitivityRows rows;
    for (const journal::Sensitivity& probe : s.sensitivities) rows.add(s, probe);
    std::vector<H5Column> columns = rows.columns();
    columns.push_back({"kind", "unit_errors: of each unit's output; output_error: of the model's output", "",
                       coded(rows.kinds(), {"unit_errors", "output_error"})});
    file.table("/sensitivity",
               "Errors of candidates against fp32 on the calibration data: a row for each compared value", columns);
}

void write_latency(H5Writer& file, const StudySource& s) {
    if (!s.latency) return;
    file.group("/latency",
               "The latency table, measured before the search; a plan's time is the sum of its units, "
               "borders and the rest");
    std::vector<std::int64_t> unit, option, producer, consumer;
    std::vector<double> ms, quantize, dequantize;
    // A table has columns of one length, and units have different numbers of options: a row for each pair.
    for (std::size_t u = 0; u < s.latency->unit_ms.size(); ++u) {
        for (std::size_t o = 0; o < s.latency->unit_ms[u].size(); ++o) {
            unit.push_back(static_cast<std::int64_t>(u));
            option.push_back(static_cast<std::int64_t>(o));
            ms.push_back(s.latency->unit_ms[u][o]);
        }
    }
    for (const auto& border : s.latency->conversions) {
        producer.push_back(border.producer);
        consumer.push_back(border.consumer);
        quantize.push_back(border.quantize_ms);
        dequantize.push_back(border.dequantize_ms);
    }
    file.attribute("/latency", "rest_ms", s.latency->rest_ms);
    file.table("/latency/units", "Time of a unit in each of its options",
               {{"unit", "unit number", "1", unit},
                {"option", "option number", "1", option},
                {"ms", "time of one run", "ms", ms}});
    file.table("/latency/borders", "Time to convert where one of two units is quantized and the other is not",
               {{"producer", "unit number, -1 = the model's input", "1", producer},
                {"consumer", "unit number", "1", consumer},
                {"quantize_ms", "reals to codes", "ms", quantize},
                {"dequantize_ms", "codes to reals", "ms", dequantize}});
}

void write_finalists(H5Writer& file, const StudySource& s) {
    if (!s.finalists) return;
    std::vector<std::int64_t> trial;
    std::vector<double> median, low, high;
    for (const auto& entry : s.finalists->entries) {
        trial.push_back(entry.trial);
        median.push_back(entry.latency_ms.median);
        low.push_back(entry.latency_ms.low);
        high.push_back(entry.latency_ms.high);
    }
    file.table("/finalists", "The best passing trials, timed side by side",
               {{"trial", "trial number", "1", trial},
                {"median_ms", "median time of one run", "ms", median},
                {"low_ms", "lower end of its 95 % interval", "ms", low},
                {"high_ms", "upper end", "ms", high}});
    // The table makes the group, so its attribute comes after it.
    file.attribute("/finalists", "chosen", s.finalists->chosen);
}

void write_delivered(H5Writer& file, const StudySource& s) {
    // A run without a usable trial has no best.yaml, and a damaged one was left out with a warning.
    if (!s.plan) return;
    file.group("/delivered", "The plan of best.onnx");
    file.attribute("/delivered", "trial", s.delivered());
    file.array({.path = "/delivered/plan",
                .description = "best.yaml",
                .units = "",
                .elements = std::vector<std::string>{s.plan_text},
                .shape = {}});
    file.table("/delivered/units", "What each unit became, and why it is not quantized where it is not",
               delivered_units(*s.plan));
    file.table("/delivered/tensors", "Parameters of quantized values: real = scale * (code - zero_point)",
               delivered_tensors(*s.plan));
}

/// calibration.h5 holds its group in the form that study.h5 has, so it is copied as it is.
void copy_calibration(H5Writer& file, const StudySource& s, std::vector<std::string>& warnings) {
    if (s.calibration_file.empty()) return;
    try {
        const H5Reader reader(s.calibration_file);
        // H5Writer::copy takes over whatever is there, so the file is checked before.
        check_format(reader, s.calibration_file, "halftone calibration", 1);
    } catch (const DataError& error) {
        warnings.push_back(std::string(error.what()) + "; the calibration is left out");
        return;
    }
    file.copy(s.calibration_file, "/calibration", "/calibration");
}

}  // namespace

void write_study(const StudySource& source, const std::string& path, std::vector<std::string>& warnings) {
    H5Writer file(path);
    file.attribute("/", "format", "halftone study");
    file.attribute("/", "format_version", kStudyVersion);
    file.attribute("/", "description", "A tuning run as tables; the schema is src/dump/README.md of Halftone");
    write_run(file, source);
    write_progress_of(file, source);
    write_goal(file, source);
    write_units(file, source);
    write_trials(file, source);
    write_sensitivity(file, source);
    write_latency(file, source);
    write_finalists(file, source);
    write_delivered(file, source);
    write_distributions(file, source, warnings);
    copy_calibration(file, source, warnings);
    file.commit();
}

}  // namespace halftone::study
