// Applying a plan: from the fp32 graph to the graph with QuantizeLinear and DequantizeLinear nodes that a file holds.
//
//   note_producer, choose_params   which values int8 units make, and the parameters of every quantized value
//   note_concat                    Concats that move codes, which makes their output a product of int8 as well
//   quantize_unit_inputs           each value that an int8 unit reads, through chains that carry codes
//   insert_pair                    Q and DQ of the values that int8 units make
//   quantize_unit                  weights and bias as integers; a Relu that saturation implies goes
//   quantize_at_run_time           DynamicQuantizeLinear, MatMulInteger, Cast and Mul in place of a dynamic product
//   store_by_blocks                (block_weights.hpp) the weights of a weight-only unit
//   guard_from_quantization        units in high precision that another runtime would quantize by itself
//   guard_pool                     AveragePools between codes that another runtime has only in a simpler form
//   note_bf16                      names of bf16 units, in the metadata
//
// The order matters: a pair redirects the readers of a value, so every value must be known to come from int8 before the
// first pair is inserted. The numbers E.1 to E.10 in comments are the export rules of src/exec/README.md.
#include "exec/apply_plan.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <sstream>
#include <utility>

#include "base/check.hpp"
#include "base/error.hpp"
#include "exec/block_weights.hpp"
#include "graph/builder.hpp"
#include "graph/raise_opset.hpp"
#include "kernel/clamp.hpp"
#include "tensor/affine.hpp"
#include "tensor/block_affine.hpp"

namespace halftone {
namespace {

/// A weight and its bias as integers.
struct QuantizedWeights {
    Tensor weight;
    Tensor bias;  ///< empty if none
    QuantParams bias_params;
};

/// The unit's bias with what the numbers add to it; empty if there is neither.
Tensor shifted_bias(const Graph& graph, const Unit& unit, const UnitNumbers& numbers) {
    Tensor bias = bias_of(graph, unit);
    if (numbers.bias_shift.empty()) return bias;
    const auto channels = static_cast<std::int64_t>(numbers.bias_shift.size());
    Tensor shifted = bias.is_empty() ? Tensor({DType::f32, Shape{channels}}) : bias.clone();
    const auto values = shifted.mutable_view().as<float>();
    if (bias.is_empty()) std::fill(values.begin(), values.end(), 0.0F);
    for (std::size_t c = 0; c < values.size(); ++c) values[c] += numbers.bias_shift[c];
    return shifted;
}

QuantizedWeights quantize_weights(const Graph& graph, const Unit& unit, const UnitNumbers& numbers, float input_scale,
                                  WeightCodes& codes) {
    QuantizedWeights out;
    out.weight = numbers.weight_factor.empty() ? codes.codes(graph.value(unit.weight).constant, numbers.weight)
                                               : quantize(corrected_weight(graph, unit, numbers), numbers.weight);
    if (unit.bias_add.is_valid()) return out;  // a MatMul's bias is an fp32 Add behind it (rule E.7): see shift_row
    const Tensor bias = shifted_bias(graph, unit, numbers);
    if (bias.is_empty()) return out;
    out.bias_params.dtype = DType::s32;
    out.bias_params.scale.clear();
    // Rule E.3: with this scale the bias can be added to the sum of products of codes without any conversion.
    for (const float s : numbers.weight.scale) out.bias_params.scale.push_back(input_scale * s);
    out.bias_params.zero_point.assign(out.bias_params.scale.size(), 0);
    out.bias = quantize_bias(bias, out.bias_params);
    return out;
}

class PlanApplier {
public:
    PlanApplier(const Graph& graph, const std::vector<Unit>& units, const QuantPlan& plan, const PlanNumbers& numbers,
                WeightCodes& codes)
        : graph_(graph), units_(units), plan_(plan), numbers_(numbers), codes_(codes), builder_(graph) {}

