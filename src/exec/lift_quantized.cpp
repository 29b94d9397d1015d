// Lifting a quantized model to a float model with given encodings.
//
//   fold_constant_codes   QuantizeLinear of a constant becomes codes: half to even, as it would be at run time
//   Lifter                constants become real values, then each pair of Q and DQ of one value is taken out; a Relu or
//                         Clip that the saturation of the codes stands for is put back
//   stored_codes_of       the codes of a weight, also of one that is turned before it is multiplied
//   fitted_weight, fitted_blocks   the scales of a weight after passes have multiplied its channels
//   given_numbers         units whose input and weight the file quantizes in a form that our kernels know, and units
//                         whose weight alone is stored as codes
//
// The real values of codes, quantized again with the same scale, give the same codes: (code * scale) / scale is off by
// far less than half a step. So nothing but parameters has to be kept.
#include "exec/lift_quantized.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "exec/passes/passes.hpp"
#include "exec/qdq/qdq_view.hpp"
#include "graph/builder.hpp"
#include "tensor/affine.hpp"
#include "tensor/block_affine.hpp"
#include "tensor/slices.hpp"

namespace halftone {
namespace {

/// The numbers of codes of 4 or 8 bits, each of which takes a byte.
std::vector<std::int32_t> codes_as_numbers(const Tensor& codes) {
    const bool is_unsigned = codes.dtype() == DType::u4 || codes.dtype() == DType::u8;
    std::vector<std::int32_t> numbers;
    const std::byte* bytes = codes.view().data;
    for (std::int64_t i = 0; i < codes.elements(); ++i) {
        const auto code = std::to_integer<std::uint8_t>(bytes[i]);
        numbers.push_back(is_unsigned ? std::int32_t{code} : std::int32_t{static_cast<std::int8_t>(code)});
    }
    return numbers;
}

/// A matrix with one scale, or one for each slice across `axis`, as one with blocks along `axis` that are as long as
/// the matrix: the numbers stay the same. Nothing if the scales lie along `axis`.
std::optional<StoredCodes> with_long_blocks(const StoredCodes& stored, std::int64_t axis) {
    const Shape& shape = stored.codes.shape();
    StoredCodes blocks = stored;
    QuantParams& params = blocks.params;
    const auto slices = static_cast<std::size_t>(shape[static_cast<std::size_t>(1 - axis)]);
    if (params.scale.size() == 1) {
        params.scale.assign(slices, stored.params.scale[0]);
        params.zero_point.assign(slices, stored.params.zero_point[0]);
    } else if (params.axis != 1 - axis || params.scale.size() != slices) {
        return std::nullopt;
    }
    params.axis = axis;
    params.block_size = shape[static_cast<std::size_t>(axis)];
    return blocks;
}

bool has_dequantize(const Graph& graph) {
    return std::any_of(graph.nodes().begin(), graph.nodes().end(),
                       [](const Node& node) { return node.op == "DequantizeLinear"; });
}

/// What a DequantizeLinear of constants stores by blocks, or in 4 bits with one scale or one for each row or column.
/// Nothing for another node, and for what is no matrix.
std::optional<StoredCodes> packed_constant(const Graph& graph, const Node& node) {
    const auto is_constant = [&](ValueId id) { return !id.is_valid() || graph.value(id).is_constant(); };
    if (!std::all_of(node.inputs.begin(), node.inputs.end(), is_constant)) return std::nullopt;
    const Tensor& codes = graph.value(node.inputs[0]).constant;
    const Tensor& scale = graph.value(node.inputs[1]).constant;
    const std::int64_t block_size = int_attribute(node, "block_size", 0);
    if (block_size == 0 && !is_four_bit(codes.dtype())) return std::nullopt;
    if (codes.shape().rank() != 2 || scale.dtype() != DType::f32) return std::nullopt;
    std::int64_t axis = int_attribute(node, "axis", 1);
    if (axis < 0) axis += 2;
    StoredCodes stored{.codes = codes, .params = {.dtype = codes.dtype(), .axis = axis, .block_size = block_size}};
    stored.params.scale.assign(scale.as<float>().begin(), scale.as<float>().end());
    stored.params.zero_point.assign(stored.params.scale.size(), 0);
    if (has_input(node, 2)) {
        const Tensor& zero_point = graph.value(node.inputs[2]).constant;
        if (zero_point.dtype() != codes.dtype()) return std::nullopt;
        stored.params.zero_point = codes_as_numbers(zero_point);
    }
    if (stored.params.is_per_tensor()) stored.params.axis = 0;
    return stored;
}

class Lifter {
public:
    explicit Lifter(const Graph& graph) : graph_(graph), qdq_(graph, dequantized_), builder_(graph) {
        for (std::size_t v = 0; v < builder_.value_count(); ++v) stands_for_.push_back(make_id<ValueId>(v));
    }

