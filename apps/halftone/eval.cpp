// The command eval: the accuracy of a model file, fp32 or quantized, by the config's data and metric.
//
//   save_inputs   --save-inputs: samples and labels as the model gets them, for other runtimes to compare with
//   run_eval      scores the file, and prints accuracy and its 95 % interval where the metric counts samples
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "commands.hpp"
#include "setup.hpp"
#include "tensor/npy.hpp"

namespace halftone::app {

namespace {

/// Every sample as the model gets it, and its label.
void save_inputs(const Pipeline& data, std::int64_t samples, const std::string& folder) {
    std::vector<std::int64_t> shape(data.spec().shape.dims());
    shape.insert(shape.begin(), samples);
    Tensor inputs({DType::f32, Shape(shape)});
    Tensor labels({DType::s64, Shape{samples}});
    data.read(0, samples, inputs.mutable_view(), labels.mutable_view().as<std::int64_t>());
    const auto files = make_posix_file_system();
    files->create_directories(folder);
    files->write_atomically(folder + "/inputs.npy", to_npy(inputs.view()));
    files->write_atomically(folder + "/labels.npy", to_npy(labels.view()));
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

    if (!options.inputs.empty()) save_inputs(*bench->evaluation, score.samples, options.inputs);

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
