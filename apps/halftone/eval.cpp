// The command eval: the accuracy of a model file, fp32 or quantized, by the config's data and metric.
//
//   save_inputs   --save-inputs: samples and labels as the model gets them, for other runtimes to compare with
//   run_eval      scores the file, and prints accuracy and its 95 % interval where the metric counts samples
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "commands.hpp"
#include "eval/sample_feed.hpp"
#include "setup.hpp"
#include "tensor/npy.hpp"

namespace halftone::app {

namespace {

/// Returns the name of a file for a field of the samples.
std::string file_of(const std::string& folder, const std::string& name) {
    std::string safe = name;
    for (char& c : safe) {
        if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '.' && c != '-') c = '_';
    }
    return folder + "/" + safe + ".npy";
}

/// Returns the type of a value over all samples.
TensorType stacked(TensorType type, std::int64_t samples, bool has_batch) {
    std::vector<std::int64_t> dims(type.shape.dims());
    if (has_batch) dims.erase(dims.begin());
    dims.insert(dims.begin(), samples);
    return {type.dtype, Shape(std::move(dims))};
}

/// Every sample as the model gets it, and its targets. A model with one input and a data set with one target write
/// inputs.npy and labels.npy; where there are several, each has a file of its name.
void save_inputs(const Pipeline& data, const Graph& graph, std::int64_t samples, const std::string& folder) {
    const Schema& schema = data.schema();
    const InputFields fields = fields_of(graph, schema);
    std::vector<Tensor> inputs;
    std::vector<MutableView> views;
    for (const ValueId id : graph.inputs()) inputs.emplace_back(stacked(graph.value(id).type, samples, true));
    for (Tensor& input : inputs) views.push_back(input.mutable_view());
    std::vector<std::optional<Tensor>> targets(schema.targets.size());  // texts have no .npy
    for (std::size_t t = 0; t < targets.size(); ++t) {
        const Field& field = schema.targets[t];
        if (!field.is_text && field.type.shape.is_static()) targets[t] = Tensor(stacked(field.type, samples, false));
    }
    for (std::int64_t id = 0; id < samples; ++id) {
        const Sample sample = data.read(id);
        put_sample(sample, fields, id, samples, views);
        for (std::size_t t = 0; t < targets.size(); ++t) {
            if (!targets[t]) continue;
            const TensorView value = std::get<Tensor>(sample.targets[t]).view();
            std::copy_n(value.data, value.bytes(),
                        targets[t]->mutable_view().data + static_cast<std::size_t>(id) * value.bytes());
        }
    }
    const auto files = make_posix_file_system();
    files->create_directories(folder);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        const std::string name = inputs.size() == 1 ? "inputs" : graph.value(graph.inputs()[i]).name;
        files->write_atomically(file_of(folder, name), to_npy(inputs[i].view()));
    }
    for (std::size_t t = 0; t < targets.size(); ++t) {
        if (!targets[t]) continue;
        const std::string name = targets.size() == 1 ? "labels" : schema.targets[t].name;
        files->write_atomically(file_of(folder, name), to_npy(targets[t]->view()));
    }
}

}  // namespace

int run_eval(const EvalOptions& options) {
    const RunConfig config = load_config(options.config, options.overrides);
    refuse_unavailable(config);  // tune's checks, but for the model: --model may stand in for the config's
    check_isa(config);
    if (!config.evaluation) throw ConfigError(options.config + ": eval needs the section evaluation.accuracy");
    // A wrong path in the config is reported at its line there, a wrong path of --model at the option.
    const std::string path = options.model.empty() ? config.model_path : options.model;
    const std::string from = options.model.empty() ? config.model_path_mark.to_text() + ": model.path: " : "--model: ";
    const auto bench = make_workbench(config, read_model(path, from), path, false);

    // Scored in this process by the same code as a trial of a search, so that both give the same number.
    Tensor logits;
    const Score score =
        bench->evaluator->scorer().score_graph(bench->model.graph, options.logits.empty() ? nullptr : &logits);
    if (!options.logits.empty()) make_posix_file_system()->write_atomically(options.logits, to_npy(logits.view()));

    if (!options.inputs.empty()) save_inputs(*bench->evaluation, bench->model.graph, score.samples, options.inputs);

    nlohmann::ordered_json json;
    json["metric"] = config.evaluation->metric.name;
    json["accuracy"] = score.accuracy;
    if (score.correct) json["correct"] = *score.correct;
    json["samples"] = score.samples;
    std::string interval;
    if (score.correct) {
        const Interval ci = wilson95(*score.correct, score.samples);
        json["ci95"] = {ci.low, ci.high};
        interval = fmt::format(", 95 % interval {:.4f} to {:.4f}", ci.low, ci.high);
    }
    if (options.as_json) {
        fmt::print("{}\n", json.dump());
    } else {
        fmt::print("{}: {} = {} on {} samples{}\n", path, config.evaluation->metric.name, score.accuracy, score.samples,
                   interval);
    }
    return static_cast<int>(ExitCode::ok);
}

}  // namespace halftone::app
