// Lifting a quantized model to a float model with given encodings.
//
//   fold_constant_codes   QuantizeLinear of a constant becomes codes: half to even, as it would be at run time
//   Lifter                constants become real values, then each pair of Q and DQ of one value is taken out; a Relu or
//                         Clip that the saturation of the codes stands for is put back
//   fitted_weight         the scales of a weight after passes have multiplied its channels
//   given_numbers         units whose input and weight the file quantizes in a form that our kernels know
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
#include "tensor/slices.hpp"

namespace halftone {
namespace {

bool has_dequantize(const Graph& graph) {
    return std::any_of(graph.nodes().begin(), graph.nodes().end(),
                       [](const Node& node) { return node.op == "DequantizeLinear"; });
}

class Lifter {
public:
    explicit Lifter(const Graph& graph) : graph_(graph), qdq_(graph, dequantized_), builder_(graph) {
        for (std::size_t v = 0; v < builder_.value_count(); ++v) stands_for_.push_back(make_id<ValueId>(v));
    }

    LiftedGraph run() {
        for (const Node& node : graph_.nodes()) {
            if (node.op != "DequantizeLinear") continue;
            if (!lift_constant(node)) lift_pair(node);
        }
        // A value may have been quantized twice in a row: what stands for the second pair is itself replaced.
        for (ValueId& id : stands_for_) id = root_of(id);
        for (const auto& [value, params] : pairs_) {
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

    /// Stored codes become the real values that they stand for, under the name of those.
    bool lift_constant(const Node& dequantize) {
        const ValueId real = dequantize.outputs[0];
        const Tensor* values = qdq_.real_constant(real);
        if (values == nullptr) return false;
        if (const auto stored = qdq_.stored_constant(real, DType::s8)) {
            lifted_.constants.emplace(graph_.value(real).name, StoredCodes{stored->tensor, stored->params});
        }
        builder_.value(real).constant = *values;
        builder_.value(real).type = values->type();
        builder_.remove_node(graph_.producer(real));
        return true;
    }

    /// Q and DQ with the same parameters: readers of the DQ read the value in front of the Q.
    void lift_pair(const Node& dequantize) {
        const ValueId back = dequantize.outputs[0];
        const auto codes = qdq_.activation_codes(back);
        if (!codes) return;
        const NodeId quantize = graph_.producer(codes->value);
        if (!quantize.is_valid() || !qdq_.is_activation_quantize(quantize)) return;
        if (!(qdq_.quantize_params(quantize) == codes->params)) return;
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
    std::map<ValueId, QuantParams> clamps_;  ///< pairs whose saturation is a Relu or Clip
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

/// Parameters with which the weight has the file's codes; nothing if there are none.
std::optional<QuantParams> fitted_weight(const StoredCodes& stored, const Tensor& weight, std::int64_t axis) {
    QuantParams params = stored.params;
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
    LiftedGraph lifted = Lifter(folded ? *folded : graph).run();
    if (lifted.values.empty()) return std::nullopt;
    return lifted;
}

GivenNumbers given_numbers(const LiftedGraph& lifted, const Graph& simplified, const std::vector<Unit>& units) {
    GivenNumbers given;
    for (const auto& [name, params] : lifted.values) {
        if (simplified.find_value(name)) given.activations.emplace(name, params);
    }
    for (const Unit& unit : units) {
        const auto stored = lifted.constants.find(simplified.value(unit.weight).name);
        const QuantParams* input = find_given_input(lifted, simplified, unit.input);
        if (stored == lifted.constants.end() || input == nullptr) continue;
        const auto weight =
            fitted_weight(stored->second, simplified.value(unit.weight).constant, unit.weight_channel_axis);
        if (weight) given.units.emplace(unit.name, GivenUnit{.activation = input->dtype, .weight = *weight});
    }
    return given;
}

}  // namespace halftone