    std::optional<LiftedGraph> run() {
        for (const Node& node : graph_.nodes()) {
            if (node.op != "DequantizeLinear") continue;
            if (!lift_packed(node) && !lift_constant(node)) lift_pair(node);
        }
        if (pairs_.empty() && !has_packed_product_) return std::nullopt;
        // A value may have been quantized twice in a row: what stands for the second pair is itself replaced.
        for (ValueId& id : stands_for_) id = root_of(id);
        for (const auto& [value, params] : pairs_) {
            lifted_.values.try_emplace(builder_.value(root_of(value)).name, params);
        }
        for (const auto& [value, params] : coded_) {
            lifted_.values.try_emplace(builder_.value(root_of(value)).name, params);
        }
        builder_.replace_all_uses(stands_for_);
        for (const auto& [value, params] : clamps_) restore_clamp(value, params);
        lifted_.graph = std::move(builder_).build();  // drops the Q and DQ that nobody reads any more
        return std::move(lifted_);
    }

private:
    [[nodiscard]] ValueId root_of(ValueId id) const {
        while (stands_for_[id.index()] != id) id = stands_for_[id.index()];
        return id;
    }

    /// Whether the use is that of a weight: by a product, or by a Transpose in front of products.
    [[nodiscard]] bool is_weight_use(const Use& use) const {
        const Node& node = graph_.node(use.node);
        if (node.op == "MatMul" || node.op == "Gemm") return use.input == 1;
        if (node.op != "Transpose" || graph_.is_output(node.outputs[0])) return false;
        const auto& uses = graph_.uses(node.outputs[0]);
        return !uses.empty() && std::all_of(uses.begin(), uses.end(), [&](const Use& next) {
            return graph_.node(next.node).op != "Transpose" && is_weight_use(next);
        });
    }

    /// Codes by blocks or of 4 bits become real values for the products that read them. Whatever else reads them (a
    /// Gather, where a text model has one table for its input and its output) keeps the packed ones.
    bool lift_packed(const Node& node) {
        const auto packed = packed_constant(graph_, node);
        if (!packed) return false;
        const ValueId real = node.outputs[0];
        std::vector<Use> products;
        for (const Use& use : graph_.uses(real)) {
            if (is_weight_use(use)) products.push_back(use);
        }
        if (products.empty()) return true;
        const bool is_all = products.size() == graph_.uses(real).size() && !graph_.is_output(real);
        const std::string& name = graph_.value(real).name;
        ValueId weight = real;
        Tensor values = dequantize(packed->codes, packed->params);
        if (is_all) {
            builder_.value(real).type = values.type();
            builder_.value(real).constant = std::move(values);
            builder_.remove_node(graph_.producer(real));
        } else {
            weight = builder_.add_constant(builder_.fresh_value_name(name + "_weight"), std::move(values));
            stands_for_.push_back(weight);
            for (const Use& use : products) builder_.node(use.node).inputs[use.input] = weight;
        }
        lifted_.constants.emplace(builder_.value(weight).name, *packed);
        has_packed_product_ = true;
        return true;
    }

