#pragma once
// From a group of nodes to the request that a kernel is asked with, and to the values that its step reads.

#include <vector>

#include "exec/lowering_view.hpp"
#include "exec/step_group.hpp"

namespace halftone {

/// Returns what a kernel must compute to run the whole group: operands, epilogue, output encoding.
[[nodiscard]] KernelRequest group_request(const LoweringView& view, const StepGroup& group);

/// Returns the values that the group's step reads, in the order of the request's inputs: codes where the kernel reads
/// codes, else the fp32 values themselves.
[[nodiscard]] std::vector<ValueId> group_inputs(const LoweringView& view, const StepGroup& group);

/// Adds the constant inputs of a node by input number; an empty tensor stands for an input that is not constant.
void add_constants(const LoweringView& view, const Node& node, KernelRequest& request);

}  // namespace halftone
