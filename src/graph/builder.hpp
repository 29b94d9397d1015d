#pragma once
// GraphBuilder: the only way to make a Graph. Collects values and nodes in any order; build() checks and sorts.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "graph/graph.hpp"

namespace halftone {

class GraphBuilder {
public:
    GraphBuilder() = default;
    /// Starts with a copy of `graph`: same ids for its values; nodes can then be edited or removed. Nothing is copied
    /// before the first edit, and without one build() returns `graph` itself.
    explicit GraphBuilder(const Graph& graph) : source_(graph), is_source_(true) {}

    /// @pre the name is new. An empty name is replaced by a fresh one.
    ValueId add_value(std::string name);
    ValueId add_value(std::string name, TensorType type);
    ValueId add_constant(std::string name, Tensor tensor);
    /// The value of that name, added if missing.
    ValueId value_named(const std::string& name);
    /// `name`, or `name_1`, `name_2`… if taken by a value.
    [[nodiscard]] std::string fresh_value_name(const std::string& name);
    /// `name`, or `name_1`, `name_2`… if a node has the name. The result counts as taken from now on.
    [[nodiscard]] std::string fresh_node_name(const std::string& name);

    NodeId add_node(Node node);
    void remove_node(NodeId id);  ///< ids of other nodes stay valid until build()
    [[nodiscard]] bool is_removed(NodeId id) const { return !is_source_ && removed_[id.index()]; }
    // The functions that are not const count as an edit: a pass that only reads uses a const reference.
    [[nodiscard]] Node& node(NodeId id) { return begin_edit().nodes_[id.index()]; }
    [[nodiscard]] const Node& node(NodeId id) const { return is_source_ ? source_.node(id) : nodes_[id.index()]; }
    [[nodiscard]] Value& value(ValueId id) { return begin_edit().values_[id.index()]; }
    [[nodiscard]] const Value& value(ValueId id) const { return is_source_ ? source_.value(id) : values_[id.index()]; }
    [[nodiscard]] std::size_t node_count() const { return is_source_ ? source_.nodes().size() : nodes_.size(); }
    [[nodiscard]] std::size_t value_count() const { return is_source_ ? source_.values().size() : values_.size(); }

    void add_input(ValueId id) { begin_edit().inputs_.push_back(id); }
    void add_output(ValueId id) { begin_edit().outputs_.push_back(id); }
    [[nodiscard]] std::vector<ValueId>& inputs() { return begin_edit().inputs_; }
    [[nodiscard]] std::vector<ValueId>& outputs() { return begin_edit().outputs_; }
    [[nodiscard]] ModelInfo& info() { return begin_edit().info_; }
    [[nodiscard]] const ModelInfo& info() const { return is_source_ ? source_.info() : info_; }

    /// Replaces every read of `from` (also as graph output) by a read of `to`. It walks over all nodes, so a caller
    /// that replaces many values must use replace_all_uses.
    void replace_uses(ValueId from, ValueId to);
    /// Replaces every read of a value by a read of its replacement, in one walk over the nodes.
    /// @param replacements  by value id, one for each value; the replacement of a value that stays is itself
    void replace_all_uses(const std::vector<ValueId>& replacements);

    /// Exchanges the names of two values, so that another value can carry a graph output's name.
    void swap_names(ValueId a, ValueId b);

    /// Sorts nodes topologically (stable: by insertion order where free), drops nodes whose results nobody needs and
    /// values nobody uses, and checks the whole: every input defined once, no cycle, names unique, outputs produced.
    /// @throws ModelError naming node or value and reason
    [[nodiscard]] Graph build() &&;

private:
    /// Copies the source before the first edit. Returns the builder.
    GraphBuilder& begin_edit();
    void free_node_name(const std::string& name);

    Graph source_;            ///< what the builder started with; kept, because callers hold references into it
    bool is_source_ = false;  ///< nothing was edited yet: the source is the graph, and the lists below are empty
    std::vector<Node> nodes_;
    std::vector<bool> removed_;
    std::vector<Value> values_;
    std::map<std::string, ValueId> by_name_;
    std::map<std::string, int> next_number_;  ///< by name: where fresh_value_name goes on counting
    /// How many nodes have a name; filled when it is first asked for, because few passes invent names of nodes.
    std::optional<std::map<std::string, std::int64_t>> node_names_;
    std::set<std::string> promised_names_;         ///< given by fresh_node_name, not yet seen at a node
    std::map<std::string, int> next_node_number_;  ///< by name: where fresh_node_name goes on counting
    std::vector<ValueId> inputs_;
    std::vector<ValueId> outputs_;
    ModelInfo info_;
};

}  // namespace halftone
