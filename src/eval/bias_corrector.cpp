#include "eval/bias_corrector.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "tensor/affine.hpp"

namespace halftone {
namespace {

/// The errors that rounding made in one unit's weights: fp32 weight minus the real value of its code, summed over
/// the kernel's positions. A mean input of E[x_k] in channel k then shifts output c by the sum over k of error[c, k] *
/// E[x_k], because Conv, Gemm and MatMul are linear.
class WeightErrors {
public:
    WeightErrors(const Graph& graph, const Unit& unit, const UnitNumbers& numbers)
        : shape_(graph.value(unit.weight).constant.shape()),
          axis_(static_cast<std::size_t>(unit.weight_channel_axis)),
          group_(unit.op == "Conv" ? int_attribute(graph.node(unit.main), "group", 1) : 1),
          fp32_(graph.value(unit.weight).constant),
          rounded_(dequantize(quantize(corrected_weight(graph, unit, numbers), numbers.weight), numbers.weight)) {}

    [[nodiscard]] std::vector<float> shift(const std::vector<double>& inputs) const {
        const auto outputs = static_cast<std::size_t>(shape_[axis_]);
        std::vector<double> shift(outputs, 0.0);
        const auto fp32 = fp32_.as<float>();
        const auto rounded = rounded_.as<float>();
        for (std::size_t i = 0; i < fp32.size(); ++i) {
            const auto [output, input] = channels_of(i);
            HALFTONE_CHECK(input < inputs.size(), "a mean for each input channel");
            shift[output] += (static_cast<double>(fp32[i]) - static_cast<double>(rounded[i])) * inputs[input];
        }
        return {shift.begin(), shift.end()};
    }

private:
    /// Returns output and input channel of an element of the weight.
    [[nodiscard]] std::pair<std::size_t, std::size_t> channels_of(std::size_t element) const {
        if (shape_.rank() == 2) {
            const auto columns = static_cast<std::size_t>(shape_[1]);
            const std::size_t row = element / columns;
            const std::size_t column = element % columns;
            return axis_ == 0 ? std::pair(row, column) : std::pair(column, row);
        }
        // Conv: [outputs, inputs of a group, kernel…]. Output channels of group g read the g-th part of the inputs.
        std::size_t inner = 1;
        for (std::size_t d = 2; d < shape_.rank(); ++d) inner *= static_cast<std::size_t>(shape_[d]);
        const auto inputs = static_cast<std::size_t>(shape_[1]);
        const std::size_t output = element / inner / inputs;
        const std::size_t outputs_of_group = static_cast<std::size_t>(shape_[0] / group_);
        return {output, output / outputs_of_group * inputs + element / inner % inputs};
    }

    const Shape& shape_;
    std::size_t axis_;
    std::int64_t group_;
    const Tensor& fp32_;
    Tensor rounded_;
};

/// What the unit reads or makes, along the axis on which its operator has channels.
ChannelsOf channels_of(const Unit& unit, const std::string& value) {
    const bool is_product = unit.op == "MatMul" || unit.op == "Gemm";
    return {value, is_product ? ChannelDim::last : ChannelDim::second};
}

/// Name of the value that holds a unit's output before its activation in a quantized graph. Where saturation implies
/// the activation, the main node produces the unit's output itself. The name of an output of the graph belongs to the
/// value behind Q and DQ, where the saturation has taken place already; then it is what Q reads.
std::string raw_output(const Graph& fp32, const Unit& unit, const Graph& quantized) {
    auto value = quantized.find_value(fp32.value(unit.main_output).name);
    if (!value) value = quantized.find_value(fp32.value(unit.output).name);
    HALFTONE_CHECK(value.has_value(), "a quantized graph has the output of unit " + unit.name);
    const auto read_by = [&](ValueId made, const char* op) {
        const NodeId producer = quantized.producer(made);
        return producer.is_valid() && quantized.node(producer).op == op ? quantized.node(producer).inputs[0]
                                                                        : ValueId{};
    };
    const ValueId codes = read_by(*value, "DequantizeLinear");
    const ValueId real = codes.is_valid() ? read_by(codes, "QuantizeLinear") : ValueId{};
    return quantized.value(real.is_valid() ? real : *value).name;
}

}  // namespace

BiasCorrector::Means BiasCorrector::means_of(const Graph& graph, const std::set<ChannelsOf>& values) const {
    Means means;
    for (auto& [wanted, statistics] : channel_statistics(graph, values, samples_, count_)) {
        means.emplace(wanted, std::move(statistics.mean));
    }
    return means;
}

// A MatMul without a constant row behind it has no bias, and adding an Add would change the graph that is exported.
bool BiasCorrector::can_shift(const Unit& unit) const { return unit.op != "MatMul" || unit.bias_add.is_valid(); }

void BiasCorrector::correct_fast(const QuantPlan& plan, PlanNumbers& numbers) {
    const auto input_of = [&](const Unit& unit) { return channels_of(unit, model_.graph.value(unit.input).name); };
    // Means of the fp32 model serve all candidates of this calibration; they cost one run over the samples.
    if (inputs_.empty()) {
        std::set<ChannelsOf> inputs;
        for (const Unit& unit : model_.units) inputs.insert(input_of(unit));
        inputs_ = means_of(model_.graph, inputs);
    }
    for (std::size_t u = 0; u < model_.units.size(); ++u) {
        const Unit& unit = model_.units[u];
        if (!plan.units[u].is_static() || !can_shift(unit)) continue;
        UnitNumbers& own = numbers.units.at(unit.name);
        own.bias_shift = WeightErrors(model_.graph, unit, own).shift(inputs_.at(input_of(unit)));
    }
}

void BiasCorrector::correct_in_sequence(const QuantPlan& plan, PlanNumbers& numbers, WeightCodes& codes) {
    const auto output_of = [&](const Unit& unit) {
        return channels_of(unit, model_.graph.value(unit.main_output).name);
    };
    if (outputs_.empty()) {
        std::set<ChannelsOf> outputs;
        for (const Unit& unit : model_.units) outputs.insert(output_of(unit));
        outputs_ = means_of(model_.graph, outputs);
    }
    for (std::size_t u = 0; u < model_.units.size(); ++u) {
        const Unit& unit = model_.units[u];
        if (!plan.units[u].is_static() || !can_shift(unit)) continue;
        // The graph is built again for every unit, because each correction changes what the later units read.
        const QuantizedModel quantized = apply_plan(model_.graph, model_.units, plan, numbers, &codes);
        const ChannelsOf raw = channels_of(unit, raw_output(model_.graph, unit, quantized.graph));
        const std::vector<double> measured = means_of(quantized.graph, {raw}).at(raw);
        const std::vector<double>& wanted = outputs_.at(output_of(unit));
        std::vector<float>& shift = numbers.units.at(unit.name).bias_shift;
        shift.clear();  // measured without it: a shift from an earlier call must not be counted twice
        for (std::size_t c = 0; c < wanted.size(); ++c) shift.push_back(static_cast<float>(wanted[c] - measured[c]));
    }
}

}  // namespace halftone
