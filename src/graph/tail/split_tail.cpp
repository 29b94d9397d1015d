// split_tail.
//
//   with_batch    the batch becomes 1
//   infer_head    which nodes are the tail (graph/inference)
//   TailBuilder   a graph of these nodes; what they read of the head are its inputs
//   make_head     the other nodes; its outputs are the model's that it computes, and what the tail reads
#include "graph/tail/split_tail.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "graph/builder.hpp"
#include "graph/inference/inference.hpp"

namespace halftone {
namespace {

/// Ids of the graph that is cut to those of the tail, which are made when they are met.
class TailBuilder {
public:
    TailBuilder(const Graph& graph, const std::vector<bool>& is_tail) : graph_(graph), is_tail_(is_tail) {}

    [[nodiscard]] Graph build() && {
        for (std::size_t i = 0; i < graph_.nodes().size(); ++i) {
            if (is_tail_[i]) add(graph_.nodes()[i]);
        }
        for (const ValueId id : graph_.outputs()) {
            if (!is_in_tail(id)) continue;
            // Values of head and tail meet by their names, which both graphs keep.
            builder_.add_output(builder_.value_named(graph_.value(id).name));
            declare(graph_.value(id).name);
        }
        builder_.info().opset = graph_.info().opset;
        builder_.info().dim_names = graph_.info().dim_names;
        return std::move(builder_).build();
    }

    [[nodiscard]] bool is_in_tail(ValueId id) const {
        const NodeId producer = graph_.producer(id);
        return producer.is_valid() && is_tail_[producer.index()];
    }

private:
    void add(Node node) {
        for (ValueId& id : node.inputs) id = id.is_valid() ? read(id) : id;
        for (ValueId& id : node.outputs) id = id.is_valid() ? builder_.value_named(graph_.value(id).name) : id;
        builder_.add_node(std::move(node));
    }

    ValueId read(ValueId id) {
        const Value& value = graph_.value(id);
        const ValueId own = builder_.value_named(value.name);
        // A value of the tail gets its producer from add(); one of the head that was seen before needs nothing more.
        if (is_in_tail(id) || !known_.insert(id).second) return own;
        // A constant is copied into the tail rather than made an input: an operator that needs its value to infer a
        // shape would not find it otherwise.
        if (value.is_constant()) {
            builder_.value(own).constant = value.constant;
            builder_.value(own).type = value.type;
            builder_.value(own).has_type = true;
        } else {
            builder_.add_input(own);
        }
        return own;
    }

    /// Shape inference ends where the tail begins, so the exported file can only repeat the type that the source
    /// declares. The tail is exported as it came, without the Cast that a 16-bit output needs, so such outputs are
    /// refused.
    void declare(const std::string& name) {
        const auto declared = graph_.info().declared_outputs.find(name);
        if (declared == graph_.info().declared_outputs.end() || graph_.info().half_types.contains(name)) {
            throw ModelError(fmt::format(
                "the output '{}' has a shape that depends on data, and the file declares no type of 32 bits for it",
                name));
        }
        Value& value = builder_.value(builder_.value_named(name));
        value.type = declared->second;
        value.has_type = true;
    }

    const Graph& graph_;
    const std::vector<bool>& is_tail_;
    GraphBuilder builder_;
    std::set<ValueId> known_;  ///< of the head, and seen already
};

/// @param tail  its inputs are what it reads of the head
Graph make_head(const Graph& graph, const std::vector<bool>& is_tail, Graph tail) {
    GraphBuilder builder(graph);
    std::vector<ValueId> outputs;
    const auto add = [&outputs](ValueId id) {
        if (std::find(outputs.begin(), outputs.end(), id) == outputs.end()) outputs.push_back(id);
    };
    for (const ValueId id : graph.outputs()) {
        // Outputs of head and tail are written apart; this order puts them together again (TailRunner, export).
        builder.info().output_order.push_back(graph.value(id).name);
        const NodeId producer = graph.producer(id);
        if (!producer.is_valid() || !is_tail[producer.index()]) add(id);
    }
    // What the tail reads becomes an output of the head, because passes neither remove nor rename outputs.
    for (const ValueId id : tail.inputs()) add(*graph.find_value(tail.value(id).name));
    if (outputs.empty()) throw DataDependentShape("all of the model depends on data: nothing of it can be planned");
    for (std::size_t i = 0; i < is_tail.size(); ++i) {
        if (is_tail[i]) builder.remove_node(make_id<NodeId>(i));
    }
    builder.outputs() = std::move(outputs);
    builder.info().tail = std::make_shared<const Graph>(std::move(tail));
    return std::move(builder).build();
}

}  // namespace

bool has_data_dependent_operator(const Graph& graph) {
    return std::any_of(graph.nodes().begin(), graph.nodes().end(), [](const Node& node) {
        // This looks at the words of the nodes only: it spares ordinary models from being typed once more, just to be
        // cut.
        return node.bodies != nullptr || node.op == "NonMaxSuppression" || node.op == "NonZero";
    });
}

Graph with_batch(const Graph& graph, std::int64_t batch) {
    GraphBuilder builder(graph);
    for (const ValueId id : graph.inputs()) {
        Value& value = builder.value(id);
        if (value.type.shape.rank() == 0 || value.type.shape[0] != kSymbolic) continue;
        value.type.shape[0] = batch;
        builder.info().bound_dims.insert(value.name + ":0");
    }
    return std::move(builder).build();
}

Graph split_tail(const Graph& graph, const OpLibrary& ops) {
    // A tail runs sample by sample: what depends on data differs between samples (how many boxes are left), so no batch
    // of them has one shape.
    const Graph bound = with_batch(graph, 1);
    const std::vector<bool> is_tail = infer_head(bound, ops).is_tail;
    if (std::find(is_tail.begin(), is_tail.end(), true) == is_tail.end()) return graph;
    return make_head(bound, is_tail, TailBuilder(bound, is_tail).build());
}

}  // namespace halftone
