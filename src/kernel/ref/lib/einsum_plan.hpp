#pragma once
// The equation of an Einsum as loops: one loop for each label, those of the output outside, those that are summed
// inside.

#include <string>
#include <vector>

#include "kernel/shape/rules.hpp"

namespace halftone::ref {

struct EinsumPlan {
    std::vector<std::int64_t> sizes;  ///< by label; the first `outputs` labels are the output's dimensions
    std::size_t outputs = 0;
    std::vector<std::vector<std::int64_t>> steps;  ///< by operand, then by label: 0 where the operand is repeated
};

/// @throws ModelError: a term that is no list of letters with at most one "...", another number of operands than terms,
/// ranks or sizes that do not agree, an output label that no operand has
[[nodiscard]] EinsumPlan einsum_plan(const OpContext& op, const std::vector<Shape>& shapes);

}  // namespace halftone::ref
