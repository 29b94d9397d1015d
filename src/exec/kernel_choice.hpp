#pragma once
// Which kernel runs a step, where it is not the default: what `bench --autotune` measured. A plan (best.yaml,
// `kernels`) and a file (metadata) carry it by the name of the step's node, so that the same file computes the same
// everywhere where its kernels exist; where one does not, the default runs.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.hpp"
#include "kernel/ops/find_op.hpp"

namespace halftone {

/// Node name -> "native", "dnnl", or "dnnl/NAME" for one of oneDNN's implementations ("dnnl/brgconv:avx2").
using KernelChoices = std::map<std::string, std::string>;

/// Metadata key of a model's choices: a line each, choice and node name with a space between.
inline constexpr const char* kKernelsKey = "halftone.kernels";

/// Is the text "native", "dnnl" or "dnnl/NAME", without white space?
[[nodiscard]] bool is_kernel_name(std::string_view text);
/// Returns the choices in the graph's metadata; empty if there are none.
[[nodiscard]] KernelChoices kernel_choices(const Graph& graph);
/// Returns the graph with these choices in its metadata, and no others.
[[nodiscard]] Graph with_kernels(const Graph& graph, const KernelChoices& choices);

/// One kernel that can run a step.
struct Kernel {
    Backend backend = Backend::ref;
    std::string implementation;  ///< as KernelRequest takes it; empty: the backend's only or first one
    const Op* op = nullptr;

    /// Returns the kernel's name in KernelChoices.
    [[nodiscard]] std::string name() const;
};

/// Returns the kernel with this name for the step; nothing if this machine does not have it.
[[nodiscard]] std::optional<Kernel> find_kernel(const KernelRequest& request, const std::string& name);
/// Returns all fast kernels of the step, the default first. Plain loops are listed only if there is nothing else.
[[nodiscard]] std::vector<Kernel> all_kernels(const KernelRequest& request);

}  // namespace halftone
