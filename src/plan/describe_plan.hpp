#pragma once
// A candidate of a search as a plan document.

#include "exec/prepared_model.hpp"
#include "plan/findings.hpp"
#include "plan/plan_document.hpp"
#include "space/search_space.hpp"

namespace halftone {

/// The inputs from which a candidate's document is made.
struct DeliveredPlan {
    const PreparedModel& model;  ///< prepared by the recipes, not quantized
    const SearchSpace& space;
    const CapabilityTable& capability;
    const Candidate& candidate;
    const QuantizedModel& quantized;  ///< of the candidate
    const PlanNumbers& numbers;       ///< of the quantized model
    const RecipeNumbers& recipes;
    const Findings& findings;
};

/// Returns the document without `score`, which a plan that was not evaluated lacks, and without `isa`.
[[nodiscard]] PlanDocument describe_plan(const DeliveredPlan& delivered);

/// Returns the score of an evaluated trial.
[[nodiscard]] PlanScore describe_score(TrialId trial, const Score& score, double baseline,
                                       const AccuracyCriterion& criterion, bool is_goal_met);

}  // namespace halftone
