#include "exec/block_weights.hpp"

#include <algorithm>
#include <utility>

#include "tensor/block_affine.hpp"

namespace halftone {
namespace {

/// What a DequantizeLinear with blocks reads.
struct StoredBlocks {
    Tensor codes, scale;
    Tensor zero_point;  ///< empty if all are 0
};

StoredBlocks stored_blocks(const Tensor& weight, const UnitNumbers& numbers, WeightCodes& codes) {
    const QuantParams& params = numbers.weight;
    const Shape shape = block_scale_shape(weight.shape(), params.axis, params.block_size);
    StoredBlocks stored{.codes = numbers.codes.is_empty() ? codes.codes(weight, params) : numbers.codes,
                        .scale = Tensor::of<float>(shape, params.scale),
                        .zero_point = {}};
    const auto is_zero = [](std::int32_t zero_point) { return zero_point == 0; };
    if (!std::all_of(params.zero_point.begin(), params.zero_point.end(), is_zero)) {
        stored.zero_point = Tensor({params.dtype, shape});
        std::byte* bytes = stored.zero_point.mutable_view().data;  // codes of 4 and 8 bits take a byte each
        for (std::size_t i = 0; i < params.zero_point.size(); ++i) {
            bytes[i] = static_cast<std::byte>(params.zero_point[i]);
        }
    }
    if (params.axis == 0) return stored;
    // A Gemm with transB stores [N, K]: the file's MatMul wants [K, N].
    stored.codes = turned_matrix(stored.codes);
    stored.scale = turned_matrix(stored.scale);
    if (!stored.zero_point.is_empty()) stored.zero_point = turned_matrix(stored.zero_point);
    return stored;
}

/// Adds the constants and the DequantizeLinear. @return its output, the matrix [K, N]
ValueId add_dequantize(const std::string& name, const QuantParams& params, StoredBlocks stored, GraphBuilder& builder) {
    const auto constant = [&](const char* part, Tensor tensor) {
        return builder.add_constant(builder.fresh_value_name(name + part), std::move(tensor));
    };
    const ValueId matrix =
        builder.add_value(builder.fresh_value_name(name + "_dequantized"), {DType::f32, stored.codes.shape()});
    Node node{.name = builder.fresh_node_name(name + "_DequantizeLinear"),
              .op = "DequantizeLinear",
              .inputs = {},
              .outputs = {matrix},
              .attributes = {{"axis", std::int64_t{0}}, {"block_size", params.block_size}}};
    node.inputs = {constant("_quantized", std::move(stored.codes)), constant("_scale", std::move(stored.scale))};
    if (!stored.zero_point.is_empty()) node.inputs.push_back(constant("_zero_point", std::move(stored.zero_point)));
    builder.add_node(std::move(node));
    return matrix;
}

/// Makes a MatMul of a Gemm, with an Add behind it where the Gemm has a bias.
void split_gemm(const Graph& graph, const Unit& unit, ValueId matrix, GraphBuilder& builder) {
    const Tensor bias = bias_of(graph, unit);
    const ValueId input = builder.node(unit.main).inputs[0];
    Node& main = builder.node(unit.main);
    main.op = "MatMul";
    main.inputs = {input, matrix};
    main.attributes.clear();
    if (bias.is_empty()) return;
    const ValueId output = main.outputs[0];
    const ValueId product =
        builder.add_value(builder.fresh_value_name(unit.name + "_product"), graph.value(unit.main_output).type);
    main.outputs = {product};
    const ValueId row = builder.add_constant(builder.fresh_value_name(unit.name + "_bias"), bias);
    builder.add_node({.name = builder.fresh_node_name(unit.name + "_bias"),
                      .op = "Add",
                      .inputs = {product, row},
                      .outputs = {output},
                      .attributes = {}});
}

}  // namespace

QuantizedTensor store_by_blocks(const Graph& graph, const Unit& unit, const UnitNumbers& numbers, WeightCodes& codes,
                                GraphBuilder& builder) {
    const Value& weight = graph.value(unit.weight);
    const ValueId matrix =
        add_dequantize(weight.name, numbers.weight, stored_blocks(weight.constant, numbers, codes), builder);
    // The node stays in its place with its name, because profiles and kernels of a plan find units by it.
    if (builder.node(unit.main).name.empty()) builder.node(unit.main).name = builder.fresh_node_name(unit.name);
    if (unit.op == "Gemm")
        split_gemm(graph, unit, matrix, builder);
    else
        builder.node(unit.main).inputs[1] = matrix;
    return {weight.name, unit.name, numbers.weight};
}

}  // namespace halftone
