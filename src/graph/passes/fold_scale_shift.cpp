// fold_scale_shift: a scale and a shift by constants, before or behind a product with constant weights, go into the
// weights and the bias. Keras 3 leaves every batch norm behind a depthwise convolution as a Mul and an Add, image
// models begin with (x - mean) / deviation, and attention divides its queries by a constant: each would be a node in
// fp32 between two units, with a conversion from codes and back.
//
//   Product            a Conv, ConvTranspose, Gemm or MatMul, and which weights belong to which channel
//   chain_behind       the affine nodes behind it; a factor for all channels is also found behind a Reshape or
//   Transpose fold_behind        weights and bias of the output channels chain_before       the affine nodes before it,
//   from the nearest on fold_before        weights of the input channels, and what their offsets add to the bias
//
// Chains are composed in double and each weight is rounded once. What would overflow stays as the file has it.
#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/builder.hpp"
#include "graph/passes/lib/channel_affine.hpp"
#include "graph/passes/lib/constant_edit.hpp"
#include "graph/passes/passes.hpp"

namespace halftone {
namespace {

/// Which output and input channel a weight connects, by its index in the weight tensor.
struct WeightChannels {
    std::size_t output = 0;
    std::size_t input = 0;
};

/// A product of its first input with constant weights.
struct Product {
    NodeId id;
    std::int64_t groups = 1;
    std::int64_t inputs = 0;   ///< channels
    std::int64_t outputs = 0;  ///< channels
    std::int64_t inner = 1;    ///< elements of a kernel
    bool is_convolution = false;
    bool is_input_major = false;  ///< weights [inputs, outputs, ...], not [outputs, inputs, ...]

