#pragma once
// Everything that evaluates, made from a config and the bytes of a model. Every rank makes it alike from the same
// bytes.

#include <memory>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "config/run_config.hpp"
#include "data/dataset.hpp"
#include "eval/model_evaluator.hpp"
#include "exec/prepared_model.hpp"
#include "exec/recipes.hpp"
#include "graph/capability.hpp"
#include "metric/metric_set.hpp"
#include "space/search_space.hpp"

namespace halftone {

/// In the order of destruction that it needs.
/// Commands hand on parts of it, never the whole: a function's parameters shall tell what it needs.
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

/// Makes data, metrics, model, recipes, space and evaluator.
/// @param model_name  of the model's file, for messages
/// @param for_tuning  also builds space and calibration data
/// @param baseline_bytes  the fp32 model that metrics compare with, where it is another one; else empty
/// @throws ConfigError, ModelError, DataError
[[nodiscard]] std::unique_ptr<Workbench> make_workbench(const RunConfig& config, const SharedBytes& model_bytes,
                                                        const std::string& model_name, bool for_tuning,
                                                        const SharedBytes& baseline_bytes = {});

/// Puts the place of model.input_shapes, or of the entry that the message is about, before an error of its sizes.
/// Whether they fit is seen only when the model is there.
void name_place_of_sizes(ConfigError& error, const RunConfig& config);

/// Logs a warning for each calibration size that is larger than the data set: then all samples are used. Rank 0 calls
/// it.
void warn_of_few_samples(const RunConfig& config, const Pipeline& calibration);

}  // namespace halftone
