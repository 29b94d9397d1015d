#pragma once
// What a config means on this machine: which settings the kernels are asked about, what `auto` is, which recipes
// prepare the model, how candidates are treated. Every rank and every command asks here, so that they agree.

#include "config/run_config.hpp"
#include "eval/model_evaluator.hpp"
#include "exec/prepared_model.hpp"
#include "exec/recipes.hpp"
#include "graph/capability.hpp"
#include "kernel/capabilities.hpp"

namespace halftone {

/// Returns the config with `auto` replaced by what it stands for. `reduce_range: auto` is "off" where the machine
/// multiplies 8-bit codes exactly, else "on". With dynamic or weight-only quantization alone one calibration size
/// stays, because no range depends on it.
[[nodiscard]] QuantizationConfig resolve_auto(const QuantizationConfig& config, bool has_exact_int8);
/// The same for the machine that this process runs on.
[[nodiscard]] QuantizationConfig resolve_auto(const QuantizationConfig& config);

/// Why a search cannot do without data, and what to add: for messages of those that find none.
inline constexpr std::string_view kSearchNeedsData =
    "a search needs calibration or evaluation data, also where dynamic quantization calibrates nothing; add "
    "evaluation.accuracy with a metric and a dataloader, or a calibration dataloader (docs/data.md)";

/// Returns the data that is calibrated with. Dynamic and weight-only quantization need none: without a calibration
/// section it gets the evaluation data, which then only serve probes (errors of candidates against fp32) and latencies.
/// Null if there is neither.
[[nodiscard]] const DataloaderConfig* calibration_data(const RunConfig& config);

/// Returns the config with calibration sizes that the data set can give: a size above `samples` becomes `samples`, as
/// in LPOT, and what occurs twice then is named once.
[[nodiscard]] QuantizationConfig limit_sampling_sizes(const QuantizationConfig& config, std::int64_t samples);

/// Returns what each unit is offered beside the kernels' own limits: every algorithm that has an observer; of
/// percentiles, weight bits and group sizes the preset, and then those that some rule names, in the order of the file.
/// Values that no rule names are left out, because nobody could choose them. With post_training_auto_quant, weights by
/// blocks are offered if some rule names them (int4, or a group size).
[[nodiscard]] OfferedSettings offered_settings(const QuantizationConfig& config);

/// Returns what each unit of the model can be, by unit index. Units that the model's file quantizes have an option that
/// keeps that. @param config  after resolve_auto
[[nodiscard]] CapabilityTable capability_table(const PreparedModel& model, const QuantizationConfig& config);

/// Returns the config with the preparations that the search chooses between for this model: `recipes: auto` replaced by
/// those that change something, and from lists those left out that would repeat an earlier one here, because the model
/// has no units to equalize or no values to smooth. @param model  prepared by recipe_request()
[[nodiscard]] QuantizationConfig resolve_preparations(const QuantizationConfig& config, const PreparedModel& model);

/// Returns the recipes that the config asks for, for every candidate.
[[nodiscard]] RecipeRequest recipe_request(const QuantizationConfig& config);

/// Returns the sizes that the config and its data sets give to a model's open dimensions. The config's own word comes
/// first, then the samples of the calibration data, then those of the evaluation data.
/// @param calibration, evaluation  null where there is none
[[nodiscard]] InputSizes input_sizes(const RunConfig& config, const Pipeline* calibration, const Pipeline* evaluation);

/// Returns how candidates are evaluated: shards, batch, memory, corrections. The pointers to model, space and data are
/// null; the caller fills them in.
[[nodiscard]] EvaluationSetup evaluation_setup(const RunConfig& config);

}  // namespace halftone