    [[nodiscard]] WeightChannels channels_of(std::size_t index) const {
        const auto major = static_cast<std::int64_t>(index) / inner;
        // The second dimension of the weights counts channels within a group.
        const std::int64_t second = (is_input_major ? outputs : inputs) / groups;
        const std::int64_t first_per_group = (is_input_major ? inputs : outputs) / groups;
        const std::int64_t first = major / second;
        const std::int64_t other = first / first_per_group * second + major % second;
        return {static_cast<std::size_t>(is_input_major ? other : first),
                static_cast<std::size_t>(is_input_major ? first : other)};
    }
};

std::optional<Product> convolution_of(const Graph& graph, NodeId id, bool is_transposed) {
    const Node& node = graph.node(id);
    const Shape& weight = graph.value(node.inputs[1]).constant.shape();
    Product product{.id = id, .is_convolution = true, .is_input_major = is_transposed};
    product.groups = int_attribute(node, "group", 1);
    if (weight.rank() < 3 || product.groups < 1 || weight[0] % product.groups != 0) return std::nullopt;
    (is_transposed ? product.inputs : product.outputs) = weight[0];
    (is_transposed ? product.outputs : product.inputs) = weight[1] * product.groups;
    for (std::size_t d = 2; d < weight.rank(); ++d) product.inner *= weight[d];
    return product;
}

/// The product that a node is, if its weights are constant and its bias is absent or constant.
std::optional<Product> product_at(const Graph& graph, NodeId id) {
    const Node& node = graph.node(id);
    const bool is_known = node.op == "Conv" || node.op == "ConvTranspose" || node.op == "Gemm" || node.op == "MatMul";
    if (!is_known || node.outputs.size() != 1 || !has_input(node, 0) || !has_fp32_constant(graph, node, 1)) {
        return std::nullopt;
    }
    if (graph.value(node.inputs[0]).is_constant()) return std::nullopt;
    if (has_input(node, 2) && !has_fp32_constant(graph, node, 2)) return std::nullopt;
    if (node.op == "Conv" || node.op == "ConvTranspose") return convolution_of(graph, id, node.op == "ConvTranspose");
    const Shape& weight = graph.value(node.inputs[1]).constant.shape();
    const bool has_rows = graph.value(node.inputs[0]).type.shape.rank() >= 2;
    if (weight.rank() != 2 || !has_rows) return std::nullopt;
    // fold_gemm_factors has taken alpha and beta out where they are constant.
    const bool is_weighed = float_attribute(node, "alpha", 1.0F) != 1.0F || float_attribute(node, "beta", 1.0F) != 1.0F;
    if (is_weighed || int_attribute(node, "transA", 0) != 0) return std::nullopt;
    const bool is_transposed = node.op == "Gemm" && int_attribute(node, "transB", 0) != 0;
    Product product{.id = id, .is_input_major = !is_transposed};
    product.inputs = weight[is_transposed ? 1 : 0];
    product.outputs = weight[is_transposed ? 0 : 1];
    return product;
}

/// Channels come second in a convolution's input and output, and last in those of a matrix product.
ChannelAxis axis_of(const Graph& graph, const Product& product, ValueId value, std::int64_t channels) {
    const std::size_t rank = graph.value(value).type.shape.rank();
    return {product.is_convolution ? 1 : rank - 1, channels};
}

/// A bias as one number for each output channel; zeros if there is none, and nothing if it is a column or a matrix.
std::optional<std::vector<double>> bias_row(const Tensor& bias, const Product& product) {
    const auto count = static_cast<std::size_t>(product.outputs);
    if (bias.is_empty()) return std::vector<double>(count, 0.0);
    const auto given = bias.as<float>();
    const bool is_row = given.size() == count && bias.shape()[bias.shape().rank() - 1] == product.outputs;
    if (given.size() != 1 && !is_row) return std::nullopt;
    std::vector<double> row(count);
    for (std::size_t c = 0; c < count; ++c) row[c] = static_cast<double>(given[given.size() == 1 ? 0 : c]);
    return row;
}

Tensor row_of(const std::vector<double>& values) {
    Tensor row(TensorType{DType::f32, Shape{static_cast<std::int64_t>(values.size())}});
    const auto to = row.mutable_view().as<float>();
    for (std::size_t c = 0; c < values.size(); ++c) to[c] = static_cast<float>(values[c]);
    return row;
}

/// The weights times factors, by output channel or by input channel.
Tensor scaled(const Tensor& weight, const Product& product, const std::vector<double>& factor, bool by_output) {
    Tensor out(weight.type());
    const auto from = weight.as<float>();
    const auto to = out.mutable_view().as<float>();
    for (std::size_t i = 0; i < from.size(); ++i) {
        const WeightChannels channels = product.channels_of(i);
        to[i] = static_cast<float>(static_cast<double>(from[i]) * factor[by_output ? channels.output : channels.input]);
    }
    return out;
}

/// Nodes that a product can take over.
struct Chain {
    explicit Chain(std::int64_t channels) : affine(channels) {}
    ChannelAffine affine;
    std::vector<NodeId> nodes;
};

/// One number for all channels passes what only moves values.
bool moves_values(const Node& node) {
    return node.op == "Reshape" || node.op == "Transpose" || node.op == "Squeeze" || node.op == "Unsqueeze" ||
           node.op == "Flatten";
}

class Folder {
public:
    Folder(const Graph& graph, GraphBuilder& builder) : graph_(graph), builder_(builder), editor_(builder, graph) {}

    void run() {
        for (std::size_t n = 0; n < graph_.nodes().size(); ++n) {
            const auto product = product_at(graph_, make_id<NodeId>(n));
            if (!product) continue;
            fold_behind(*product);
            fold_before(*product);
        }
    }

private:
    /// The affine nodes behind the product, as long as nobody else reads what lies between.
    [[nodiscard]] Chain chain_behind(const Product& product) const {
        Chain chain(product.outputs);
        bool is_moved = false;
        ValueId value = graph_.node(product.id).outputs[0];
        for (;;) {
            const NodeId next = only_reader(graph_, value);
            if (!next.is_valid() || is_taken(next)) return chain;
            const Node& node = graph_.node(next);
            if (moves_values(node) && node.inputs[0] == value) {
                is_moved = true;
                value = node.outputs[0];
                continue;
            }
            // Behind a Reshape the channels may lie anywhere; a number is read as one for each of `outputs` channels.
            ChannelAxis axis = axis_of(graph_, product, value, product.outputs);
            const auto affine = channel_affine(graph_, node, value, axis);
            if (!affine || (is_moved && !affine->is_one_factor())) return chain;
            if (is_moved && !is_scalar_operand(node, value)) return chain;
            chain.affine.append(*affine);
            chain.nodes.push_back(next);
            value = node.outputs[0];
        }
    }

