// fuse_block_products joins a constant matrix that is stored as codes by blocks with the products that read it:
//
//   DequantizeLinear(codes [K, N], axis 0, block_size) -> MatMul [-> Add of a row]  ->  BlockMatMul
//
// That is how weight-only quantization is written, by our own export and by others. The weights then stay packed in
// memory. A product whose unit is in bf16 gets the attribute bf16. What else reads codes by blocks, or codes of 4 bits
// (a table that Gather reads, a turned matrix), becomes a constant of real values: those codes would be unpacked in
// each run. A tap or a graph output keeps its value.
#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "exec/passes/passes.hpp"
#include "graph/builder.hpp"

namespace halftone {
namespace {

/// One product that becomes one node.
struct BlockProduct {
    NodeId dequantize, product;
    NodeId add;   ///< invalid if no row is added
    ValueId row;  ///< constant; invalid if none
};

class BlockProductFinder {
public:
    BlockProductFinder(const Graph& graph, const std::vector<ValueId>& taps)
        : graph_(graph), taps_(taps.begin(), taps.end()) {}

    [[nodiscard]] bool is_kept(ValueId value) const { return graph_.is_output(value) || taps_.contains(value); }

    /// A DequantizeLinear of constants that no other pass and no kernel takes: with blocks, or of 4-bit codes.
    [[nodiscard]] bool is_packed_constant(const Node& node) const {
        if (node.op != "DequantizeLinear") return false;
        const auto is_constant = [&](ValueId id) { return !id.is_valid() || graph_.value(id).is_constant(); };
        if (!std::all_of(node.inputs.begin(), node.inputs.end(), is_constant)) return false;
        return int_attribute(node, "block_size", 0) != 0 || is_four_bit(graph_.value(node.inputs[0]).constant.dtype());
    }

    [[nodiscard]] std::optional<BlockProduct> find(NodeId id) const {
        const Node& product = graph_.node(id);
        if (product.op != "MatMul" || graph_.value(product.inputs[0]).is_constant()) return std::nullopt;
        BlockProduct found{.dequantize = graph_.producer(product.inputs[1]), .product = id, .add = {}, .row = {}};
        if (!found.dequantize.is_valid() || !is_matrix_by_blocks(graph_.node(found.dequantize))) return std::nullopt;
        // A node whose result nobody reads goes, also where the result is tapped.
        if (taps_.contains(product.inputs[1])) return std::nullopt;
        if (graph_.value(product.inputs[0]).type.shape.rank() < 2) return std::nullopt;
        find_row(found);
        return found;
    }

private:
    /// Blocks along the rows of a matrix.
    [[nodiscard]] bool is_matrix_by_blocks(const Node& node) const {
        if (!is_packed_constant(node) || int_attribute(node, "block_size", 0) == 0) return false;
        const std::int64_t axis = int_attribute(node, "axis", 1);
        return graph_.value(node.inputs[0]).constant.shape().rank() == 2 && (axis == 0 || axis == -2);
    }

    /// The Add of a constant row behind the product, if the product may disappear.
    void find_row(BlockProduct& found) const {
        const ValueId output = graph_.node(found.product).outputs[0];
        if (graph_.uses(output).size() != 1 || is_kept(output)) return;
        const NodeId id = graph_.uses(output)[0].node;
        const Node& add = graph_.node(id);
        if (add.op != "Add" || graph_.value(add.outputs[0]).type.shape != graph_.value(output).type.shape) return;
        const ValueId other = add.inputs[0] == output ? add.inputs[1] : add.inputs[0];
        const Shape& shape = graph_.value(output).type.shape;
        const Value& row = graph_.value(other);
        if (!row.is_constant() || row.constant.dtype() != DType::f32 || row.constant.shape().rank() == 0) return;
        const std::int64_t columns = shape[shape.rank() - 1];
        if (row.constant.elements() != columns || row.constant.shape()[row.constant.shape().rank() - 1] != columns)
            return;
        found.add = id;
        found.row = other;
    }

    const Graph& graph_;
    std::set<ValueId> taps_;
};

/// @param bf16  names of nodes that run in bf16
void replace_block_product(GraphBuilder& builder, const BlockProduct& found, const std::set<std::string>& bf16) {
    const Node product = builder.node(found.product);
    const Node dequantize = builder.node(found.dequantize);
    Node fused{.name = product.name,
               .op = "BlockMatMul",
               .inputs = {product.inputs[0], dequantize.inputs[0], dequantize.inputs[1]},
               .outputs = builder.node(found.add.is_valid() ? found.add : found.product).outputs,
               .attributes = {{"block_size", dequantize.attributes.at("block_size")}}};
    if (bf16.contains(product.name)) fused.attributes.emplace("bf16", std::int64_t{1});
    fused.inputs.push_back(has_input(dequantize, 2) ? dequantize.inputs[2] : ValueId{});
    if (found.row.is_valid()) {
        const Tensor row = builder.value(found.row).constant;
        const ValueId flat =
            row.shape().rank() == 1
                ? found.row
                : builder.add_constant(builder.fresh_value_name(builder.value(found.row).name + "_row"),
                                       Tensor::of<float>(Shape{row.elements()}, row.as<float>()));
        fused.inputs.push_back(flat);
    }
    while (!fused.inputs.back().is_valid()) fused.inputs.pop_back();
    builder.remove_node(found.product);
    if (found.add.is_valid()) builder.remove_node(found.add);
    builder.add_node(std::move(fused));
}

/// The real values of a DequantizeLinear of constants.
Tensor unpacked_constant(const Graph& graph, const Node& node, const OpLibrary& ops) {
    OpContext op{.node = node, .inputs = {}, .constants = {}};
    std::vector<Tensor> inputs;
    for (const ValueId id : node.inputs) {
        inputs.push_back(id.is_valid() ? graph.value(id).constant : Tensor());
        op.inputs.push_back(id.is_valid() ? inputs.back().type() : TensorType{});
        op.constants.push_back(id.is_valid() ? &graph.value(id).constant : nullptr);
    }
    return ops.evaluate(op, inputs)[0];
}

}  // namespace

std::optional<Graph> fuse_block_products(const Graph& graph, const ExecPassContext& context) {
    const BlockProductFinder finder(graph, context.taps);
    std::vector<BlockProduct> products;
    std::set<NodeId> is_fused;
    std::vector<NodeId> packed;
    for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
        const auto id = make_id<NodeId>(n);
        if (finder.is_packed_constant(graph.nodes()[n])) packed.push_back(id);
        if (const auto found = finder.find(id)) {
            products.push_back(*found);
            is_fused.insert(id);
        }
    }
    if (packed.empty()) return std::nullopt;
    GraphBuilder builder(graph);
    for (const BlockProduct& found : products) replace_block_product(builder, found, context.bf16);
    for (const NodeId id : packed) {
        const ValueId real = graph.node(id).outputs[0];
        const auto& uses = graph.uses(real);
        const bool is_read =
            std::any_of(uses.begin(), uses.end(), [&](const Use& use) { return !is_fused.contains(use.node); });
        if (!is_read || finder.is_kept(real)) continue;
        builder.remove_node(id);
        builder.value(real).constant = unpacked_constant(graph, graph.node(id), context.ops);
    }
    return std::move(builder).build();
}

}  // namespace halftone