    QuantizedModel run() {
        HALFTONE_CHECK(plan_.units.size() == units_.size(), "one configuration per unit");
        for (std::size_t u = 0; u < units_.size(); ++u) {
            if (is_int8(u)) note_producer(units_[u]);
        }
        for (const TensorPlan& tensor : plan_.tensors) choose_params(tensor);
        for (const TensorPlan& tensor : plan_.tensors) note_concat(tensor.value);
        for (std::size_t u = 0; u < units_.size(); ++u) {
            if (is_int8(u)) quantize_unit_inputs(units_[u]);
        }
        for (const auto& [value, params] : params_) {
            if (produced_by_int8_.contains(value)) insert_pair(value, params);
        }
        for (std::size_t u = 0; u < units_.size(); ++u) {
            if (is_int8(u)) quantize_unit(units_[u]);
        }
        for (std::size_t u = 0; u < units_.size(); ++u) {
            if (plan_.units[u].is_dynamic()) quantize_at_run_time(units_[u]);
            if (plan_.units[u].is_weight_only()) {
                tensors_.push_back(
                    store_by_blocks(graph_, units_[u], numbers_.units.at(units_[u].name), codes_, builder_));
            }
            if (!plan_.units[u].is_quantized()) guard_from_quantization(units_[u]);
        }
        for (std::size_t n = 0; n < graph_.nodes().size(); ++n) guard_pool(make_id<NodeId>(n));
        note_bf16();
        const auto is_weight_only = [](const UnitConfig& unit) { return unit.is_weight_only(); };
        if (std::any_of(plan_.units.begin(), plan_.units.end(), is_weight_only)) raise_opset(builder_, kBlockedOpset);
        return {std::move(builder_).build(), std::move(tensors_)};
    }

private:
    /// With calibrated ranges: what a dynamic unit does with codes is its own business.
    [[nodiscard]] bool is_int8(std::size_t unit) const { return plan_.units[unit].is_static(); }

    /// ONNX Runtime (1.32, WeightBiasQuantization) quantizes the float weights of any Conv or Gemm between DQ and Q,
    /// per tensor, with nothing but Relu or Clip on the way: a unit that fell back would lose what it fell back for. A
    /// Max, which the optimizer does not know, keeps it off; in place of a Relu it costs nothing.
    void guard_from_quantization(const Unit& unit) {
        const bool is_between = produced_by_int8_.contains(unit.input) && params_.contains(unit.output);
        if (!is_between || unit.residual_add.is_valid() || unit.bias_add.is_valid()) return;
        if (unit.activation.is_valid() && graph_.node(unit.activation).op == "Relu") {
            const ValueId zero = constant(unit.name + "_zero", Tensor::scalar(0.0F));
            Node& relu = builder_.node(unit.activation);
            relu.op = "Max";
            relu.inputs.push_back(zero);
            return;
        }
        guard(unit.activation.is_valid() ? unit.activation : unit.main, unit.name);
    }

    /// ONNX Runtime (1.32) makes QLinearAveragePool of an AveragePool between DQ and Q. That operator has no dilations,
    /// so the file would not load, and with ceil_mode it counts other pads.
    void guard_pool(NodeId id) {
        const Node& pool = graph_.node(id);
        if (pool.op != "AveragePool" || !params_.contains(pool.outputs[0])) return;
        const auto dilations = ints_attribute(pool, "dilations", {});
        const bool is_dilated = std::any_of(dilations.begin(), dilations.end(), [](auto d) { return d != 1; });
        const bool counts_otherwise =
            int_attribute(pool, "ceil_mode", 0) != 0 && int_attribute(pool, "count_include_pad", 0) != 0;
        if (!is_dilated && !counts_otherwise) return;
        guard(id, pool.name.empty() ? graph_.value(pool.outputs[0]).name : pool.name);
    }

    /// Puts a Max with the lowest number behind a node: an identity that no optimizer takes away.
    void guard(NodeId last, const std::string& name) {
        const ValueId output = graph_.node(last).outputs[0];
        const TensorType type = graph_.value(output).type;
        const ValueId lowest = constant(name + "_lowest", Tensor::scalar(std::numeric_limits<float>::lowest()));
        const ValueId open = builder_.add_value(builder_.fresh_value_name(name + "_unguarded"), type);
        builder_.node(last).outputs[0] = open;
        Node guard;
        guard.name = builder_.fresh_node_name(name + "_guard");
        guard.op = "Max";
        guard.inputs = {open, lowest};
        guard.outputs = {output};
        builder_.add_node(std::move(guard));
    }

