// fuse_tables replaces a chain of element-wise operators between codes and codes by the table of 256 entries that it
// is.
//
//   ChainFinder   walks back from a QuantizeLinear to the one tensor of codes on which everything depends
//   table_of      runs the chain's own operators on all 256 codes, so an entry is what the nodes would have given
//   fuse_tables   puts a TableLookup in the place of the QuantizeLinear; nodes that others read stay for them
//
// SiLU, as exporters write it (Sigmoid and Mul, with roundings of their own between them), is such a chain.
#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "exec/passes/passes.hpp"
#include "exec/qdq/qdq_view.hpp"
#include "graph/builder.hpp"

namespace halftone {
namespace {

constexpr std::size_t kMostNodes = 32;  // longer chains are no activations
constexpr std::int64_t kCodes = 256;

bool is_elementwise(std::string_view op) {
    // clang-format off
    static const std::set<std::string_view> ops{
        "Abs", "Add", "Celu", "Clip", "Div", "Elu", "Erf", "Exp", "Gelu", "HardSigmoid", "HardSwish", "Log",
        "Max", "Min", "Mish", "Mul", "Neg", "LeakyRelu", "Pow", "Relu", "Reciprocal", "Selu", "Sigmoid",
        "Softplus", "Sqrt", "Sub", "Swish", "Tanh", "DequantizeLinear", "QuantizeLinear"};
    // clang-format on
    return ops.contains(op);
}

/// What a chain is made of: its nodes in graph order, and the codes that it begins with.
struct Chain {
    std::vector<NodeId> nodes;
    ValueId codes;
};

class ChainFinder {
public:
    explicit ChainFinder(const Graph& graph) : graph_(graph), qdq_(graph, constants_) {}

    /// The longest chain that ends with this QuantizeLinear, or, if that does not begin with codes, the shortest.
    [[nodiscard]] std::optional<Chain> find(NodeId quantize) const {
        if (!qdq_.is_activation_quantize(quantize)) return std::nullopt;
        const auto longest = find(quantize, true);
        return longest ? longest : find(quantize, false);
    }

private:
    [[nodiscard]] std::optional<Chain> find(NodeId quantize, bool is_longest) const {
        std::set<NodeId> nodes;
        std::set<ValueId> sources;
        std::vector<NodeId> open{quantize};
        while (!open.empty()) {
            const NodeId id = open.back();
            open.pop_back();
            if (!nodes.insert(id).second) continue;
            if (nodes.size() > kMostNodes || !add_inputs(id, is_longest, open, sources)) return std::nullopt;
        }
        if (sources.size() != 1 || nodes.size() < 2) return std::nullopt;
        return Chain{{nodes.begin(), nodes.end()}, *sources.begin()};
    }

    /// Constants must be scalars: a table has no channels.
    [[nodiscard]] bool is_scalar(ValueId id) const { return graph_.value(id).constant.elements() == 1; }

    [[nodiscard]] bool add_inputs(NodeId id, bool is_longest, std::vector<NodeId>& open,
                                  std::set<ValueId>& sources) const {
        const Node& node = graph_.node(id);
        if (node.op == "DequantizeLinear" && is_source(node, is_longest)) {
            sources.insert(node.inputs[0]);
            return true;
        }
        // A table is made before the model runs, and so must be the scale and the zero point.
        const bool is_linear = node.op == "DequantizeLinear" || node.op == "QuantizeLinear";
        if (is_linear && !std::all_of(node.inputs.begin() + 1, node.inputs.end(), [&](ValueId input) {
                return !input.is_valid() || graph_.value(input).is_constant();
            })) {
            return false;
        }
        for (const ValueId input : node.inputs) {
            if (!input.is_valid()) continue;
            if (graph_.value(input).is_constant()) {
                if (!is_scalar(input)) return false;
                continue;
            }
            const NodeId producer = graph_.producer(input);
            if (!producer.is_valid() || !is_elementwise(graph_.node(producer).op)) return false;
            open.push_back(producer);
        }
        return true;
    }