    /// Stored codes become the real values that they stand for, under the name of those.
    bool lift_constant(const Node& dequantize) {
        const ValueId real = dequantize.outputs[0];
        const Tensor* values = qdq_.real_constant(real);
        if (values == nullptr) return false;
        for (const DType dtype : {DType::s8, DType::u8}) {
            const auto stored = qdq_.stored_constant(real, dtype);
            if (!stored || stored->params.dtype != dtype) continue;
            lifted_.constants.emplace(graph_.value(real).name, StoredCodes{stored->tensor, stored->params});
            const auto& uses = graph_.uses(real);
            const bool is_weight =
                std::any_of(uses.begin(), uses.end(), [&](const Use& use) { return is_weight_use(use); });
            has_packed_product_ = has_packed_product_ || (is_weight && values->shape().rank() == 2);
        }
        builder_.value(real).constant = *values;
        builder_.value(real).type = values->type();
        builder_.remove_node(graph_.producer(real));
        return true;
    }

    /// Q and DQ with the same parameters: readers of the DQ read the value in front of the Q. Nodes between the two
    /// that only move codes move real values then.
    void lift_pair(const Node& dequantize) {
        const ValueId back = dequantize.outputs[0];
        const auto codes = qdq_.activation_codes(back);
        if (!codes) return;
        std::vector<NodeId> movers;  // from the DQ backwards
        ValueId start = codes->value;
        while (moves_codes(start)) {
            movers.push_back(graph_.producer(start));
            start = graph_.node(movers.back()).inputs[0];
        }
        const NodeId quantize = graph_.producer(start);
        if (!quantize.is_valid() || !qdq_.is_activation_quantize(quantize)) {
            // Codes that nothing here makes, such as an input of the model: its DQ stays, and what it gives has codes.
            if (codes->params.is_per_tensor()) coded_.emplace_back(back, codes->params);
            return;
        }
        if (!(qdq_.quantize_params(quantize) == codes->params)) return;
        if (!movers.empty()) {
            lift_moved(back, graph_.node(quantize).inputs[0], movers, codes->params);
            return;
        }
        const ValueId value = graph_.node(quantize).inputs[0];
        if (graph_.is_output(back)) {
            // The output keeps its name, which the value in front takes over, unless that has a name of its own to
            // keep.
            if (graph_.is_output(value) || !graph_.producer(value).is_valid()) return;
            builder_.swap_names(value, back);
        }
        stands_for_[back.index()] = value;
        pairs_.emplace_back(value, codes->params);
        if (saturates_to_clamp(value, codes->params)) clamps_.try_emplace(value, codes->params);
    }

    /// Whether the value is made of codes by a node that only puts them elsewhere.
    [[nodiscard]] bool moves_codes(ValueId value) const {
        static const std::set<std::string> ops{"Squeeze", "Unsqueeze", "Reshape", "Flatten", "Transpose"};
        const NodeId producer = graph_.producer(value);
        return producer.is_valid() && ops.contains(graph_.node(producer).op);
    }

    /// Q, nodes that move the codes, DQ: the same nodes once more for real values. Those for codes stay if something
    /// else reads their results.
    void lift_moved(ValueId back, ValueId value, const std::vector<NodeId>& movers, const QuantParams& params) {
        if (!params.is_per_tensor() || graph_.is_output(back)) return;
        pairs_.emplace_back(value, params);
        ValueId moved = value;
        for (std::size_t i = movers.size(); i-- > 0;) {
            Node node = graph_.node(movers[i]);
            const Value& codes = graph_.value(node.outputs[0]);
            const ValueId real =
                builder_.add_value(builder_.fresh_value_name(codes.name + "_real"), {DType::f32, codes.type.shape});
            stands_for_.push_back(real);
            node.name = builder_.fresh_node_name(node.name + "_real");
            node.inputs[0] = moved;
            node.outputs = {real};
            builder_.add_node(std::move(node));
            pairs_.emplace_back(real, params);
            moved = real;
        }
        stands_for_[back.index()] = moved;
    }

