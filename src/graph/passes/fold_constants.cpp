// fold_constants: nodes that read constants only are replaced by their values.
//
//   fold_limits        what all foldings together may take, from the size of the model
//   gather_constants   a node's inputs, if all of them are constant
//   take               a node's part of these limits, asked for before anything is computed
//   set_results        the values in the place of the node; beside it, where it produces a graph output
//
// A file of a few kilobytes can ask for any amount of constants (ConstantOfShape, Expand, Tile, Resize) and of work (a
// MatMul of two such constants). What goes beyond the limits is not an error: the node stays as it is, and whoever runs
// the model runs it.
#include <algorithm>

#include "base/budget.hpp"
#include "graph/builder.hpp"
#include "graph/inference/inference.hpp"
#include "graph/inference/work.hpp"
#include "graph/passes/passes.hpp"

namespace halftone {
namespace {

// One constant: 64 MiB of fp32.
constexpr std::int64_t kMaxFoldedElements = std::int64_t{1} << 24;
// All constants that folding makes of one model: so many bytes, and twice what the model holds already. Exporters leave
// a Transpose or a Reshape behind each weight, so a large model folds as much as it has. The limits are fixed numbers
// and do not look at the machine: every rank, and a resumed run, must come to the same graph.
constexpr std::uint64_t kFoldedBytes = std::uint64_t{128} << 20;
constexpr std::uint64_t kFoldedBytesPerByte = 2;
// The plain loops do about 10^9 units of work in a second: a second, and what it takes to copy a model's own weights.
constexpr std::uint64_t kFoldedWork = std::uint64_t{1} << 30;
constexpr std::uint64_t kFoldedWorkPerByte = 4;

BudgetLimits fold_limits(const Graph& graph) {
    std::uint64_t held = 0;
    for (const Value& value : graph.values()) {
        if (value.is_constant()) held += value.constant.bytes();
    }
    return {.bytes = kFoldedBytes + kFoldedBytesPerByte * held, .work = kFoldedWork + kFoldedWorkPerByte * held};
}

/// Takes what a folding needs from the budget, if it is left.
bool take(Budget& budget, const OpContext& op, const std::vector<TensorType>& types) {
    std::uint64_t bytes = 0;
    for (const TensorType& type : types) {
        bytes += static_cast<std::uint64_t>(type.shape.elements()) * size_of(type.dtype);
    }
    return budget.try_take_work(work_of(op, types)) && budget.try_take_bytes(bytes);
}

/// Types and constants of the inputs; nothing if an input is not constant.
bool gather_constants(const GraphBuilder& builder, OpContext& op, std::vector<Tensor>& inputs) {
    for (const ValueId id : op.node.inputs) {
        if (!id.is_valid()) {
            op.inputs.emplace_back();
            op.constants.push_back(nullptr);
            inputs.emplace_back();
            continue;
        }
        // From the builder: a node before this one may just have become a constant.
        const Value& value = builder.value(id);
        if (!value.is_constant()) return false;
        op.inputs.push_back(value.constant.type());
        op.constants.push_back(&value.constant);
        inputs.push_back(value.constant);
    }
    return true;
}

bool has_readers(const Graph& graph, const Node& node) {
    return std::any_of(node.outputs.begin(), node.outputs.end(),
                       [&](ValueId id) { return id.is_valid() && !graph.uses(id).empty(); });
}

/// Puts the values of a node in its place. A node that produces a graph output stays, and its readers get copies: a
/// Reshape can read a constant only, also where the shape is an output of the model as well.
void set_results(GraphBuilder& builder, const Graph& graph, NodeId id, const std::vector<Tensor>& results,
                 bool is_replaced) {
    const std::vector<ValueId> outputs = std::as_const(builder).node(id).outputs;
    if (is_replaced) builder.remove_node(id);
    for (std::size_t i = 0; i < outputs.size() && i < results.size(); ++i) {
        if (!outputs[i].is_valid()) continue;
        if (is_replaced) {
            builder.value(outputs[i]).constant = results[i];
            continue;
        }
        if (graph.uses(outputs[i]).empty()) continue;
        const std::string name = builder.fresh_value_name(graph.value(outputs[i]).name + "_value");
        const ValueId copy = builder.add_constant(name, results[i]);
        for (const Use& use : graph.uses(outputs[i])) builder.node(use.node).inputs[use.input] = copy;
    }
}

bool may_be_folded(const TensorType& type) {
    if (!type.shape.is_static()) return false;
    std::int64_t elements = 1;
    for (const std::int64_t dim : type.shape.dims()) {
        if (dim > kMaxFoldedElements || (elements *= dim) > kMaxFoldedElements) return false;
    }
    return true;
}

}  // namespace

/// Nodes that read constants only are evaluated now; their outputs become constants under the same names.
/// A node that produces a graph output stays, but who reads it reads a constant. A node stays as it is if its value
/// would take more memory or work than reading a model may take.
Graph fold_constants(const Graph& graph, const OpLibrary& ops) {
    GraphBuilder builder(graph);
    Budget budget(fold_limits(graph));
    for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
        const auto id = make_id<NodeId>(n);
        const Node& node = std::as_const(builder).node(id);  // with inputs that may just have become constants
        const bool is_replaced = may_fold(graph, node, ops);
        if (!is_replaced && (!may_evaluate(node, ops) || !has_readers(graph, node))) continue;
        OpContext op{.node = node, .inputs = {}, .constants = {}};
        std::vector<Tensor> inputs;
        if (!gather_constants(builder, op, inputs)) continue;
        // Types first: a few bytes of a file may ask for an output of any size.
        const std::vector<TensorType> types = ops.infer(op);
        if (!std::all_of(types.begin(), types.end(), may_be_folded) || !take(budget, op, types)) continue;
        set_results(builder, graph, id, ops.evaluate(op, inputs), is_replaced);
    }
    return std::move(builder).build();
}

}  // namespace halftone