    /// A bf16 unit is an fp32 node in the file, since Conv takes no bf16 before opset 22: its name says that it is one.
    void note_bf16() {
        std::string names;
        for (std::size_t u = 0; u < units_.size(); ++u) {
            if (plan_.units[u].activation.dtype != DType::bf16) continue;
            Node& main = builder_.node(units_[u].main);
            // Without a name of its own the unit could not be found again when the file is read.
            if (main.name.empty()) main.name = builder_.fresh_node_name(units_[u].name);
            names += main.name + "\n";
        }
        if (!names.empty()) builder_.info().metadata[kBf16Key] = names;
    }

    void note_producer(const Unit& unit) {
        produced_by_int8_.insert(unit.output);
        if (unit.residual_add.is_valid()) produced_by_int8_.insert(unit.main_output);
    }

    /// A Concat of codes with its own parameters makes codes.
    void note_concat(ValueId value) {
        const NodeId producer = graph_.producer(value);
        if (!producer.is_valid() || graph_.node(producer).op != "Concat") return;
        const auto& inputs = graph_.node(producer).inputs;
        const bool moves_codes = std::all_of(inputs.begin(), inputs.end(), [&](ValueId input) {
            const auto top = params_.find(top_of(input));
            return top != params_.end() && top->second == params_.at(value);
        });
        if (moves_codes) produced_by_int8_.insert(value);
    }

    /// Where the codes of a value come from: itself, or the start of a chain that carries them.
    [[nodiscard]] ValueId top_of(ValueId value) const {
        while (!params_.contains(value)) {
            const NodeId producer = graph_.producer(value);
            if (!producer.is_valid() || !is_code_transparent(graph_.node(producer))) return value;
            value = graph_.node(producer).inputs[0];
        }
        return value;
    }

    /// Takes the value's parameters from the numbers, and lists them for best.yaml.
    void choose_params(const TensorPlan& tensor) {
        const QuantParams& params = numbers_.activations.at(tensor.name);
        params_.emplace(tensor.value, params);
        tensors_.push_back({tensor.name, "", params});
    }

    void quantize_unit_inputs(const Unit& unit) {
        quantize_read(unit.input);
        if (unit.residual.is_valid()) quantize_read(unit.residual);
    }

    /// A value's codes come from itself, or from the top of a chain of nodes that carry codes through unchanged; then
    /// every value of the chain is quantized with the top's parameters.
    void quantize_read(ValueId value) {
        std::vector<ValueId> chain;
        ValueId top = value;
        while (!params_.contains(top)) {
            const NodeId producer = graph_.producer(top);
            HALFTONE_CHECK(producer.is_valid() && is_code_transparent(graph_.node(producer)),
                           "the plan quantizes what an int8 unit reads: " + graph_.value(value).name);
            chain.push_back(top);
            top = graph_.node(producer).inputs[0];
        }
        const QuantParams params = params_.at(top);
        for (const ValueId link : chain) {
            params_.emplace(link, params);
            produced_by_int8_.insert(link);  // all readers take the codes' value: it is the same number
        }
        if (!produced_by_int8_.contains(value)) {
            insert_pair(value, params);
        }
    }

    [[nodiscard]] ValueId constant(const std::string& name, Tensor tensor) {
        return builder_.add_constant(builder_.fresh_value_name(name), std::move(tensor));
    }

    /// Scale and zero point as constants: rank 0 per tensor, a row per channel, and always both (rule E.6).
    [[nodiscard]] std::pair<ValueId, ValueId> params_constants(const std::string& name, const QuantParams& params) {
        const auto slices = static_cast<std::int64_t>(params.scale.size());
        const Shape shape = params.is_per_tensor() ? Shape{} : Shape{slices};
        const ValueId scale = constant(name + "_scale", Tensor::of<float>(shape, params.scale));
        Tensor zero_point(TensorType{params.dtype, shape});
        const auto view = zero_point.mutable_view();
        for (std::size_t i = 0; i < params.zero_point.size(); ++i) {
            if (params.dtype == DType::u8) view.as<std::uint8_t>()[i] = static_cast<std::uint8_t>(params.zero_point[i]);
            if (params.dtype == DType::s8) view.as<std::int8_t>()[i] = static_cast<std::int8_t>(params.zero_point[i]);
            if (params.dtype == DType::s32) view.as<std::int32_t>()[i] = params.zero_point[i];
        }
        return {scale, constant(name + "_zero_point", std::move(zero_point))};
    }

