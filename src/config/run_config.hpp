#pragma once
// RunConfig: the user's YAML (LPOT 1.5/1.6 schema plus ours) as typed, immutable values with defaults and places.
// Plug-in sections (dataset, transforms, metric, strategy) stay ConfigNodes: their plug-in reads them.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.hpp"
#include "config/config_node.hpp"
#include "config/preparation.hpp"

namespace halftone {

/// One plug-in with its own section: "topk: 1" or "FashionMNIST: {root: …}".
struct PluginConfig {
    std::string name;
    ConfigNode node;  ///< the value; its key_mark points at the name
};

struct DataloaderConfig {
    std::int64_t batch_size = 1;  ///< accepted for LPOT's sake; never reaches a kernel
    std::string last_batch = "rollover";
    bool shuffle = false;  ///< accepted; static calibration never shuffles
    /// The word of model.framework: it decides the meaning of a data set or transform if LPOT's frameworks differ.
    std::string framework = "onnxrt_qlinearops";
    std::optional<PluginConfig> filter;
    PluginConfig dataset;
    std::vector<PluginConfig> transforms;  ///< file order = order of application
    std::optional<ConfigNode> collate;     ///< how inputs of different sizes are padded; read by the data room
    bool skips_bad_samples = false;  ///< a sample that cannot be read is left out and counted, and does not end the run
};

/// Lists that narrow the options of one unit; empty = no constraint. Order is the user's and picks the default.
struct ConstraintLists {
    std::vector<std::string> dtype, scheme, granularity, algorithm;
    std::vector<double> bit;               ///< weights only
    std::vector<std::int64_t> group_size;  ///< weights only, of those that are stored by blocks
    std::vector<double> percentile;        ///< activations only, in %, of the algorithm percentile
    ConfigNode node;                       ///< where they stand, for messages
    [[nodiscard]] bool is_empty() const {
        return dtype.empty() && scheme.empty() && granularity.empty() && algorithm.empty() && bit.empty() &&
               group_size.empty() && percentile.empty();
    }
};

struct OpConstraint {
    ConstraintLists weight, activation;
};

/// A rule of op_wise/optype_wise: its key as written and where it stands.
struct ConstraintRule {
    std::string key;
    Mark key_mark;
    OpConstraint constraint;
};

/// Words of quantization.approach: ranges are calibrated, found at run time, or a unit may have either.
inline constexpr std::string_view kStaticApproach = "post_training_static_quant";
inline constexpr std::string_view kDynamicApproach = "post_training_dynamic_quant";
inline constexpr std::string_view kAutoApproach = "post_training_auto_quant";
/// Weights are stored as codes by blocks; activations stay real values.
inline constexpr std::string_view kWeightOnlyApproach = "post_training_weight_only";
/// Returns whether an approach finds no range before the model runs, so that it needs no calibration data.
[[nodiscard]] inline bool needs_no_calibration(std::string_view approach) {
    return approach == kDynamicApproach || approach == kWeightOnlyApproach;
}
/// The model was trained for quantization, and its file says how it is quantized. Nothing is trained here.
inline constexpr std::string_view kTrainedApproach = "quant_aware_training";

/// The algorithms of weights by blocks that need calibration data; graph/capability.hpp has the same words as
/// Algorithms (kGptq, kAwq).
inline constexpr std::array<std::string_view, 2> kDataAlgorithmWords{"gptq", "awq"};

struct QuantizationConfig {
    std::string approach = std::string(kStaticApproach);
    std::vector<std::int64_t> sampling_sizes{100};
    std::optional<DataloaderConfig> calibration;
    OpConstraint model_wise;
    std::vector<ConstraintRule> optype_wise, op_wise;
    std::vector<ConstraintRule> exclude;  ///< keys only
    bool scale_propagation_max_pooling = true;
    bool scale_propagation_concat = true;
    bool first_conv_or_matmul_quantization = true;
    bool last_conv_or_matmul_quantization = true;
    bool fast_bias_correction = false;
    bool weight_correction = false;
    bool bias_correction = false;
    bool cross_layer_equalization = false;
    std::vector<double> smooth_alphas;  ///< empty: no smoothing of every candidate
    /// The preparations between which the search chooses, in the order of the lists; the recipes above apply to every
    /// candidate. Empty: there is no choice.
    std::vector<Preparation> preparations;
    bool finds_preparations = false;  ///< recipes: auto. The preparations follow from the model
    /// Weights of 6 bits, so that no int8 product saturates without VNNI: auto (where the machine has none), on, off,
    /// verify (the units that could saturate).
    std::string reduce_range = "auto";

