#pragma once
// best.yaml read back: everything that rebuilds the model it describes.

#include <string>
#include <vector>

#include "exec/apply_plan.hpp"
#include "exec/equalize.hpp"
#include "exec/kernel_choice.hpp"
#include "exec/prepared_model.hpp"
#include "exec/smooth.hpp"

namespace halftone::app {

/// A model in the state that a plan's numbers belong to, and the plan.
struct LoadedPlan {
    QuantPlan plan;
    PlanNumbers numbers;
    KernelChoices kernels;
};

/// Reads the plan for this model, and equalizes and smooths the model as the plan says.
/// @throws ConfigError with the file's line: not a best.yaml, of another model, units or numbers that do not fit
[[nodiscard]] LoadedPlan load_plan(const std::string& path, PreparedModel& model);

/// The parts of best.yaml that hold numbers, as load_plan reads them.
[[nodiscard]] std::string numbers_text(const QuantizedModel& model, const PlanNumbers& numbers,
                                       const std::vector<EqualizedPair>& equalized,
                                       const std::vector<SmoothedValue>& smoothed);
/// The text of a best.yaml with these kernels in place of those it has. `measured`: how they were found, for a comment.
[[nodiscard]] std::string with_kernels_text(const std::string& plan, const KernelChoices& kernels,
                                            const std::string& measured);
[[nodiscard]] std::string activation_text(const ActivationConfig& config);
[[nodiscard]] std::string weight_text(const UnitConfig& unit);
/// "[a, b]"
template <class T, class F>
std::string flow_list(const std::vector<T>& values, F&& to_text) {
    std::string out = "[";
    for (const T& value : values) out += (out.size() > 1 ? ", " : "") + to_text(value);
    return out + "]";
}

/// A YAML scalar that always reads back as this text.
[[nodiscard]] std::string quoted(std::string_view text);

}  // namespace halftone::app
