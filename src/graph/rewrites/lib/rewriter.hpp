#pragma once
// Rewriter: what a rewrite of graph/rewrites works with. It adds nodes in front of the outputs of one node of the file.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "graph/builder.hpp"

namespace halftone {

/// Returns the shape of a value of the file, or nothing if it cannot be known while the file is read.
using ShapeOf = std::function<std::optional<Shape>(ValueId)>;

class Rewriter {
public:
    /// @param node   the node to replace; it is not in the builder
    /// @param opset  of the file's default domain. An export has this operator set or 13, whichever is later
    Rewriter(const Node& node, std::int64_t opset, GraphBuilder& builder, ShapeOf shape_of)
        : node_(node), opset_(opset), builder_(builder), shape_of_(std::move(shape_of)) {}

    [[nodiscard]] const Node& node() const { return node_; }
    [[nodiscard]] std::int64_t opset() const { return opset_; }
    [[nodiscard]] bool has_input(std::size_t i) const { return halftone::has_input(node_, i); }
    /// @throws ModelError if the node has no such input
    [[nodiscard]] ValueId input(std::size_t i) const;
    /// Returns an invalid id if the node has no such input.
    [[nodiscard]] ValueId optional_input(std::size_t i) const;
    [[nodiscard]] bool has_output(std::size_t i) const {
        return i < node_.outputs.size() && node_.outputs[i].is_valid();
    }
    /// @throws ModelError that names the node, if its shape is not known
    [[nodiscard]] Shape shape_of(ValueId id) const;
    /// @throws ModelError "<node>: <why>"
    [[noreturn]] void refuse(const std::string& why) const;

    /// Adds an unnamed node with one output and returns that output, a new value named after the node's first output.
    ValueId add(const std::string& op, std::vector<ValueId> inputs, Attributes attributes = {});
    /// The same, and the new node has the name of the node that is replaced, so that reports and rules find it. A
    /// rewrite gives the name to the node that may become a unit, or to the last one.
    ValueId add_named(const std::string& op, std::vector<ValueId> inputs, Attributes attributes = {});
    /// Adds the node that writes output `output` of the node that is replaced. It gets the name if no other node has
    /// it.
    void finish(const std::string& op, std::vector<ValueId> inputs, Attributes attributes = {}, std::size_t output = 0);
    ValueId constant(const std::string& suffix, Tensor tensor);
    [[nodiscard]] ValueId scalar(float value) { return constant("factor", Tensor::scalar(value)); }
    [[nodiscard]] GraphBuilder& builder() { return builder_; }

private:
    [[nodiscard]] std::string stem() const;
    ValueId add_node(const std::string& name, const std::string& op, std::vector<ValueId> inputs,
                     Attributes attributes);

    const Node& node_;
    std::int64_t opset_;
    GraphBuilder& builder_;
    ShapeOf shape_of_;
    bool name_is_used_ = false;
};

}  // namespace halftone
