#pragma once
// Applies a plan file to the model for which it was made, so that the quantized model can be rebuilt bit for bit.

#include "exec/kernel_choice.hpp"
#include "exec/plan_numbers.hpp"
#include "exec/prepared_model.hpp"
#include "plan/codes_file.hpp"
#include "plan/plan_document.hpp"
#include "space/candidate.hpp"

namespace halftone {

struct LoadedPlan {
    QuantPlan plan;
    PlanNumbers numbers;
    KernelChoices kernels;
};

/// Checks that the plan fits the model, and changes the model by the plan's recipes, so that the plan's numbers belong
/// to it.
/// @param model  as prepare_model returns it
/// @param codes  of the file beside the plan, as read_codes returns them
/// @throws ConfigError  with the file's line: the plan is of another model, or its units, numbers or codes do not fit
[[nodiscard]] LoadedPlan load_plan(const ParsedPlan& parsed, PreparedModel& model, const CodesByUnit& codes = {});

}  // namespace halftone
