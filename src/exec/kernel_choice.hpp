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
#include "kernel/op.hpp"

namespace halftone {

/// Node name -> "native", "dnnl", or "dnnl/NAME" for one of oneDNN's implementations ("dnnl/brgconv:avx2").
using KernelChoices = std::map<std::string, std::string>;

/// Metadata key of a model's choices: a line each, choice and node name with a space between.
inline constexpr const char* kKernelsKey = "halftone.kernels";

/// "native", "dnnl" or "dnnl/NAME", without white space.
[[nodiscard]] bool is_kernel_name(std::string_view text);
[[nodiscard]] KernelChoices kernel_choices(const Graph& graph);
/// The same graph with these choices only.
[[nodiscard]] Graph with_kernels(const Graph& graph, const KernelChoices& choices);

/// What can run a step, and how it is called in KernelChoices.
struct Kernel {
    Backend backend = Backend::ref;
    std::string implementation;  ///< for KernelRequest; empty: the backend's only or first
    const Op* op = nullptr;

    [[nodiscard]] std::string name() const;
};

/// The step by `name`, if this machine has that.
[[nodiscard]] std::optional<Kernel> find_kernel(const KernelRequest& request, const std::string& name);
/// All fast kernels of the step, the default first; plain loops only where there is nothing else.
[[nodiscard]] std::vector<Kernel> all_kernels(const KernelRequest& request);

}  // namespace halftone