    /// Quantizers leave out a Relu, or a Clip from 0, where the saturation of the codes does its work. Such codes
    /// cannot be negative, and what makes their value is an operator behind which such a function stands.
    [[nodiscard]] bool saturates_to_clamp(ValueId value, const QuantParams& params) const {
        static const std::set<std::string> ops{"Conv", "ConvTranspose", "Gemm", "MatMul", "Add", "BatchNormalization"};
        const NodeId producer = graph_.producer(value);
        const auto& uses = graph_.uses(value);
        const bool is_read_as_codes = std::all_of(uses.begin(), uses.end(), [&](const Use& use) {
            return graph_.node(use.node).op == "QuantizeLinear";  // whoever else reads it wants what is negative, too
        });
        return is_read_as_codes && producer.is_valid() && ops.contains(graph_.node(producer).op) &&
               params.zero_point[0] == code_range(params.dtype).low;
    }

    /// Puts the Clip back: its limits are those of the codes, so that quantizing again leaves it out again. The name of
    /// the value goes to the Clip's output, because its parameters are given under that name.
    void restore_clamp(ValueId value, const QuantParams& params) {
        const CodeRange range = code_range(params.dtype);
        const float high = static_cast<float>(range.high - range.low) * params.scale[0];
        const std::string name = builder_.value(value).name;
        const ValueId open =
            builder_.add_value(builder_.fresh_value_name(name + "_unclamped"), graph_.value(value).type);
        const ValueId low_limit = builder_.add_constant(builder_.fresh_value_name(name + "_low"), Tensor::scalar(0.0F));
        const ValueId high_limit =
            builder_.add_constant(builder_.fresh_value_name(name + "_high"), Tensor::scalar(high));
        builder_.node(graph_.producer(value)).outputs[0] = open;
        builder_.add_node({.name = builder_.fresh_node_name(name + "_clamp"),
                           .op = "Clip",
                           .inputs = {open, low_limit, high_limit},
                           .outputs = {value},
                           .attributes = {}});
    }

