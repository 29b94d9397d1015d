#pragma once
// A plan file applied to the model that it was made for: everything that rebuilds the quantized model, bit for bit.

#include "exec/kernel_choice.hpp"
#include "exec/plan_numbers.hpp"
#include "exec/prepared_model.hpp"
#include "plan/plan_document.hpp"
#include "space/candidate.hpp"

namespace halftone {

struct LoadedPlan {
    QuantPlan plan;
    PlanNumbers numbers;
    KernelChoices kernels;
};

/// Checks the plan against the model, and prepares the model by the plan's recipes: afterwards the plan's numbers
/// belong to it.
/// @param model  as prepare_model returns it
/// @throws ConfigError  with the file's line: the plan is of another model, or its units or numbers do not fit
[[nodiscard]] LoadedPlan load_plan(const ParsedPlan& parsed, PreparedModel& model);

}  // namespace halftone
