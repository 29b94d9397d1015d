// What several commands build before they begin.
//
//   known_names, load_config    the plug-ins of this build; a config read and checked with their names
//   read_model, read_plan       files to bytes and to a plan, with errors that name the option or the config's line
//   check_isa, check_runnable   what is refused before anything is created
//   warn_of_few_samples         a calibration size above what there is
//   name_place_of_sizes         the config's line for an error of sizes that only the model can show
//   make_workbench              data, metric, model, recipes, space, evaluator, in this order
//
// Commands hand on parts of the workbench, never the whole of it: a function's parameters shall tell what it needs.
#include "setup.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/log.hpp"
#include "base/path.hpp"
#include "calib/observer.hpp"
#include "eval/from_config.hpp"
#include "graph/onnx/external_data.hpp"
#include "graph/onnx/foreign_format.hpp"
#include "kernel/ops/machine.hpp"
#include "strategy/strategies.hpp"

namespace halftone::app {

KnownNames known_names() {
    return {strategy_names(), dataset_names(),           transform_names(),   metric_names(),
            observer_words(), lower_is_better_metrics(), postprocess_names(), filter_names()};
}

namespace {

// The parsers have limits of their own, 1 MiB for YAML and 2 GiB for ONNX, and say more about them. These are only
// there so that a file which is far from any of them is not read first.
constexpr std::uint64_t kMostTextBytes = std::uint64_t{16} << 20U;
constexpr std::uint64_t kMostModelBytes = std::uint64_t{4} << 30U;

}  // namespace

std::string read_config_text(const std::string& path) {
    const auto files = make_posix_file_system();
    if (!files->exists(path)) throw ConfigError(path + ": no such config file");
    return files->read(path, kMostTextBytes);
}

RunConfig load_config(const std::string& path, const std::vector<std::string>& overrides) {
    return read_run_config(read_config_text(path), path, overrides, known_names());
}

// Such configs can be printed (--print-config), but not run.
void refuse_unavailable(const RunConfig& config) {
    if (config.not_available.empty()) return;
    throw ConfigError(fmt::format("{}", fmt::join(config.not_available, "\n       ")));
}

std::string read_model(const std::string& path, const std::string& from) {
    const auto files = make_posix_file_system();
    if (!files->exists(path)) throw ModelError(from + "no such model file: '" + path + "'");
    if (files->is_directory(path)) throw ModelError(from + "'" + path + "' " + foreign_folder(files->list(path)));
    try {
        // Weights beside the file are taken in at once: the other ranks get one text and need no files.
        return inline_external_data(files->read(path, kMostModelBytes), parent_path(path));
    } catch (ModelError& error) {
        error.add_context(path);
        throw;
    }
}

LoadedPlan read_plan(const std::string& path, PreparedModel& model) {
    const auto files = make_posix_file_system();
    if (!files->exists(path)) throw ConfigError(path + ": no such plan file");
    return load_plan(parse_plan(files->read(path, kMostTextBytes), path), model);
}

void check_isa(const RunConfig& config) {
    // Scores depend on the instruction set in their last bits; a config that was tuned for one says so.
    if (config.cluster_isa.empty() || config.cluster_isa == isa_name()) return;
    throw ConfigError("cluster.isa is '" + config.cluster_isa + "', but this process runs with '" + isa_name() +
                      "' (the environment variable ONEDNN_MAX_CPU_ISA lowers it)");
}

void check_runnable(const RunConfig& config) {
    refuse_unavailable(config);
    check_isa(config);
    if (config.model_path.empty()) throw ConfigError(config.file + ": model.path is missing");
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

std::unique_ptr<Workbench> make_workbench(const RunConfig& config, const std::string& model_bytes,
                                          const std::string& model_name, bool for_tuning,
                                          const std::string& baseline_bytes) {
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

}  // namespace halftone::app