    const Graph& graph_;
    DequantizedConstants dequantized_;
    QdqView qdq_;
    GraphBuilder builder_;
    std::vector<ValueId> stands_for_;  ///< by value id
    std::vector<std::pair<ValueId, QuantParams>> pairs_;
    std::vector<std::pair<ValueId, QuantParams>> coded_;  ///< real values of codes that come from outside
    std::map<ValueId, QuantParams> clamps_;               ///< pairs whose saturation is a Relu or Clip
    bool has_packed_product_ = false;                     ///< some product reads a matrix that is stored as codes
    LiftedGraph lifted_;
};

/// Least-squares factor from codes to values, channel by channel.
std::vector<float> fitted_scales(const Tensor& codes, const Tensor& weight, const QuantParams& stored,
                                 std::int64_t axis) {
    const Slices slices = slices_of(weight.shape(), axis);
    std::vector<double> products(slices.channels);
    std::vector<double> squares(slices.channels);
    for_each_block(slices, [&](std::size_t c, std::size_t first) {
        for (std::size_t i = first; i < first + slices.inner; ++i) {
            const auto code = static_cast<double>(codes.as<std::int8_t>()[i]);
            products[c] += code * static_cast<double>(weight.as<float>()[i]);
            squares[c] += code * code;
        }
    });
    std::vector<float> scales;
    for (std::size_t c = 0; c < slices.channels; ++c) {
        const float known = stored.scale[stored.is_per_tensor() ? 0 : c];
        scales.push_back(squares[c] > 0 ? static_cast<float>(products[c] / squares[c]) : known);
    }
    return scales;
}

bool gives_codes(const Tensor& weight, const QuantParams& params, const Tensor& codes) {
    const Tensor made = quantize(weight, params);
    return std::equal(made.view().data, made.view().data + made.bytes(), codes.view().data);
}

/// The same for a matrix by blocks: one factor for each block.
std::vector<float> fitted_block_scales(const StoredCodes& stored, const Tensor& weight) {
    const QuantParams& params = stored.params;
    const std::vector<std::int32_t> codes = codes_as_numbers(stored.codes);
    const auto columns = static_cast<std::size_t>(stored.codes.shape()[1]);
    const auto size = static_cast<std::size_t>(params.block_size);
    const auto scale_columns =
        static_cast<std::size_t>(block_scale_shape(stored.codes.shape(), params.axis, params.block_size)[1]);
    std::vector<double> products(params.scale.size());
    std::vector<double> squares(params.scale.size());
    for (std::size_t i = 0; i < codes.size(); ++i) {
        const std::size_t row = i / columns;
        const std::size_t column = i % columns;
        const std::size_t block =
            params.axis == 0 ? row / size * scale_columns + column : row * scale_columns + column / size;
        const double step = codes[i] - params.zero_point[block];
        products[block] += step * static_cast<double>(weight.as<float>()[i]);
        squares[block] += step * step;
    }
    std::vector<float> scales;
    for (std::size_t b = 0; b < products.size(); ++b) {
        scales.push_back(squares[b] > 0 ? static_cast<float>(products[b] / squares[b]) : params.scale[b]);
    }
    return scales;
}

/// Parameters by blocks along the input channels with which the weight has the file's codes; nothing if there are none.
std::optional<QuantParams> fitted_blocks(const StoredCodes& stored, const Tensor& weight, std::int64_t axis) {
    const bool is_matrix = weight.shape().rank() == 2 && weight.dtype() == DType::f32;
    if (!is_matrix || weight.shape() != stored.codes.shape()) return std::nullopt;
    std::optional<StoredCodes> blocks = stored;
    if (!stored.params.has_blocks()) blocks = with_long_blocks(stored, axis);
    if (!blocks || blocks->params.axis != axis) return std::nullopt;
    QuantParams params = blocks->params;
    // Not only positive ones: ONNX Runtime's symmetric scales have the sign that gives the largest weight the code -8,
    // and a block of zeros may have the scale 0.
    const auto is_good = [](float scale) { return std::isfinite(scale); };
    if (!std::all_of(params.scale.begin(), params.scale.end(), is_good)) return std::nullopt;
    if (!gives_codes(weight, params, stored.codes)) {
        params.scale = fitted_block_scales(*blocks, weight);
        const bool all_good = std::all_of(params.scale.begin(), params.scale.end(), is_good);
        if (!all_good || !gives_codes(weight, params, stored.codes)) return std::nullopt;
    }
    return params;
}

/// The codes of a weight by its name: stored under that name, or of a matrix that a Transpose turned before passes
/// computed it.
std::optional<StoredCodes> stored_codes_of(const LiftedGraph& lifted, const std::string& name) {
    if (const auto found = lifted.constants.find(name); found != lifted.constants.end()) return found->second;
    const auto value = lifted.graph.find_value(name);
    const NodeId producer = value ? lifted.graph.producer(*value) : NodeId{};
    if (!producer.is_valid() || lifted.graph.node(producer).op != "Transpose") return std::nullopt;
    const auto found = lifted.constants.find(lifted.graph.value(lifted.graph.node(producer).inputs[0]).name);
    if (found == lifted.constants.end() || found->second.codes.shape().rank() != 2) return std::nullopt;
    StoredCodes turned = found->second;
    QuantParams& params = turned.params;
    if (params.has_blocks()) {
        // Scales and zero points are matrices, too.
        const Shape shape = block_scale_shape(turned.codes.shape(), params.axis, params.block_size);
        std::vector<float> scale(params.scale.size());
        std::vector<std::int32_t> zero_point(params.scale.size());
        const auto rows = static_cast<std::size_t>(shape[0]);
        const auto columns = static_cast<std::size_t>(shape[1]);
        for (std::size_t i = 0; i < scale.size(); ++i) {
            scale[i % columns * rows + i / columns] = params.scale[i];
            zero_point[i % columns * rows + i / columns] = params.zero_point[i];
        }
        params.scale = std::move(scale);
        params.zero_point = std::move(zero_point);
    }
    if (!params.is_per_tensor()) params.axis = 1 - params.axis;
    turned.codes = turned_matrix(turned.codes);
    return turned;
}

/// Parameters with which the weight has the file's codes; nothing if there are none.
std::optional<QuantParams> fitted_weight(const StoredCodes& stored, const Tensor& weight, std::int64_t axis) {
    QuantParams params = stored.params;
    if (params.dtype != DType::s8 || params.has_blocks()) return std::nullopt;
    const auto is_zero = [](std::int32_t zero_point) { return zero_point == 0; };
    if (!std::all_of(params.zero_point.begin(), params.zero_point.end(), is_zero)) return std::nullopt;
    if (!params.is_per_tensor() && params.axis != axis) return std::nullopt;
    if (weight.shape() != stored.codes.shape() || weight.dtype() != DType::f32) return std::nullopt;
    if (params.is_per_tensor()) params.axis = 0;
    // As the file says, wherever that is the weight: also the last bit of a scale stays.
    const Tensor file = dequantize(stored.codes, stored.params);
    if (std::equal(file.view().data, file.view().data + file.bytes(), weight.view().data)) return params;
    params.scale = fitted_scales(stored.codes, weight, stored.params, axis);
    params.zero_point.assign(params.scale.size(), 0);
    params.axis = params.is_per_tensor() ? 0 : axis;
    const auto is_good = [](float scale) { return std::isfinite(scale) && scale > 0; };
    const bool all_good = std::all_of(params.scale.begin(), params.scale.end(), is_good);
    return all_good && gives_codes(weight, params, stored.codes) ? std::optional(params) : std::nullopt;
}

/// The given parameters of what the unit reads: of the value itself, or of the start of a chain that carries codes.
const QuantParams* find_given_input(const LiftedGraph& lifted, const Graph& graph, ValueId value) {
    while (true) {
        const auto found = lifted.values.find(graph.value(value).name);
        if (found != lifted.values.end()) return &found->second;
        const NodeId producer = graph.producer(value);
        if (!producer.is_valid() || !is_code_transparent(graph.node(producer))) return nullptr;
        value = graph.node(producer).inputs[0];
    }
}

}  // namespace

std::optional<LiftedGraph> lift_quantized(const Graph& graph, const OpLibrary& ops) {
    if (!has_dequantize(graph)) return std::nullopt;
    const auto folded = exec_pass("fold_codes")(graph, {.ops = ops});
    return Lifter(folded ? *folded : graph).run();
}

GivenNumbers given_numbers(const LiftedGraph& lifted, const Graph& simplified, const std::vector<Unit>& units) {
    GivenNumbers given;
    for (const auto& [name, params] : lifted.values) {
        if (simplified.find_value(name)) given.activations.emplace(name, params);
    }
    for (const Unit& unit : units) {
        const auto stored = stored_codes_of(lifted, simplified.value(unit.weight).name);
        if (!stored) continue;
        const Tensor& weight = simplified.value(unit.weight).constant;
        const QuantParams* input = find_given_input(lifted, simplified, unit.input);
        const std::int64_t axis = unit.weight_channel_axis;
        const auto params =
            input != nullptr ? fitted_weight(*stored, weight, axis) : fitted_blocks(*stored, weight, 1 - axis);
        const DType activation = input != nullptr ? input->dtype : DType::f32;
        if (params) given.units.emplace(unit.name, GivenUnit{.activation = activation, .weight = *params});
    }
    return given;
}

}  // namespace halftone
