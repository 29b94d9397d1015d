#pragma once
// Older operator forms to the one form that the graph holds (opset 13). One function per operator in one table;
// upgrade.cpp says what each changes.

#include <cstdint>
#include <map>
#include <string>

#include "graph/builder.hpp"

namespace halftone {

struct UpgradeContext {
    GraphBuilder& builder;                       ///< for constants and nodes that an upgrade adds
    std::int64_t opset;                          ///< of the file
    const std::map<std::string, Shape>& shapes;  ///< by value name, as far as the file declares them
};

/// Rewrites `node` to its opset-13 form. Nodes without a row in the table stay as they are.
/// @throws ModelError where the old form has no equivalent, or finding it needs a shape that the file does not declare
void upgrade_node(Node& node, UpgradeContext& context);

}  // namespace halftone