    /// Returns whether some rule names the algorithm for weights.
    [[nodiscard]] bool names_weight_algorithm(std::string_view word) const;
    /// Returns the first of kDataAlgorithmWords that some rule names; empty if none does.
    [[nodiscard]] std::string_view data_algorithm() const;
};

struct AccuracyCriterion {
    bool is_relative = true;
    double loss =
        0.01;  ///< allowed loss: fraction of |baseline| (relative) or metric units (absolute); may be negative
    bool higher_is_better = true;
};

enum class Objective { performance, modelsize, footprint };
inline constexpr EnumNames<Objective, 3> kObjectiveNames{{{{Objective::performance, "performance"},
                                                           {Objective::modelsize, "modelsize"},
                                                           {Objective::footprint, "footprint"}}}};

/// What is delivered if latency is the objective but no model that meets the goal is faster than fp32: the
/// smallest file of the models that are not slower; the fp32 model; or the best model, and the run counts as
/// failed.
enum class ObjectiveUnmet { smallest, fp32, fail };
inline constexpr EnumNames<ObjectiveUnmet, 3> kObjectiveUnmetNames{
    {{{ObjectiveUnmet::smallest, "smallest"}, {ObjectiveUnmet::fp32, "fp32"}, {ObjectiveUnmet::fail, "fail"}}}};

/// Decides between candidates that meet the goal: a weighted sum of costs, lower is better. Each cost is a share of the
/// fp32 model's cost; accuracy counts as the loss, as a share of the baseline.
struct ObjectiveWeights {
    double latency = 1;
    double model_bytes = 0;
    double footprint = 0;
    double accuracy = 0;
    friend bool operator==(const ObjectiveWeights&, const ObjectiveWeights&) = default;
};

enum class ModelWise { uniform, product };
inline constexpr EnumNames<ModelWise, 2> kModelWiseNames{
    {{{ModelWise::uniform, "uniform"}, {ModelWise::product, "product"}}}};

struct TuningConfig {
    PluginConfig strategy;  ///< name and its section, without `name`
    ModelWise model_wise = ModelWise::uniform;
    AccuracyCriterion criterion;
    std::int64_t strategy_batch = 8;  ///< candidates asked for together where each batch needs the one before
    double accuracy_weight = 1;       ///< of the strategy's loss (tpe)
    double latency_weight = 1;
    ObjectiveWeights objective;                                 ///< of objective or multi_objectives
    ObjectiveUnmet objective_unmet = ObjectiveUnmet::smallest;  ///< for strategies that compare their result with fp32
    double timeout_s = 0;                                       ///< 0 = stop at the first trial that meets the goal
    std::int64_t max_trials = 100;
    bool performance_only = false;
    std::int64_t random_seed = 1978;
    bool tensorboard = false;
    std::string workspace;  ///< empty = default
    std::int64_t shards = 20;
    std::int64_t batch_size = 25;  ///< of the executor
    std::int64_t threads = 1;      ///< per evaluation
    bool early_termination = true;
    bool prefix_reuse = true;
    std::int64_t prefix_memory_mb = 256;
    std::int64_t sample_memory_mb = 1024;  ///< of each rank, for samples that are used again
    std::int64_t finalists = 3;
};

/// One metric of evaluation.accuracy.
struct MetricConfig {
    PluginConfig plugin = {};                             ///< its own settings, without the keys that all metrics have
    std::vector<std::string> outputs = {}, targets = {};  ///< what it compares, by name; empty: by order
    bool higher_is_better = true;
    double weight = 1;  ///< in the mean that the goal judges, where the metrics are weighted
    /// Limit on the metric's own loss, in addition to the goal. Its higher_is_better is that of the metric.
    std::optional<AccuracyCriterion> limit = {};
};

struct EvaluationConfig {
    std::vector<MetricConfig> metrics;  ///< in the order of the file; never empty
    /// Whether the goal judges the weighted mean of all metrics. Else it judges the first one, and the others have
    /// limits of their own.
    bool is_weighted = false;
    DataloaderConfig dataloader;
    std::vector<PluginConfig> postprocess = {};  ///< between model and metrics, in the order of the file
    std::int64_t iteration = -1;
    /// Returns the name of the value that the goal judges: the first metric's name, or "weighted mean".
    [[nodiscard]] std::string goal_name() const;
};

struct RunConfig {
    std::string file;
    std::string model_name;
    std::string framework;
    std::string model_path;  ///< resolved against the config file's folder
    Mark model_path_mark;
    /// Sizes of the model's inputs, by name; -1 leaves the dimension to the data set. Empty: it gives all.
    std::map<std::string, std::vector<std::int64_t>> input_shapes;
    QuantizationConfig quantization;
    TuningConfig tuning;
    std::optional<EvaluationConfig> evaluation;
    std::string cluster_isa;  ///< empty = not pinned
    ConfigNode effective;     ///< everything with defaults, for --print-config and run.yaml
    std::vector<std::string>
        not_available;  ///< "file:l:c: tuning.strategy.name 'tpe' is not available yet; …": running is refused

    /// Returns the hash of everything that decides the candidates and their scores: not workspace, timeout, max_trials.
    [[nodiscard]] std::uint64_t identity_hash() const;
};

/// What this build offers; the application fills it from the registries, so that config knows no plug-in.
struct KnownNames {
    std::vector<std::string> strategies, datasets, transforms, metrics, algorithms;
    std::vector<std::string> lower_is_better = {};  ///< those of the metrics for which lower is better
    std::vector<std::string> postprocesses = {};
    std::vector<std::string> filters = {};
};

/// @throws ConfigError. `overrides` are "--set" assignments, in order.
[[nodiscard]] RunConfig read_run_config(std::string_view text, const std::string& file,
                                        const std::vector<std::string>& overrides, const KnownNames& known);

/// The effective config as YAML. read_run_config of it gives the same RunConfig.
[[nodiscard]] std::string print_config(const RunConfig& config);

}  // namespace halftone
