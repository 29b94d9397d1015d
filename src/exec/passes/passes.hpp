#pragma once
// The rewrites that a session applies to a graph before it lowers it. They are for execution only: a file keeps the
// nodes that its author wrote. Each pass is one file and one line in list.inc; the order of the list is that of
// application.

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/registry.hpp"
#include "graph/graph.hpp"
#include "graph/op_library.hpp"

namespace halftone {

/// What a pass may know about the session that is being compiled.
struct ExecPassContext {
    const OpLibrary& ops;
    std::int64_t batch = 1;
    /// Values of the pass's graph that must stay readable. A pass that joins nodes must keep them apart around a tap;
    /// one that cannot tell does nothing when there are taps.
    std::vector<ValueId> taps{};
    std::set<std::string> bf16{};  ///< names of the main nodes of bf16 units
};

/// Returns the rewritten graph, or nothing when there is nothing to do (a graph is expensive to copy). Types of all
/// values are known before and after, and names of values that stay do not change. @throws ModelError
using ExecPass = std::optional<Graph> (*)(const Graph&, const ExecPassContext&);

/// Returns all passes in the order of application.
[[nodiscard]] std::span<const RegistryRow<ExecPass>> exec_passes();

/// Returns the pass with this word. @pre list.inc has the word
[[nodiscard]] ExecPass exec_pass(std::string_view word);

}  // namespace halftone
