// fuse_integer_products replaces a product of codes whose input was quantized at run time by one operator:
//
//   MatMulInteger(codes, W) -> Cast to fp32 -> Mul by (a_scale * b_scale) [-> Add of a row]  ->  ScaledMatMulInteger
//
// That is how ONNX Runtime's quantize_dynamic and our own export write such a product. Roundings stay what they were,
// so the result is the same bit for bit. The DynamicQuantizeLinear in front stays a step of its own, because several
// products may read its codes. A chain with a tap or a graph output inside stays as it is.
#include <algorithm>
#include <optional>
#include <set>
#include <vector>

#include "exec/passes/lib/pattern_reader.hpp"
#include "exec/passes/passes.hpp"
#include "graph/builder.hpp"

namespace halftone {
namespace {

/// One chain that becomes one node.
struct ScaledProduct {
    NodeId product, cast, mul, add;  ///< add is invalid if no row is added
    ValueId a_scale;                 ///< computed at run time
    ValueId b_scale;                 ///< constant
    ValueId row;                     ///< constant; invalid if none

    [[nodiscard]] std::vector<NodeId> nodes() const {
        std::vector<NodeId> all{product, cast, mul};
        if (add.is_valid()) all.push_back(add);
        return all;
    }
};

class ScaledProductFinder {
public:
    ScaledProductFinder(const Graph& graph, const std::vector<ValueId>& taps)
        : graph_(graph), taps_(taps.begin(), taps.end()) {}

    [[nodiscard]] std::optional<ScaledProduct> find(NodeId id) const {
        const Node& product = graph_.node(id);
        if (product.op != "MatMulInteger" || !has_run_time_codes(product)) return std::nullopt;
        ScaledProduct found;
        found.product = id;
        found.cast = reader(product.outputs[0], "Cast");
        if (!found.cast.is_valid() || type_of(output(found.cast)).dtype != DType::f32) return std::nullopt;
        found.mul = reader(output(found.cast), "Mul");
        if (!found.mul.is_valid() || !keeps_shape(found.mul, product)) return std::nullopt;
        if (!find_scales(other_operand(found.mul, output(found.cast)), found)) return std::nullopt;
        found.add = reader(output(found.mul), "Add");
        if (found.add.is_valid()) found.row = other_operand(found.add, output(found.mul));
        const bool is_row = found.add.is_valid() && keeps_shape(found.add, product) && is_row_of(found.row, product);
        if (!is_row) found.add = {};
        if (!is_row) found.row = {};
        Node replacement{.name = {}, .op = {}, .inputs = product.inputs, .outputs = {}, .attributes = {}};
        replacement.inputs.push_back(found.a_scale);
        if (leaves_tap_unread(graph_, taps_, found.nodes(), replacement)) return std::nullopt;
        return found;
    }

private:
    [[nodiscard]] ValueId output(NodeId id) const { return graph_.node(id).outputs[0]; }
    [[nodiscard]] const TensorType& type_of(ValueId id) const { return graph_.value(id).type; }
    [[nodiscard]] bool is_constant(ValueId id) const { return id.is_valid() && graph_.value(id).is_constant(); }

    /// Codes and their zero point are computed; the matrix and its zero points are constant.
    [[nodiscard]] bool has_run_time_codes(const Node& product) const {
        if (!has_input(product, 2) || is_constant(product.inputs[0]) || is_constant(product.inputs[2])) return false;
        if (!is_constant(product.inputs[1]) || type_of(product.inputs[1]).shape.rank() != 2) return false;
        const Shape& zero_point = type_of(product.inputs[2]).shape;
        return zero_point.is_static() && zero_point.elements() == 1 &&
               (!has_input(product, 3) || is_constant(product.inputs[3]));
    }

    /// The node of type `op` that alone reads the value, if the value may disappear.
    [[nodiscard]] NodeId reader(ValueId value, const char* op) const {
        if (graph_.uses(value).size() != 1 || graph_.is_output(value) || taps_.contains(value)) return {};
        const NodeId id = graph_.uses(value)[0].node;
        return graph_.node(id).op == op ? id : NodeId{};
    }

    [[nodiscard]] ValueId other_operand(NodeId id, ValueId one) const {
        const auto& inputs = graph_.node(id).inputs;
        return inputs[0] == one ? inputs[1] : inputs[0];
    }

    /// Nothing is broadcast beyond the product's own shape.
    [[nodiscard]] bool keeps_shape(NodeId id, const Node& product) const {
        return type_of(output(id)).shape == type_of(product.outputs[0]).shape;
    }

    /// A constant fp32 value for each column, or one for all.
    [[nodiscard]] bool is_row_of(ValueId id, const Node& product) const {
        if (!is_constant(id) || graph_.value(id).constant.dtype() != DType::f32) return false;
        const Tensor& row = graph_.value(id).constant;
        const std::int64_t columns = type_of(product.inputs[1]).shape[1];
        const bool lies_in_columns = row.shape().rank() >= 1 && row.shape()[row.shape().rank() - 1] == columns;
        return row.elements() == 1 || (row.elements() == columns && lies_in_columns);
    }

    /// The factor must be a product of the scale of the codes and that of the matrix: then it is rounded as here.
    [[nodiscard]] bool find_scales(ValueId factor, ScaledProduct& found) const {
        const NodeId mul = graph_.producer(factor);
        if (!mul.is_valid() || graph_.node(mul).op != "Mul") return false;
        const auto& scales = graph_.node(mul).inputs;
        for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
            const Shape& shape = type_of(scales[i]).shape;
            if (is_constant(scales[i]) || !shape.is_static() || shape.elements() != 1) continue;
            if (!is_row_of(scales[1 - i], graph_.node(found.product))) continue;
            found.a_scale = scales[i];
            found.b_scale = scales[1 - i];
            return true;
        }
        return false;
    }

    const Graph& graph_;
    std::set<ValueId> taps_;
};

/// The constant as one row, however many dimensions of one element the file gave it.
ValueId as_row(GraphBuilder& builder, ValueId id) {
    const Tensor tensor = builder.value(id).constant;
    if (tensor.shape().rank() <= 1) return id;
    return builder.add_constant(builder.fresh_value_name(builder.value(id).name + "_row"),
                                Tensor::of<float>(Shape{tensor.elements()}, tensor.as<float>()));
}

void replace_product(GraphBuilder& builder, const ScaledProduct& found) {
    const Node product = builder.node(found.product);
    Node fused{.name = product.name,
               .op = "ScaledMatMulInteger",
               .inputs = {product.inputs[0], product.inputs[1], found.a_scale, as_row(builder, found.b_scale),
                          product.inputs[2], has_input(product, 3) ? product.inputs[3] : ValueId{}},
               .outputs = builder.node(found.add.is_valid() ? found.add : found.mul).outputs,
               .attributes = {}};
    if (found.row.is_valid()) fused.inputs.push_back(as_row(builder, found.row));
    while (!fused.inputs.back().is_valid()) fused.inputs.pop_back();
    for (const NodeId id : found.nodes()) builder.remove_node(id);
    builder.add_node(std::move(fused));
}

}  // namespace

std::optional<Graph> fuse_integer_products(const Graph& graph, const ExecPassContext& context) {
    const ScaledProductFinder finder(graph, context.taps);
    std::vector<ScaledProduct> products;
    for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
        if (const auto found = finder.find(make_id<NodeId>(n))) products.push_back(*found);
    }
    if (products.empty()) return std::nullopt;
    GraphBuilder builder(graph);
    for (const ScaledProduct& found : products) replace_product(builder, found);
    return std::move(builder).build();
}

}  // namespace halftone
