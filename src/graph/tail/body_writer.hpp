#pragma once
// Private to graph/tail: writes the graph of a control-flow node into the graph around it.

#include <map>
#include <string>
#include <vector>

#include "graph/builder.hpp"

namespace halftone {

/// Copies one graph of a node, any number of times, into the graph that the node stands in.
class BodyWriter {
public:
    /// @param node  an If, Loop or Scan of the graph that `builder` edits
    /// @param body  the graph of the node as the file has it; its constants are written once for all copies
    BodyWriter(GraphBuilder& builder, const Graph& around, const Node& node, const Graph& body);

    /// Adds the nodes of one copy, and returns what stands for the outputs of the body.
    /// @param copy  the body, or what became of it after its own control flow was unrolled
    /// @param arguments  by input of the body: the value around it that stands for the input
    /// @param prefix  stands in front of all new names, behind the node's own name; "" for none
    std::vector<ValueId> add(const Graph& copy, const std::vector<ValueId>& arguments, const std::string& prefix);

    /// Adds a node with one output that has a new name. Returns its output.
    ValueId add_node(const std::string& op, std::vector<ValueId> inputs, Attributes attributes,
                     const std::string& name);
    /// Adds a constant with a new name.
    ValueId add_constant(const std::string& name, Tensor tensor);
    /// Removes the control-flow node; its outputs are copies of these values from now on.
    void finish(NodeId id, const std::vector<ValueId>& results);

private:
    [[nodiscard]] std::string name_of(const std::string& prefix, const std::string& name) const;
    ValueId value_of(const Value& value, const std::string& prefix);

    GraphBuilder& builder_;
    const Node& node_;
    const Graph& body_;
    std::string stem_;                          ///< the node's name, or that of its first output
    std::map<std::string, ValueId> constants_;  ///< of the body, written already; by their name in it
};

}  // namespace halftone