    void add_node(const std::string& name, const std::string& op, std::vector<ValueId> inputs, ValueId output,
                  const QuantParams& params) {
        Node node;
        node.name = builder_.fresh_node_name(name);
        node.op = op;
        node.inputs = std::move(inputs);
        node.outputs = {output};
        if (!params.is_per_tensor()) node.attributes["axis"] = params.axis;
        builder_.add_node(std::move(node));
    }

    /// Lets the readers of a value read another one, also where it is a graph output. Only readers of the given graph
    /// are asked, so that a graph of many quantized values is not walked once for each.
    void redirect_readers(ValueId value, ValueId back) {
        for (const Use& use : graph_.uses(value)) builder_.node(use.node).inputs[use.input] = back;
        if (!graph_.is_output(value)) return;
        std::replace(builder_.outputs().begin(), builder_.outputs().end(), value, back);
    }

    /// Q and DQ of an activation. Readers: all of them when an int8 unit (or a code-carrying node) produces the value,
    /// else only int8 units, which redirect themselves.
    void insert_pair(ValueId value, const QuantParams& params) {
        if (dequantized_.contains(value)) return;
        const std::string name = graph_.value(value).name;
        const TensorType real = graph_.value(value).type;
        const auto [scale, zero_point] = params_constants(name, params);
        const ValueId codes =
            builder_.add_value(builder_.fresh_value_name(name + "_quantized"), {params.dtype, real.shape});
        const ValueId back = builder_.add_value(builder_.fresh_value_name(name + "_dequantized"), real);
        if (produced_by_int8_.contains(value)) redirect_readers(value, back);
        add_node(name + "_QuantizeLinear", "QuantizeLinear", {value, scale, zero_point}, codes, params);
        add_node(name + "_DequantizeLinear", "DequantizeLinear", {codes, scale, zero_point}, back, params);
        // A graph output keeps its name, because users ask for it by name: the DQ's output takes it over.
        if (graph_.is_output(value) && produced_by_int8_.contains(value)) builder_.swap_names(value, back);
        dequantized_.emplace(value, back);
    }

    /// Codes as an initializer and their DQ, without a Q (rule E.2): runtimes keep the codes and never quantize again.
    /// @return the DQ's output
    [[nodiscard]] ValueId constant_pair(const Unit& unit, const std::string& name, Tensor codes,
                                        const QuantParams& params) {
        const TensorType real{DType::f32, codes.shape()};
        const auto [scale, zero_point] = params_constants(name, params);
        const ValueId stored = constant(name + "_quantized", std::move(codes));
        const ValueId back = builder_.add_value(builder_.fresh_value_name(name + "_dequantized"), real);
        add_node(name + "_DequantizeLinear", "DequantizeLinear", {stored, scale, zero_point}, back, params);
        tensors_.push_back({name, unit.name, params});
        return back;
    }

    void quantize_unit(const Unit& unit) {
        const QuantParams& input = params_.at(unit.input);
        const UnitNumbers& numbers = numbers_.units.at(unit.name);
        QuantizedWeights weights = quantize_weights(graph_, unit, numbers, input.scale[0], codes_);
        // References to the builder's nodes are taken anew each time: constant_pair adds nodes and so may move them.
        builder_.node(unit.main).inputs[0] = dequantized_.at(unit.input);
        const ValueId weight =
            constant_pair(unit, graph_.value(unit.weight).name, std::move(weights.weight), numbers.weight);
        builder_.node(unit.main).inputs[1] = weight;
        if (!weights.bias.is_empty()) {
            const std::string name = unit.bias.is_valid() ? graph_.value(unit.bias).name : unit.name + "_bias";
            const ValueId bias = constant_pair(unit, name, std::move(weights.bias), weights.bias_params);
            builder_.node(unit.main).inputs.resize(3);
            builder_.node(unit.main).inputs[2] = bias;
            builder_.node(unit.main).attributes.erase("beta");  // the bias holds it: rule E.5
        }
        if (unit.bias_add.is_valid() && !numbers.bias_shift.empty()) shift_row(unit, numbers);
        if (unit.residual.is_valid()) {
            for (ValueId& operand : builder_.node(unit.residual_add).inputs) {
                if (operand == unit.residual) operand = dequantized_.at(unit.residual);
            }
        }
        drop_implied_activation(unit);  // last: it may remove the node that the steps above refer to
    }

