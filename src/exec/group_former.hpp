#pragma once
// GroupFormer: the first phase of lowering. It decides which nodes run together as one step.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "exec/kernel_choice.hpp"
#include "exec/lowering_view.hpp"
#include "exec/step_group.hpp"

namespace halftone {

/// What forming groups gave. A node that is in no group runs alone.
struct StepGroups {
    std::map<NodeId, StepGroup> by_last_node;
    std::set<NodeId> nodes;  ///< in some group
};

/// Forms groups in graph order; a node joins the first group that can take it. Only groups that a kernel supports are
/// formed, so that lowering never fails because of fusion.
/// @param kernels  wanted kernels by node name
[[nodiscard]] StepGroups form_groups(const LoweringView& view, const KernelChoices& kernels);

}  // namespace halftone
