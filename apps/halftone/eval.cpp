// The command eval: the accuracy of a model file, fp32 or quantized, by the config's data and metric.
//
//   score_json, score_text   every metric, and the 95 % interval of an accuracy that is a share of samples
//   run_eval      scores the file and prints what it found
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/log.hpp"
#include "base/output_file.hpp"
#include "commands.hpp"
#include "eval/guessing.hpp"
#include "eval/workbench.hpp"
#include "import/model_source.hpp"
#include "setup.hpp"
#include "show/saved_inputs.hpp"
#include "study/run_report.hpp"
#include "tensor/npy.hpp"

namespace halftone::app {

namespace {

/// What eval finds, as one JSON object. A number that is none (NaN, infinite) is null.
/// @param doubt  why the value may mean nothing; empty: no reason is known
std::string score_json(const std::string& goal_name, const Score& score, std::optional<std::int64_t> skipped,
                       const std::string& doubt) {
    using Json = nlohmann::ordered_json;
    const auto number = [](double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); };
    Json json{{"metric", goal_name}, {"accuracy", number(score.accuracy)}};
    if (score.correct) json["correct"] = *score.correct;
    json["samples"] = score.samples;
    if (skipped) json["skipped"] = *skipped;
    if (score.nonfinite.samples > 0) json["nonfinite"] = score.nonfinite.samples;
    for (const MetricValue& metric : score.metrics) json["metrics"][metric.name] = number(metric.value);
    if (score.correct) {
        const Interval ci = wilson95(*score.correct, score.samples);
        json["ci95"] = {ci.low, ci.high};
    }
    if (!doubt.empty()) json["warning"] = doubt;
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// The same in words: one line, and one more for each metric if there are several.
std::string score_text(const std::string& goal_name, const Score& score) {
    std::string text = fmt::format("{} = {} on {} samples", goal_name, score.accuracy, score.samples);
    if (score.correct) {
        const Interval ci = wilson95(*score.correct, score.samples);
        text += fmt::format(", 95 % interval {:.4f} to {:.4f}", ci.low, ci.high);
    }
    if (score.metrics.size() < 2) return text;
    for (const MetricValue& metric : score.metrics) text += fmt::format("\n  {} = {}", metric.name, metric.value);
    return text;
}

/// Nothing is calibrated here, so a config with the section evaluation alone will do.
void drop_calibration_note(RunConfig& config) {
    std::erase_if(config.not_available, [](const std::string& note) {
        return note.find("is missing: static quantization needs calibration data") != std::string::npos;
    });
}

/// Every text of a section as a path. What is none leads to no file, and does no harm.
void add_paths(const ConfigNode& section, std::vector<std::string>& paths) {
    if (section.kind == ConfigNode::Kind::scalar) paths.push_back(resolve_path(section));
    for (const ConfigNode& item : section.items) add_paths(item, paths);
    for (const auto& [key, value] : section.entries) add_paths(value, paths);
}

}  // namespace

int run_eval(const EvalOptions& options) {
    RunConfig config = load_config(options.config, options.overrides);
    drop_calibration_note(config);
    refuse_unavailable(config);  // tune's checks, but for the model: --model may stand in for the config's
    check_isa(config);
    if (!config.evaluation) throw ConfigError(options.config + ": eval needs the section evaluation.accuracy");
    const std::string path = options.model.empty() ? config.model_path : options.model;
    std::vector<std::string> read{options.config, path};
    add_paths(config.evaluation->dataloader.dataset.node, read);
    if (!options.logits.empty()) check_output_file("--logits", options.logits, read);
    // Metrics that compare with fp32 compare --model with the config's model.
    const auto compares = [](const MetricConfig& metric) { return needs_baseline_outputs(metric); };
    const auto& metrics = config.evaluation->metrics;
    const bool needs_fp32 = !options.model.empty() && std::any_of(metrics.begin(), metrics.end(), compares);
    const SharedBytes fp32 = needs_fp32 ? read_config_model(config) : SharedBytes();
    const SharedBytes model = options.model.empty() ? read_config_model(config) : read_model(path, "--model: ");
    const auto bench = make_workbench(config, model, path, false, fp32);

    // Scored in this process by the same code as a trial of a search, so that both give the same number.
    Tensor logits;
    const Score score =
        bench->evaluator->scorer().score_graph(bench->model.graph, options.logits.empty() ? nullptr : &logits);
    if (!options.logits.empty()) make_posix_file_system()->write_atomically(options.logits, to_npy(logits.view()));

    if (!options.inputs.empty())
        show::save_inputs(*bench->evaluation, bench->model.graph, score.samples, options.inputs, read);

    const std::string nonfinite = study::nonfinite_text(score);
    if (!nonfinite.empty()) log::warning("eval", "{}", nonfinite);
    const std::string doubt = guessing_text(*bench->metrics, score);
    if (!doubt.empty()) log::warning("eval", "{}", doubt);
    // Only where samples may be skipped: the JSON of other configs keeps its keys.
    std::optional<std::int64_t> skipped;
    if (config.evaluation->dataloader.skips_bad_samples) skipped = bench->evaluator->skipped_samples();
    fmt::print("{}\n", options.as_json ? score_json(config.evaluation->goal_name(), score, skipped, doubt)
                                       : path + ": " + score_text(config.evaluation->goal_name(), score));
    return static_cast<int>(ExitCode::ok);
}

}  // namespace halftone::app