    /// Codes of a value that a DynamicQuantizeLinear makes, with their scale and zero point.
    struct RunTimeCodes {
        ValueId codes, scale, zero_point;
    };

    /// One DynamicQuantizeLinear for a value, however many units read its codes.
    const RunTimeCodes& run_time_codes(ValueId value) {
        const auto known = run_time_codes_.find(value);
        if (known != run_time_codes_.end()) return known->second;
        const std::string name = builder_.value(value).name;
        const Shape shape = builder_.value(value).type.shape;
        const auto add = [&](const char* part, const TensorType& type) {
            return builder_.add_value(builder_.fresh_value_name(name + part), type);
        };
        const RunTimeCodes made{.codes = add("_quantized", {DType::u8, shape}),
                                .scale = add("_scale", {DType::f32, Shape{}}),
                                .zero_point = add("_zero_point", {DType::u8, Shape{}})};
        builder_.add_node({.name = builder_.fresh_node_name(name + "_DynamicQuantizeLinear"),
                           .op = "DynamicQuantizeLinear",
                           .inputs = {value},
                           .outputs = {made.codes, made.scale, made.zero_point},
                           .attributes = {}});
        return run_time_codes_.emplace(value, made).first->second;
    }

    /// The integer weight of a dynamic unit as the matrix [K, N] that MatMulInteger multiplies by.
    [[nodiscard]] Tensor run_time_weight(const Unit& unit, const UnitNumbers& numbers) {
        Tensor codes = numbers.weight_factor.empty()
                           ? codes_.codes(graph_.value(unit.weight).constant, numbers.weight)
                           : quantize(corrected_weight(graph_, unit, numbers), numbers.weight);
        // A Gemm with transB stores [N, K].
        return unit.weight_channel_axis == 1 ? codes : turned_matrix(codes);
    }

    /// x -> DynamicQuantizeLinear -> MatMulInteger -> Cast -> Mul by (scale of x * scale of the weight) [-> Add of a
    /// Gemm's bias]: the form that ONNX Runtime's own quantizer writes, and the one that its optimizer fuses. What
    /// follows the product in the unit stays as it is, in fp32.
    void quantize_at_run_time(const Unit& unit) {
        const UnitNumbers& numbers = numbers_.units.at(unit.name);
        const std::string name = graph_.value(unit.weight).name;
        const RunTimeCodes input = run_time_codes(builder_.node(unit.main).inputs[0]);
        const auto [scale, zero_point] = params_constants(name, numbers.weight);
        const ValueId weight = constant(name + "_quantized", run_time_weight(unit, numbers));
        tensors_.push_back({name, unit.name, numbers.weight});

        const TensorType real = graph_.value(unit.main_output).type;
        const auto add = [&](const char* part, const char* op, std::vector<ValueId> inputs, const TensorType& type) {
            const ValueId output = builder_.add_value(builder_.fresh_value_name(unit.name + part), type);
            builder_.add_node({.name = builder_.fresh_node_name(unit.name + part),
                               .op = op,
                               .inputs = std::move(inputs),
                               .outputs = {output},
                               .attributes = {}});
            return output;
        };
        const ValueId sums =
            builder_.add_value(builder_.fresh_value_name(unit.name + "_sums"), {DType::s32, real.shape});
        const ValueId sums_as_real = builder_.add_value(builder_.fresh_value_name(unit.name + "_cast"), real);
        builder_.add_node({.name = builder_.fresh_node_name(unit.name + "_cast"),
                           .op = "Cast",
                           .inputs = {sums},
                           .outputs = {sums_as_real},
                           .attributes = {{"to", std::int64_t{1}}}});  // ONNX's number of fp32
        const ValueId factor = add("_scale", "Mul", {input.scale, scale},
                                   {DType::f32, numbers.weight.is_per_tensor() ? Shape{} : graph_row(numbers.weight)});
        ValueId product = add("_scaled", "Mul", {sums_as_real, factor}, real);
        const Tensor bias = bias_of(graph_, unit);
        if (!bias.is_empty()) {
            product = add("_biased", "Add", {product, constant(unit.name + "_bias", bias)}, real);
        }
        // The node stays in its place with its name, because profiles and kernels of a plan find units by it.
        Node& main = builder_.node(unit.main);
        if (main.name.empty()) main.name = builder_.fresh_node_name(unit.name);
        main.op = "MatMulInteger";
        main.inputs = {input.codes, weight, input.zero_point};
        if (std::ranges::any_of(numbers.weight.zero_point, [](std::int32_t zero) { return zero != 0; })) {
            main.inputs.push_back(zero_point);
        }
        main.attributes.clear();
        main.outputs = {sums};
        rename_output(product, unit.main_output);
    }

