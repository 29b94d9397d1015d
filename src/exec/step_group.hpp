#pragma once
// StepGroup: nodes of a graph that run as one step, and the kernel that runs them.

#include <string>

#include "graph/graph.hpp"
#include "kernel/ops/find_op.hpp"

namespace halftone {

/// The kernel that was found for a request, or why there is none.
struct SelectedKernel {
    const Op* op = nullptr;  ///< null: no kernel can run the request
    Backend backend = Backend::ref;
    std::string why{};             ///< without a kernel: each backend's reason, for the user
    std::string implementation{};  ///< the implementation that the graph's metadata wants; empty: the backend's first
};

/// The nodes of a group in the order in which they compute. Ids that are invalid: the group has no such node.
/// The step runs at the place of the last node, so that everything that the group reads exists by then.
struct StepGroup {
    NodeId main{};            ///< Conv, Gemm, MatMul, Add, … : what the kernel is built for
    NodeId bias_add{};        ///< the Add of a constant row behind a MatMul
    NodeId residual_add{};    ///< the Add of another tensor
    NodeId function{};        ///< an activation that is a function of its own: Gelu, Sigmoid, …
    NodeId clamp{};           ///< Relu or Clip
    NodeId guard{};           ///< a Max that changes nothing (apply_plan: guard_from_quantization)
    NodeId quantize{};        ///< the QuantizeLinear that ends the group
    bool is_integer = false;  ///< the kernel reads codes
    bool is_bf16 = false;
    ValueId residual{};  ///< the other operand of residual_add
    ValueId output{};    ///< of the last node
    NodeId last{};
    KernelRequest request{};
    SelectedKernel kernel{};
};

}  // namespace halftone