    /// Codes that no chain of ours makes: then the table begins here, else it goes on through the QuantizeLinear.
    [[nodiscard]] bool is_source(const Node& dequantize, bool is_longest) const {
        if (!qdq_.activation_codes(dequantize.outputs[0])) return false;
        if (!is_longest) return true;
        const NodeId quantize = graph_.producer(dequantize.inputs[0]);
        if (!quantize.is_valid() || graph_.node(quantize).op != "QuantizeLinear") return true;
        return !is_made_from_codes(quantize);
    }

    /// Does an element-wise operator make the value in front of this QuantizeLinear? An Add counts as none: it usually
    /// joins two tensors (a residual), and then no table can go on through it.
    [[nodiscard]] bool is_made_from_codes(NodeId quantize) const {
        const NodeId before = graph_.producer(graph_.node(quantize).inputs[0]);
        if (!before.is_valid()) return false;
        const std::string& op = graph_.node(before).op;
        return op != "QuantizeLinear" && op != "Add" && is_elementwise(op);
    }

    const Graph& graph_;
    DequantizedConstants constants_;
    QdqView qdq_;
};

/// A constant of one element without dimensions, so that it leaves the shape of the codes alone.
Tensor as_scalar(const Tensor& constant) {
    Tensor scalar({constant.dtype(), Shape{}});
    std::copy_n(constant.view().data, scalar.bytes(), scalar.mutable_view().data);
    return scalar;
}

/// All 256 codes through the chain's own operators.
Tensor table_of(const Graph& graph, const OpLibrary& ops, const Chain& chain, ValueId result) {
    std::map<ValueId, Tensor> values;
    Tensor codes({graph.value(chain.codes).type.dtype, Shape{kCodes}});
    for (std::size_t i = 0; i < static_cast<std::size_t>(kCodes); ++i) {
        codes.mutable_view().data[i] = static_cast<std::byte>(i);
    }
    values.emplace(chain.codes, codes);
    for (const NodeId id : chain.nodes) {
        const Node& node = graph.node(id);
        OpContext op{.node = node, .inputs = {}, .constants = {}};
        std::vector<Tensor> inputs;
        for (const ValueId input : node.inputs) {
            if (input.is_valid() && graph.value(input).is_constant()) {
                inputs.push_back(as_scalar(graph.value(input).constant));
            } else {
                inputs.push_back(input.is_valid() ? values.at(input) : Tensor());
            }
            op.inputs.push_back(inputs.back().type());
        }
        for (const Tensor& input : inputs) op.constants.push_back(input.is_empty() ? nullptr : &input);
        values.emplace(node.outputs[0], ops.evaluate(op, inputs)[0]);
    }
    return values.at(result);
}

}  // namespace

std::optional<Graph> fuse_tables(const Graph& graph, const ExecPassContext& context) {
    if (!context.taps.empty()) return std::nullopt;  // a tapped value may lie within a chain
    const ChainFinder finder(graph);
    std::optional<GraphBuilder> builder;  // copies the graph, so only when there is something to do
    for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
        const auto id = make_id<NodeId>(n);
        if (graph.node(id).op != "QuantizeLinear") continue;
        const auto chain = finder.find(id);
        if (!chain) continue;
        const ValueId result = graph.node(id).outputs[0];
        // A scalar of a higher rank than the codes adds dimensions of 1 in front.
        const auto rank = [&](ValueId value) { return graph.value(value).type.shape.rank(); };
        if (rank(result) != rank(chain->codes)) continue;
        Tensor table = table_of(graph, context.ops, *chain, result);
        if (table.shape() != Shape{kCodes}) continue;  // a constant of another rank came in
        if (!builder) builder.emplace(graph);
        const std::string name = builder->fresh_value_name(graph.value(result).name + "_table");
        const ValueId entries = builder->add_constant(name, std::move(table));
        builder->node(id) = Node{.name = graph.node(id).name,
                                 .op = "TableLookup",
                                 .inputs = {chain->codes, entries},
                                 .outputs = {result},
                                 .attributes = {}};
    }
    if (!builder) return std::nullopt;
    return std::move(*builder).build();
}

}  // namespace halftone