    [[nodiscard]] bool is_scalar_operand(const Node& node, ValueId value) const {
        const ValueId other = node.inputs[0] == value ? node.inputs[1] : node.inputs[0];
        return node.op != "BatchNormalization" && graph_.value(other).constant.elements() == 1;
    }

    /// The affine nodes before the product, the nearest first, that may be folded without a change of the padding.
    [[nodiscard]] Chain chain_before(const Product& product) const {
        Chain chain(product.inputs);
        ValueId value = graph_.node(product.id).inputs[0];
        bool takes_offsets = !pads(product);
        for (;;) {
            const NodeId maker = graph_.producer(value);
            const bool is_inner = maker.is_valid() && only_reader(graph_, value).is_valid() && !is_taken(maker);
            if (!is_inner) return chain;
            const Node& node = graph_.node(maker);
            // Zeros stay zeros when they are scaled. fold_pad comes later, so that a Pad on either side can go.
            if (product.is_convolution && pads_pixels_with_zeros(node)) {
                takes_offsets = false;
                value = node.inputs[0];
                continue;
            }
            const ValueId x = data_input(node);
            if (!x.is_valid()) return chain;
            auto affine = channel_affine(graph_, node, x, axis_of(graph_, product, x, product.inputs));
            if (!affine || (!takes_offsets && !affine->has_no_offset())) return chain;
            if (graph_.value(x).type != graph_.value(value).type) return chain;
            affine->append(chain.affine);
            chain.affine = std::move(*affine);
            chain.nodes.push_back(maker);
            value = x;
        }
    }

    [[nodiscard]] bool pads_pixels_with_zeros(const Node& node) const {
        if (node.op != "Pad" || string_attribute(node, "mode", "constant") != "constant" || has_input(node, 3))
            return false;
        if (!has_input(node, 0) || !has_input(node, 1)) return false;
        if (has_input(node, 2)) {
            const Tensor& number = graph_.value(node.inputs[2]).constant;
            if (number.is_empty() || number.dtype() != DType::f32 || number.as<float>()[0] != 0) return false;
        }
        const Tensor& pads = graph_.value(node.inputs[1]).constant;
        const std::size_t rank = graph_.value(node.inputs[0]).type.shape.rank();
        if (pads.is_empty() || pads.dtype() != DType::s64 || rank < 3) return false;
        const auto counts = pads.as<std::int64_t>();
        if (counts.size() != 2 * rank) return false;
        return counts[0] == 0 && counts[1] == 0 && counts[rank] == 0 && counts[rank + 1] == 0;
    }

    /// The input that is no constant.
    [[nodiscard]] ValueId data_input(const Node& node) const {
        for (const ValueId id : node.inputs) {
            if (id.is_valid() && !graph_.value(id).is_constant()) return id;
        }
        return {};
    }

    /// Does the product see zeros that are not in its input? An offset would have to be added to these, too. (At the
    /// edge of a transposed convolution fewer weights meet, so an offset never becomes one number.)
    [[nodiscard]] bool pads(const Product& product) const {
        const Node& node = graph_.node(product.id);
        if (!product.is_convolution) return false;
        const std::string auto_pad = string_attribute(node, "auto_pad", "NOTSET");
        if (node.op == "ConvTranspose" || (auto_pad != "NOTSET" && auto_pad != "VALID")) return true;
        if (auto_pad == "VALID") return false;
        for (const std::int64_t pad : ints_attribute(node, "pads", {})) {
            if (pad != 0) return true;
        }
        return false;
    }

