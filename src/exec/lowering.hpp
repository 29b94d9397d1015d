#pragma once
// Lowering turns a graph into steps. It decides which nodes run fused as one kernel: patterns DQ…op…Q become integer
// steps, and fp32 Conv and Gemm take their residual Add and activation along. Only groups that a kernel supports are
// formed, so the result always runs.

#include <map>
#include <string>
#include <vector>

#include "graph/graph.hpp"
#include "kernel/ops/find_op.hpp"

namespace halftone {

/// One fused step over values of the graph. Values are named by id; codes and real numbers are different values there.
struct LoweredStep {
    KernelRequest request;
    const Op* op = nullptr;
    Backend backend = Backend::ref;
    std::string name;             ///< of the main node
    std::vector<ValueId> inputs;  ///< data inputs, as in request.inputs
    std::vector<ValueId> outputs;
    std::vector<std::string> nodes{};  ///< names of all nodes that run in it, in the order in which they compute
};

struct LoweringOptions {
    Backend backend = Backend::dnnl;  ///< dnnl falls back to ref op by op
    std::vector<ValueId> taps;        ///< values that must exist as real numbers in plain form
};

struct Lowering {
    std::vector<LoweredStep> steps;       ///< in execution order
    std::map<ValueId, Tensor> constants;  ///< data inputs that are constants
};

/// Returns the steps of a graph and the constants that they read.
/// @param types  of every value with the batch bound (bind_batch)
/// @throws ModelError naming the node that no kernel can run, with the kernels' reasons
[[nodiscard]] Lowering lower(const Graph& graph, const std::vector<TensorType>& types, const LoweringOptions& options);

}  // namespace halftone