    /// The value that a node just added makes becomes `output`, which readers already name.
    void rename_output(ValueId made, ValueId output) {
        Node& last = builder_.node(make_id<NodeId>(builder_.node_count() - 1));
        HALFTONE_CHECK(last.outputs[0] == made, "the node was the last one that was added");
        last.outputs[0] = output;
    }

    static Shape graph_row(const QuantParams& params) { return Shape{static_cast<std::int64_t>(params.scale.size())}; }

    /// The row behind a MatMul is its bias, real in any precision.
    void shift_row(const Unit& unit, const UnitNumbers& numbers) {
        for (std::size_t i = 0; i < 2; ++i) {
            const ValueId row = builder_.node(unit.bias_add).inputs[i];
            if (!graph_.value(row).is_constant()) continue;
            Tensor shifted = graph_.value(row).constant.clone();
            const auto values = shifted.mutable_view().as<float>();
            for (std::size_t c = 0; c < values.size(); ++c) values[c] += numbers.bias_shift[c];
            const ValueId corrected = constant(graph_.value(row).name + "_corrected", std::move(shifted));
            builder_.node(unit.bias_add).inputs[i] = corrected;
        }
    }

    /// Export rule E.4: a Relu or Clip that the codes' saturation implies is left out.
    void drop_implied_activation(const Unit& unit) {
        const auto params = params_.find(unit.output);
        if (!unit.activation.is_valid() || params == params_.end()) return;
        const Clamp clamp = clamp_of(graph_, graph_.node(unit.activation));
        if (!is_clamp_implied(params->second, clamp.low, clamp.high)) return;
        // What computed the activation's input makes the unit's output now.
        NodeId before = unit.bias_add.is_valid() ? unit.bias_add : unit.main;
        if (unit.residual_add.is_valid()) before = unit.residual_add;
        builder_.remove_node(unit.activation);
        builder_.node(before).outputs[0] = unit.output;
    }

    const Graph& graph_;
    const std::vector<Unit>& units_;
    const QuantPlan& plan_;
    const PlanNumbers& numbers_;
    WeightCodes& codes_;
    GraphBuilder builder_;
    std::map<ValueId, QuantParams> params_;           ///< of quantized activations
    std::map<ValueId, ValueId> dequantized_;          ///< outputs of the DQs, by the value that was quantized
    std::map<ValueId, RunTimeCodes> run_time_codes_;  ///< by the real value that is quantized at run time
    std::set<ValueId> produced_by_int8_;              ///< all readers of these read the DQ's output
    std::vector<QuantizedTensor> tensors_;            ///< in the order of best.yaml
};

}  // namespace

std::set<std::string> bf16_nodes(const Graph& graph) {
    std::set<std::string> nodes;
    const auto found = graph.info().metadata.find(kBf16Key);
    if (found == graph.info().metadata.end()) return nodes;
    std::istringstream lines(found->second);
    for (std::string line; std::getline(lines, line);) nodes.insert(line);
    return nodes;
}

QuantizedModel apply_plan(const Graph& graph, const std::vector<Unit>& units, const QuantPlan& plan,
                          const PlanNumbers& numbers, WeightCodes* known) {
    WeightCodes own;
    return PlanApplier(graph, units, plan, numbers, known != nullptr ? *known : own).run();
}

QuantizedModel apply_plan(const Graph& graph, const std::vector<Unit>& units, const QuantPlan& plan,
                          const RangeTable& ranges, WeightCodes* known) {
    WeightCodes own;
    WeightCodes& codes = known != nullptr ? *known : own;
    return apply_plan(graph, units, plan, derive_numbers(graph, units, plan, ranges, codes), &codes);
}

}  // namespace halftone
