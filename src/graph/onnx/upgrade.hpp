#pragma once
// Older operator forms to the one form that the graph holds (opset 13). One function per operator in one table;
// upgrade.cpp says what each changes.

#include <cstdint>
#include <string>

#include "graph/builder.hpp"
#include "graph/rewrites/lib/rewriter.hpp"

namespace halftone {

struct UpgradeContext {
    GraphBuilder& builder;  ///< for constants and nodes that an upgrade adds
    std::int64_t opset;     ///< of the node, which may stand in a function with an operator set of its own
    std::int64_t target;    ///< operator set of the graph, never before the node's
    ShapeOf shape_of;       ///< shapes of values that were read before, as far as they are declared or can be inferred
};

/// Returns what names that an upgrade invents begin with: the name of the node's first output. (A node may have no
/// name.) A file may hold a node without outputs: then it is the operator.
[[nodiscard]] std::string first_output_name(const Node& node, const UpgradeContext& context);

/// Rewrites `node` to its opset-13 form. Nodes without a row in the table stay as they are. A node of a function with
/// an older operator set than the graph's also gets the form that the graph's operator set has.
/// @throws ModelError where the old form has no equivalent, or finding it needs a shape that is not known
void upgrade_node(Node& node, UpgradeContext& context);

}  // namespace halftone
