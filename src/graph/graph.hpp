#pragma once
// Graph: nodes in topological order, values, inputs, outputs. Immutable: passes and apply_plan make new ones with
// GraphBuilder. Ids are indices into this graph only.

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/node.hpp"

namespace halftone {

/// Where a value is read: input number `input` of `node`.
struct Use {
    NodeId node;
    std::size_t input = 0;
};

/// Facts about the model from its file, which the export needs.
struct ModelInfo {
    std::int64_t ir_version = 8;
    std::int64_t opset = 13;  ///< of the default domain in the source file; the export writes max(13, opset)
    std::string graph_name = "graph";
    std::map<std::string, std::string> metadata;
    std::map<std::string, std::string> dim_names;  ///< "input:0" -> "N": names of symbolic dimensions of inputs/outputs
    /// "input:2": dimensions of inputs that the file leaves open and bind_sizes gave a size. The export opens them
    /// again.
    std::set<std::string> bound_dims;
    /// "output:2": dimensions of outputs that the file declares as numbers.
    std::set<std::string> fixed_dims;
    /// By name of a graph input or output that the file declares as float16 or bfloat16: ONNX's number of that type.
    /// The graph computes them in fp32, and the export puts a Cast behind the input or in front of the output.
    std::map<std::string, std::int32_t> half_types;
    /// By name of a graph output: its type as the file declares it, if it does. Nothing has checked this type.
    std::map<std::string, TensorType> declared_outputs;
    /// Names of the nodes in the file. Some may be removed by now, or be in the tail; a user's rule may name any of
    /// them.
    std::set<std::string> node_names;
    /// The tail: nodes behind the first shape that depends on data (graph/tail/split_tail.hpp). It reads outputs of
    /// this graph. Null for most models.
    std::shared_ptr<const Graph> tail;
    /// The names of the model's outputs in their order, where there is a tail; some of them are the tail's.
    std::vector<std::string> output_order;
};

/// Copies share one memory, which never changes, so a copy costs nothing even for a large network.
class Graph {
public:
    Graph() : data_(std::make_shared<const Data>()) {}
    // There is no move constructor, so that a graph can be used after it was moved from.
    Graph(const Graph&) = default;
    Graph& operator=(const Graph&) = default;

    [[nodiscard]] const std::vector<Node>& nodes() const { return data_->nodes; }
    [[nodiscard]] const std::vector<Value>& values() const { return data_->values; }
    [[nodiscard]] const Node& node(NodeId id) const { return data_->nodes[id.index()]; }
    [[nodiscard]] const Value& value(ValueId id) const { return data_->values[id.index()]; }
    /// Without initialisers, also where an old file lists those as inputs.
    [[nodiscard]] const std::vector<ValueId>& inputs() const { return data_->inputs; }
    [[nodiscard]] const std::vector<ValueId>& outputs() const { return data_->outputs; }
    [[nodiscard]] const ModelInfo& info() const { return data_->info; }

    /// The node that produces the value; invalid for inputs and initialisers.
    [[nodiscard]] NodeId producer(ValueId id) const { return data_->producers[id.index()]; }
    /// All reads of the value, in node order. A graph output counts in is_output, not here.
    [[nodiscard]] const std::vector<Use>& uses(ValueId id) const { return data_->uses[id.index()]; }
    [[nodiscard]] bool is_output(ValueId id) const { return data_->is_output[id.index()]; }
    /// The value of that name, if there is one. Takes time logarithmic in the number of values.
    [[nodiscard]] std::optional<ValueId> find_value(std::string_view name) const;

    /// Returns whether both graphs are copies of one graph. Equal graphs that were built separately are no
    /// copies.
    [[nodiscard]] bool shares_memory_with(const Graph& other) const { return data_ == other.data_; }

private:
    friend class GraphBuilder;
    friend Graph with_types(const Graph& graph, const std::vector<TensorType>& types);
    struct Data {
        std::vector<Node> nodes;
        std::vector<Value> values;
        std::vector<ValueId> inputs;
        std::vector<ValueId> outputs;
        std::vector<NodeId> producers;
        std::vector<std::vector<Use>> uses;
        std::vector<bool> is_output;   ///< by value id
        std::vector<ValueId> by_name;  ///< all values, sorted by name
        ModelInfo info;
    };
    explicit Graph(std::shared_ptr<const Data> data) : data_(std::move(data)) {}
    std::shared_ptr<const Data> data_;  ///< never null
};

/// Returns the same graph with a type for each of its values; a copy if it has these types already. @pre one type for
/// each value
[[nodiscard]] Graph with_types(const Graph& graph, const std::vector<TensorType>& types);

/// Identity of what the graph computes and is called: names, ops, attributes, types, constants.
[[nodiscard]] std::uint64_t hash_of(const Graph& graph);

}  // namespace halftone
