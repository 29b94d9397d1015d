#pragma once
// What several commands build from a config: names of the plug-ins, model, space, data, metric.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "config/run_config.hpp"
#include "data/dataset.hpp"
#include "eval/model_evaluator.hpp"
#include "exec/prepared_model.hpp"
#include "exec/recipes.hpp"
#include "graph/capability.hpp"
#include "metric/metric_set.hpp"
#include "plan/load_plan.hpp"
#include "space/search_space.hpp"

namespace halftone::app {

/// Names of all registered plug-ins.
[[nodiscard]] KnownNames known_names();

/// Bytes of a config file. @throws ConfigError when it is missing, IoError
[[nodiscard]] std::string read_config_text(const std::string& path);

/// Reads and parses a config file. @throws IoError, ConfigError
[[nodiscard]] RunConfig load_config(const std::string& path, const std::vector<std::string>& overrides);

/// @throws ConfigError listing what the config asks for and this build does not have
void refuse_unavailable(const RunConfig& config);

/// Bytes of a model file. @throws ModelError when it is missing
[[nodiscard]] std::string read_model(const std::string& path, const std::string& from);

/// Reads a plan file for this model, and prepares the model by the plan's recipes.
/// @throws ConfigError when the file is missing, no plan, or of another model
[[nodiscard]] LoadedPlan read_plan(const std::string& path, PreparedModel& model);

/// Refuses what would fail later, before anything is created: what is not available, another instruction set, no model.
/// @throws ConfigError
void check_runnable(const RunConfig& config);

/// @throws ConfigError when the config pins another instruction set than this process runs with
void check_isa(const RunConfig& config);

/// Puts the place of model.input_shapes, or of the entry that the message is about, before an error of its sizes.
/// Whether they fit is seen only when the model is there.
void name_place_of_sizes(ConfigError& error, const RunConfig& config);

/// Everything that evaluates, in the order of destruction it needs. Made alike by every rank from the same bytes.
struct Workbench {
    InputSizes sizes;                       ///< of the dimensions that the model's file leaves open
    PreparedModel model;                    ///< for tuning: prepared by the config's recipes
    std::optional<PreparedModel> baseline;  ///< empty: `model` itself is what metrics call fp32
    RecipeNumbers recipes;                  ///< what they did
    CapabilityTable capability;
    std::optional<SearchSpace> space;
    std::unique_ptr<Pipeline> calibration;
    std::unique_ptr<Pipeline> evaluation;
    std::unique_ptr<MetricSet> metrics;
    std::unique_ptr<ModelEvaluator> evaluator;
};

/// Logs a warning for each calibration size that is larger than the data set: then all samples are used. For rank 0.
void warn_of_few_samples(const RunConfig& config, const Pipeline& calibration);

/// @param for_tuning  also builds space and calibration data
/// @param baseline_bytes  the fp32 model that metrics compare with, where it is another one; else empty
/// @throws ConfigError, ModelError, DataError
[[nodiscard]] std::unique_ptr<Workbench> make_workbench(const RunConfig& config, const std::string& model_bytes,
                                                        const std::string& model_name, bool for_tuning,
                                                        const std::string& baseline_bytes = {});

}  // namespace halftone::app
