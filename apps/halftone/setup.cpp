#include "setup.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "calib/observer.hpp"
#include "graph/onnx/external_data.hpp"
#include "kernel/capabilities.hpp"
#include "kernel/machine.hpp"
#include "strategy/strategies.hpp"

namespace halftone::app {

KnownNames known_names() {
    return {strategy_names(), dataset_names(), transform_names(), metric_names(), observer_words()};
}

std::string read_config_text(const std::string& path) {
    const auto files = make_posix_file_system();
    if (!files->exists(path)) throw ConfigError(path + ": no such config file");
    return files->read(path);
}

RunConfig load_config(const std::string& path, const std::vector<std::string>& overrides) {
    return read_run_config(read_config_text(path), path, overrides, known_names());
}

void refuse_unavailable(const RunConfig& config) {
    if (config.not_available.empty()) return;
    throw ConfigError(fmt::format("{}", fmt::join(config.not_available, "\n       ")));
}

std::string read_model(const std::string& path, const std::string& from) {
    const auto files = make_posix_file_system();
    if (!files->exists(path)) throw ModelError(from + "no such model file: '" + path + "'");
    if (files->is_directory(path)) throw ModelError(from + "'" + path + "' is a folder, not an ONNX file");
    try {
        return inline_external_data(files->read(path), std::filesystem::path(path).parent_path().string());
    } catch (ModelError& error) {
        error.add_context(path);
        throw;
    }
}

void check_isa(const RunConfig& config) {
    if (config.cluster_isa.empty() || config.cluster_isa == isa_name()) return;
    throw ConfigError("cluster.isa is '" + config.cluster_isa + "', but this process runs with '" + isa_name() +
                      "' (the environment variable ONEDNN_MAX_CPU_ISA lowers it)");
}

void check_runnable(const RunConfig& config) {
    refuse_unavailable(config);
    check_isa(config);
    if (config.model_path.empty()) throw ConfigError(config.file + ": model.path is missing");
}

namespace {

/// The preset and every other value that a rule names, in the order of the file.
std::vector<float> named_values(const QuantizationConfig& config, float preset,
                                const std::function<const std::vector<double>&(const OpConstraint&)>& list) {
    std::vector<float> values{preset};
    const auto add = [&](const OpConstraint& constraint) {
        for (const double value : list(constraint)) {
            const auto number = static_cast<float>(value);
            if (std::find(values.begin(), values.end(), number) == values.end()) values.push_back(number);
        }
    };
    add(config.model_wise);
    for (const ConstraintRule& rule : config.optype_wise) add(rule.constraint);
    for (const ConstraintRule& rule : config.op_wise) add(rule.constraint);
    return values;
}

}  // namespace

CapabilityTable capability_table(const PreparedModel& model, const QuantizationConfig& config) {
    OfferedSettings settings;
    settings.activation_rules.clear();
    settings.weight_algorithms = {Algorithm::minmax, Algorithm::mse, Algorithm::kl};
    settings.bits = named_values(
        config, kAllBits, [](const OpConstraint& c) -> auto& { return c.weight.bit; });
    const std::vector<float> percentiles = named_values(
        config, kDefaultPercentile, [](const OpConstraint& c) -> auto& { return c.activation.percentile; });
    for (const Algorithm algorithm : observer_algorithms()) {
        if (algorithm != Algorithm::percentile) settings.activation_rules.push_back({algorithm});
        if (algorithm != Algorithm::percentile) continue;
        for (const float percentile : percentiles) settings.activation_rules.push_back({algorithm, percentile});
    }
    return capabilities(model.graph, model.units, settings);
}

QuantizationConfig resolved(const QuantizationConfig& config) {
    QuantizationConfig resolved = config;
    if (config.reduce_range == "auto") resolved.reduce_range = has_exact_int8() ? "off" : "on";
    return resolved;
}

std::unique_ptr<Workbench> make_workbench(const RunConfig& config, const std::string& model_bytes,
                                          const std::string& model_name, bool for_tuning) {
    set_kernel_threads(static_cast<int>(config.tuning.threads));
    auto bench = std::make_unique<Workbench>();
    bench->model = prepare_model(model_bytes, model_name);
    if (for_tuning) {
        if (config.quantization.cross_layer_equalization) {
            bench->equalized = find_equalization(bench->model.graph, bench->model.units);
            bench->model.graph = equalize(bench->model.graph, bench->model.units, bench->equalized);
            bench->model.units = find_units(bench->model.graph);
        }
        if (!config.quantization.smooth_alphas.empty()) {
            bench->model.graph = prepare_smoothing(bench->model.graph, bench->model.units);
            bench->model.units = find_units(bench->model.graph);
        }
        const QuantizationConfig quantization = resolved(config.quantization);
        bench->capability = capability_table(bench->model, quantization);
        bench->space.emplace(build_space(bench->model.graph, bench->model.units, bench->capability, quantization));
        if (config.quantization.calibration) {
            bench->calibration = std::make_unique<Pipeline>(*config.quantization.calibration);
        }
    }
    EvaluationSetup setup;
    if (config.evaluation) {
        bench->evaluation = std::make_unique<Pipeline>(config.evaluation->dataloader);
        bench->metric = make_metric(config.evaluation->metric.name, config.evaluation->metric.node);
        if (config.evaluation->iteration >= 0) {
            setup.samples = config.evaluation->iteration * config.evaluation->dataloader.batch_size;
        }
    }
    setup.model = &bench->model;
    setup.space = bench->space ? &*bench->space : nullptr;
    setup.calibration = bench->calibration.get();
    setup.evaluation = bench->evaluation.get();
    setup.metric = bench->metric.get();
    setup.treatment.corrects_weights = config.quantization.weight_correction;
    setup.treatment.verifies_range = config.quantization.reduce_range == "verify";
    if (config.quantization.bias_correction) setup.bias_correction = BiasCorrection::sequential;
    if (config.quantization.fast_bias_correction) setup.bias_correction = BiasCorrection::fast;
    setup.shards = config.tuning.shards;
    setup.batch = config.tuning.batch_size;
    setup.prefix_bytes = static_cast<std::size_t>(config.tuning.prefix_memory_mb) << 20U;
    bench->evaluator = std::make_unique<ModelEvaluator>(setup);
    return bench;
}

}  // namespace halftone::app