    [[nodiscard]] bool is_taken(NodeId id) const { return taken_.contains(id); }

    /// The constant that an input has by now: a chain behind the product may have changed it already.
    [[nodiscard]] Tensor current(NodeId id, std::size_t input) const {
        const GraphBuilder& now = builder_;
        const Node& node = now.node(id);
        return has_input(node, input) ? now.value(node.inputs[input]).constant : Tensor();
    }

    /// Puts weights and, if it is not empty, a bias into the product. @return false if a number is not finite, or the
    /// new constants take too much memory; then nothing has changed
    bool put(const Product& product, Tensor weight, const std::vector<double>& bias) {
        if (!is_finite(weight) || (!bias.empty() && !is_finite(row_of(bias)))) return false;
        if (!editor_.may_replace(product.id, 1, weight.bytes())) return false;
        editor_.replace(product.id, 1, std::move(weight));
        if (bias.empty()) return true;
        if (has_input(builder_.node(product.id), 2)) {
            editor_.replace(product.id, 2, row_of(bias));
            return true;
        }
        const std::string name = graph_.value(graph_.node(product.id).inputs[1]).name + "_bias";
        const ValueId added = builder_.add_constant(builder_.fresh_value_name(name), row_of(bias));
        builder_.node(product.id).inputs.resize(3);
        builder_.node(product.id).inputs[2] = added;
        return true;
    }

    void fold_behind(const Product& product) {
        const Chain chain = chain_behind(product);
        const bool is_mat_mul = graph_.node(product.id).op == "MatMul";
        // A MatMul with an Add behind it is a unit already.
        if (chain.nodes.empty() || (is_mat_mul && chain.affine.has_no_factor())) return;
        const Tensor old_bias = current(product.id, 2);
        auto bias = bias_row(old_bias, product);
        if (!bias) return;
        for (std::size_t c = 0; c < bias->size(); ++c) {
            (*bias)[c] = chain.affine.factor[c] * (*bias)[c] + chain.affine.offset[c];
        }
        const bool has_bias = !old_bias.is_empty() || !chain.affine.has_no_offset();
        if (is_mat_mul && !is_finite(row_of(*bias))) return;
        Tensor weight = scaled(current(product.id, 1), product, chain.affine.factor, true);
        if (!put(product, std::move(weight), has_bias && !is_mat_mul ? *bias : std::vector<double>())) return;
        taken_.insert(chain.nodes.begin(), chain.nodes.end());
        // ONNX's MatMul has no bias: one Add of a row stays behind it, which the unit takes as its bias.
        if (is_mat_mul && has_bias) keep_as_bias(graph_.node(product.id).outputs[0], chain.nodes.front(), *bias);
        bypass(chain.nodes, is_mat_mul && has_bias ? 1 : 0);
    }

    /// The first node of a chain becomes the Add of a row.
    void keep_as_bias(ValueId product, NodeId id, const std::vector<double>& bias) {
        const Node& old = graph_.node(id);
        if (old.op == "Add") {
            editor_.replace(id, old.inputs[0] == product ? 1 : 0, row_of(bias));
            return;
        }
        const std::string name = builder_.fresh_value_name(graph_.value(product).name + "_bias");
        const ValueId row = builder_.add_constant(name, row_of(bias));
        Node& add = builder_.node(id);
        add.op = "Add";
        add.inputs = {product, row};
        add.attributes.clear();
    }

    /// Removes the nodes of a chain from number `first` on. What made a node's input makes its output now, under the
    /// name that readers know.
    void bypass(const std::vector<NodeId>& nodes, std::size_t first) {
        std::map<ValueId, ValueId> written_as;
        for (std::size_t i = nodes.size(); i-- > first;) {
            const ValueId output = graph_.node(nodes[i]).outputs[0];
            const auto later = written_as.find(output);
            written_as[data_input(graph_.node(nodes[i]))] = later != written_as.end() ? later->second : output;
            builder_.remove_node(nodes[i]);
        }
        for (const auto& [value, name] : written_as) {
            const NodeId maker = graph_.producer(value);
            if (builder_.is_removed(maker)) continue;
            for (ValueId& output : builder_.node(maker).outputs) {
                if (output == value) output = name;
            }
        }
    }

