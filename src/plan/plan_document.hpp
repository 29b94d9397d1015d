#pragma once
// PlanDocument: the plan file (best.yaml) as a value. The writer and the reader share it, so that a field cannot be
// written in one form and read in another. src/plan/README.md describes the format field by field.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config_node.hpp"
#include "exec/apply_plan.hpp"
#include "exec/kernel_choice.hpp"
#include "exec/recipes.hpp"
#include "graph/capability.hpp"

namespace halftone {

inline constexpr std::int64_t kPlanFormat = 1;

/// The 95 % interval of an accuracy, and the number of samples.
struct PlanEvidence {
    std::int64_t samples = 0;
    double low = 0;
    double high = 0;
};

/// How much worse than fp32 the plan is, in the units of the goal's metric; positive is worse.
struct PlanLoss {
    double value = 0;
    std::optional<std::pair<double, double>> ci95;  ///< its 95 % interval; none if the metric has none
};

/// The accuracy goal, and whether the trial met it.
struct PlanGoal {
    bool is_relative = true;
    double loss = 0;  ///< allowed loss: a fraction of the baseline, or metric units
    bool is_met = false;
};

/// The measurements of the plan in the search.
struct PlanScore {
    std::int64_t trial = 0;
    double accuracy = 0;
    double baseline = 0;                                  ///< accuracy of the fp32 model
    std::vector<std::pair<std::string, double>> metrics;  ///< name and value of each metric
    std::optional<PlanLoss> loss;                         ///< none in files of earlier versions
    std::optional<PlanEvidence> evidence;                 ///< none if the metric does not count right samples
    PlanGoal goal;
};

/// One unit and how it runs.
struct PlanUnit {
    std::string name;
    std::string op;
    std::vector<std::string> nodes;  ///< names of the nodes that the unit is made of
    UnitConfig config;
    DType output = DType::f32;   ///< how the output is stored: codes only if a quantized unit reads it
    bool is_accelerated = true;  ///< false: no fast kernel runs this configuration
    std::string why;             ///< why the unit is not quantized; empty for a quantized unit
};

/// Corrections of one unit's weight and bias, by output channel. An empty list: that correction was not made.
struct PlanCorrection {
    std::string unit;
    std::vector<float> weight_factor;
    std::vector<float> weight_shift;  ///< as long as weight_factor
    std::vector<float> bias_shift;
};

/// The file beside the plan that holds codes which calibration data chose (plan/codes_file.hpp).
struct PlanCodes {
    std::string file;                ///< its name; it stands in the folder of the plan
    std::string hash;                ///< of its bytes, 16 hex digits
    std::vector<std::string> units;  ///< whose codes it holds: those of units[i] are the arrays with the number i
};

struct PlanDocument {
    std::optional<PlanScore> score;  ///< none if nothing was evaluated
    std::string isa;                 ///< instruction set of the search
    std::string model;               ///< hash of the fp32 model's file, 16 hex digits
    std::int64_t calibration_samples = 0;
    std::string preparation;               ///< that the search chose, in words; empty if it had no choice
    std::vector<PlanUnit> units;           ///< by unit index
    std::vector<QuantizedTensor> tensors;  ///< every quantized tensor, weights and biases included
    std::vector<PlanCorrection> corrections;
    RecipeNumbers recipes;           ///< how the fp32 model was prepared
    std::optional<PlanCodes> codes;  ///< none if all codes follow from weights and scales
    KernelChoices kernels;           ///< steps that do not run by their default kernel
    std::string kernels_comment;     ///< how the kernels were found; written as a comment, so it is lost in reading
};

/// The places of a document's parts in their file, for messages: "best.yaml:12:3: units[0]".
struct PlanPlaces {
    std::string file;                                      ///< "best.yaml:1:1"
    std::string model;                                     ///< of the model's hash
    std::string codes;                                     ///< of the section; empty if there is none
    std::vector<std::string> units, tensors, corrections;  ///< by index
};

struct ParsedPlan {
    PlanDocument document;
    PlanPlaces places;
};

/// Returns the text of a plan file. It is the same for any number of ranks: no times, hosts or paths are in it.
[[nodiscard]] std::string write_plan(const PlanDocument& document);

/// A plan holds a number for each channel of each weight, and a network of gigabytes has a million of them.
inline constexpr YamlLimits kPlanLimits{.bytes = std::size_t{32} << 20U, .values = 2'000'000};

/// Reads the text of a plan file. Checks everything that can be checked without the model.
/// @param file  name of the file, for messages
/// @throws ConfigError  with file, line and column: no YAML, another format, unknown keys, wrong or missing values
[[nodiscard]] ParsedPlan parse_plan(std::string_view text, const std::string& file);

}  // namespace halftone
