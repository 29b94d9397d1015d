// Everything that evaluates, made from a config and the bytes of a model.
//
//   make_workbench        data, metrics, model, recipes, space, evaluator, in this order
//   check_trained         a config that wants a trained quantized model has one
//   name_place_of_sizes   the config's line for an error of sizes that only the model can show
//   warn_of_few_samples   a calibration size above what there is
#include "eval/workbench.hpp"

#include <fmt/format.h>

#include "base/log.hpp"
#include "eval/from_config.hpp"
#include "kernel/ops/machine.hpp"

namespace halftone {
namespace {

/// quant_aware_training means a model that was trained so: nothing is trained here.
void check_trained(const RunConfig& config, const PreparedModel& model) {
    const bool is_expected =
        config.quantization.approach == kTrainedApproach || config.effective.find("model_conversion") != nullptr;
    if (!is_expected || model.is_lifted) return;
    throw ConfigError(
        fmt::format("{}: quant_aware_training and model_conversion are for models with QuantizeLinear "
                    "and DequantizeLinear nodes, and '{}' has none; Halftone does not train",
                    config.file, config.model_path));
}

}  // namespace

void name_place_of_sizes(ConfigError& error, const RunConfig& config) {
    const ConfigNode* model = config.effective.find("model");
    const ConfigNode* shapes = model == nullptr ? nullptr : model->find("input_shapes");
    if (shapes == nullptr) return;
    Mark place = shapes->key_mark;
    const std::string message = error.what();
    for (const auto& [name, list] : shapes->entries) {
        if (message.find("'" + name + "'") == std::string::npos) continue;
        place = list.key_mark;
        break;
    }
    error.add_context(place.to_text() + ": model.input_shapes");
}

std::unique_ptr<Workbench> make_workbench(const RunConfig& config, const SharedBytes& model_bytes,
                                          const std::string& model_name, bool for_tuning,
                                          const SharedBytes& baseline_bytes) {
    // First of all: the number holds for every kernel of this process from now on.
    set_kernel_threads(static_cast<int>(config.tuning.threads));
    auto bench = std::make_unique<Workbench>();
    // Data first: the size of its samples decides dimensions that the model leaves open.
    if (const DataloaderConfig* data = calibration_data(config); for_tuning && data != nullptr) {
        bench->calibration = std::make_unique<Pipeline>(*data);
    }
    if (config.evaluation) {
        bench->evaluation = std::make_unique<Pipeline>(config.evaluation->dataloader);
        bench->metrics = std::make_unique<MetricSet>(*config.evaluation);
    }
    bench->sizes = input_sizes(config, bench->calibration.get(), bench->evaluation.get());
    try {
        const auto prepare = for_tuning ? prepare_for_tuning : prepare_model;
        bench->model = prepare(model_bytes, model_name, bench->sizes);
        // The baseline of a model that is quantized already is the file as it is written.
        if (bench->model.is_lifted) bench->baseline = prepare_model(model_bytes, model_name, bench->sizes);
        if (!baseline_bytes.empty()) bench->baseline = prepare_model(baseline_bytes, config.model_path, bench->sizes);
    } catch (ConfigError& error) {
        name_place_of_sizes(error, config);
        throw;
    }
    if (for_tuning) check_trained(config, bench->model);
    // The order matters: recipes change the graph that units, capability and space are made from.
    if (for_tuning) {
        bench->recipes = find_recipes(bench->model, recipe_request(config.quantization));
        QuantizationConfig quantization = resolve_preparations(resolve_auto(config.quantization), bench->model);
        if (bench->calibration) quantization = limit_sampling_sizes(quantization, bench->calibration->size());
        bench->capability = capability_table(bench->model, quantization);
        bench->space.emplace(build_space(bench->model.graph, bench->model.units, bench->capability, quantization));
    }
    EvaluationSetup setup = evaluation_setup(config);
    setup.model = &bench->model;
    setup.baseline = bench->baseline ? &*bench->baseline : nullptr;
    setup.space = bench->space ? &*bench->space : nullptr;
    setup.calibration = bench->calibration.get();
    setup.evaluation = bench->evaluation.get();
    setup.metrics = bench->metrics.get();
    bench->evaluator = std::make_unique<ModelEvaluator>(setup);
    return bench;
}

void warn_of_few_samples(const RunConfig& config, const Pipeline& calibration) {
    if (!config.quantization.calibration) return;  // nobody asked for a size
    for (const std::int64_t size : config.quantization.sampling_sizes) {
        if (size <= calibration.size()) continue;
        log::warning(
            "calibration",
            "quantization.calibration.sampling_size asks for {} samples, the calibration data set has {}: all of "
            "them are used",
            size, calibration.size());
    }
}

}  // namespace halftone