    /// Does the chain begin at a graph input or behind a layer? Otherwise it is the end of something that is one kernel
    /// if it stays whole: the last factors of a Gelu, scale and bias of a normalization.
    [[nodiscard]] bool begins_behind_layer(const Chain& chain) const {
        static constexpr std::array<std::string_view, 16> kLayers{
            "Conv",    "ConvTranspose",     "Gemm",    "MatMul",    "Relu",   "Clip",   "MaxPool", "AveragePool",
            "Reshape", "GlobalAveragePool", "Flatten", "Transpose", "Concat", "Resize", "Cast",    "Pad"};
        for (NodeId node = chain.nodes.back();;) {
            const NodeId maker = graph_.producer(data_input(graph_.node(node)));
            if (!maker.is_valid()) return true;
            const Node& made_by = graph_.node(maker);
            if (std::find(kLayers.begin(), kLayers.end(), made_by.op) != kLayers.end()) return true;
            // Other constants of the same chain, which stay because of the padding.
            const bool is_constant_step =
                has_fp32_constant(graph_, made_by, 0) || has_fp32_constant(graph_, made_by, 1);
            if (!is_constant_step || !data_input(made_by).is_valid()) return false;
            node = maker;
        }
    }

    void fold_before(const Product& product) {
        // A row before a MatMul mostly belongs to a normalization.
        if (graph_.node(product.id).op == "MatMul") return;
        const Chain chain = chain_before(product);
        if (chain.nodes.empty() || !begins_behind_layer(chain)) return;
        const Tensor weight = current(product.id, 1);
        std::vector<double> bias;
        if (!chain.affine.has_no_offset()) {
            auto row = bias_row(current(product.id, 2), product);
            if (!row) return;
            const auto weights = weight.as<float>();
            for (std::size_t i = 0; i < weights.size(); ++i) {
                const WeightChannels channels = product.channels_of(i);
                (*row)[channels.output] += static_cast<double>(weights[i]) * chain.affine.offset[channels.input];
            }
            bias = std::move(*row);
        }
        if (!put(product, scaled(weight, product, chain.affine.factor, false), bias)) return;
        taken_.insert(chain.nodes.begin(), chain.nodes.end());
        // Whoever reads a node of the chain, the product or a Pad before it, reads what the chain began with.
        std::map<ValueId, ValueId> origin;
        const std::vector<NodeId> backwards(chain.nodes.rbegin(), chain.nodes.rend());
        for (const NodeId id : backwards) {
            const ValueId x = data_input(graph_.node(id));
            const auto before = origin.find(x);
            origin[graph_.node(id).outputs[0]] = before != origin.end() ? before->second : x;
            builder_.remove_node(id);
        }
        for (const auto& [value, x] : origin) {
            const NodeId reader = only_reader(graph_, value);
            if (!builder_.is_removed(reader)) builder_.node(reader).inputs[0] = x;  // of a product, a Pad
        }
    }

    const Graph& graph_;
    GraphBuilder& builder_;
    ConstantEditor editor_;
    std::set<NodeId> taken_;
};

}  // namespace

/// The product keeps its name, and its output takes the name of the last node that it took over. Not folded: a value
/// that others read, a constant that is no scalar and no row of channels, an offset before a convolution that pads, and
/// quantized files, which compute the same bits here as when they were made.
Graph fold_scale_shift(const Graph& graph, const OpLibrary&) {
    if (is_quantized_file(graph)) return graph;
    GraphBuilder builder(graph);
    Folder(graph, builder).run();
    return std::move(builder).build();
}

}  // namespace halftone
