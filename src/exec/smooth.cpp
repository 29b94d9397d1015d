// Smoothing: each channel of a value that MatMul units read is divided by a factor, and their weights are multiplied by
// it.
//
//   find_targets        the values that MatMul units read, and the constants that their factors can divide
//   NamedTargets        those that have a place for factors, by name
//   smoothed_value      the factors of one value, from the extremes of its channels and of the weights
//   with_places         a Mul for each value that has no place for factors
//   prepare_smoothing, smoothing_places, smoothable_values, find_smoothing, smooth
//                       the interface, in the order of its use
#include "exec/smooth.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/error.hpp"
#include "graph/builder.hpp"

namespace halftone {
namespace {

constexpr double kSmallestSmoothFactor = 1e-5;  // a channel that is nearly zero would ask for any factor

/// A value, the MatMul units that read it, and the constants [channels] that its factors divide.
struct Target {
    ValueId value;
    std::vector<const Unit*> readers;
    std::vector<ValueId> constants;  ///< none: there is no place for factors yet
};

std::int64_t channels_of(const Graph& graph, ValueId value) {
    const Shape& shape = graph.value(value).type.shape;
    return shape.rank() == 0 ? 0 : shape[shape.rank() - 1];
}

/// Whether one node alone reads the value. An output of the graph is seen from outside as well.
bool has_one_reader(const Graph& graph, ValueId id) { return graph.uses(id).size() == 1 && !graph.is_output(id); }

/// One number for each channel, along the last dimension, that nobody else reads.
bool is_row(const Graph& graph, ValueId id, std::int64_t channels) {
    if (!id.is_valid() || !graph.value(id).is_constant() || !has_one_reader(graph, id)) return false;
    const Tensor& row = graph.value(id).constant;
    return row.dtype() == DType::f32 && row.elements() == channels && row.shape().rank() >= 1 &&
           row.shape()[row.shape().rank() - 1] == channels;
}

/// The row of an Add or Mul, and its other operand.
struct RowOperands {
    ValueId row;
    ValueId other;
};

RowOperands row_operands(const Graph& graph, const Node& node, std::int64_t channels) {
    for (std::size_t i = 0; i < 2 && node.inputs.size() == 2; ++i) {
        if (is_row(graph, node.inputs[i], channels)) return {node.inputs[i], node.inputs[1 - i]};
    }
    return {};
}

/// The constants that factors can divide without a node of their own. None: prepare_smoothing must put a Mul in.
std::vector<ValueId> foldable_constants(const Graph& graph, ValueId value) {
    const std::int64_t channels = channels_of(graph, value);
    const NodeId producer = graph.producer(value);
    if (!producer.is_valid()) return {};
    const Node& node = graph.node(producer);
    if (node.op == "LayerNormalization" && node.inputs.size() > 1 && is_row(graph, node.inputs[1], channels)) {
        if (node.inputs.size() < 3 || !node.inputs[2].is_valid()) return {node.inputs[1]};
        return is_row(graph, node.inputs[2], channels) ? std::vector{node.inputs[1], node.inputs[2]}
                                                       : std::vector<ValueId>{};
    }
    if (node.op != "Add" && node.op != "Mul") return {};
    const RowOperands outer = row_operands(graph, node, channels);
    if (!outer.row.is_valid()) return {};
    if (node.op == "Mul") return {outer.row};
    const NodeId inner = graph.producer(outer.other);
    if (!inner.is_valid() || graph.node(inner).op != "Mul" || !has_one_reader(graph, outer.other)) return {};
    const RowOperands scale = row_operands(graph, graph.node(inner), channels);
    return scale.row.is_valid() ? std::vector{scale.row, outer.row} : std::vector<ValueId>{};
}

std::vector<Target> find_targets(const Graph& graph, const std::vector<Unit>& units) {
    std::map<ValueId, Target> targets;
    for (const Unit& unit : units) {
        if (unit.op != "MatMul" || !has_one_reader(graph, unit.weight)) continue;
        Target& target = targets[unit.input];
        target.value = unit.input;
        target.readers.push_back(&unit);
    }
    std::vector<Target> found;
    for (auto& [value, target] : targets) {
        // Constants can be divided only if nobody but these units sees the difference.
        const bool is_private = graph.uses(value).size() == target.readers.size() && !graph.is_output(value);
        if (is_private) target.constants = foldable_constants(graph, value);
        found.push_back(std::move(target));
    }
    return found;
}

/// Largest magnitude of each row [input channel] of the readers' weights [K, N].
std::vector<double> weight_magnitudes(const Graph& graph, const Target& target) {
    std::vector<double> largest(static_cast<std::size_t>(channels_of(graph, target.value)), 0.0);
    for (const Unit* unit : target.readers) {
        const auto values = graph.value(unit->weight).constant.as<float>();
        const std::size_t columns = values.size() / largest.size();  // weights are [K, N]: row k is input channel k
        for (std::size_t i = 0; i < values.size(); ++i) {
            double& magnitude = largest[i / columns];
            magnitude = std::max(magnitude, std::abs(static_cast<double>(values[i])));
        }
    }
    return largest;
}

/// The values that have a place for factors, by name.
class NamedTargets {
public:
    NamedTargets(const Graph& graph, const std::vector<Unit>& units) : targets_(find_targets(graph, units)) {
        for (const Target& target : targets_) {
            if (!target.constants.empty()) by_name_.emplace(graph.value(target.value).name, &target);
        }
    }
    NamedTargets(const NamedTargets&) = delete;
    NamedTargets& operator=(const NamedTargets&) = delete;

    [[nodiscard]] const Target& at(const std::string& value) const {
        const auto found = by_name_.find(value);
        if (found == by_name_.end()) throw ModelError("smoothing names '" + value + "', which no MatMul unit reads");
        return *found->second;
    }

private:
    std::vector<Target> targets_;
    std::map<std::string, const Target*> by_name_;
};

/// The factor of each channel of a value. @param weights  the largest magnitude of each channel's weights
SmoothedValue smoothed_value(const std::string& value, const std::vector<double>& weights,
                             const ChannelExtremes& extremes, double alpha) {
    SmoothedValue smoothed{.value = value, .factor = {}};
    for (std::size_t c = 0; c < weights.size(); ++c) {
        const double input =
            std::max(std::abs(static_cast<double>(extremes.low[c])), std::abs(static_cast<double>(extremes.high[c])));
        // Source: SmoothQuant, eq. 4. A channel that is zero everywhere, or whose weights are, has nothing to move.
        const double factor = std::pow(input, alpha) / std::pow(weights[c], 1 - alpha);
        const bool is_usable = input > 0 && weights[c] > 0;
        smoothed.factor.push_back(
            is_usable ? static_cast<float>(std::clamp(factor, kSmallestSmoothFactor, 1 / kSmallestSmoothFactor))
                      : 1.0F);
    }
    return smoothed;
}

/// The value that factors of the target divide: itself, or the output of the Mul that is put in for them.
std::string place_name(const Graph& graph, const Target& target, GraphBuilder& builder) {
    const std::string& name = graph.value(target.value).name;
    return target.constants.empty() ? builder.fresh_value_name(name + "_smoothed") : name;
}

/// Puts Muls in for the targets that `is_wanted` names.
template <class IsWanted>
Graph with_places(const Graph& graph, const std::vector<Unit>& units, IsWanted&& is_wanted) {
    GraphBuilder builder(graph);
    for (const Target& target : find_targets(graph, units)) {
        const std::int64_t channels = channels_of(graph, target.value);
        if (!target.constants.empty() || channels <= 0) continue;
        const std::string place = place_name(graph, target, builder);
        if (!is_wanted(place)) continue;
        const std::string& name = graph.value(target.value).name;
        Tensor ones(TensorType{DType::f32, Shape{channels}});
        std::fill_n(ones.mutable_view().as<float>().begin(), channels, 1.0F);
        Node mul;
        mul.name = builder.fresh_node_name(name + "_smooth");
        mul.op = "Mul";
        mul.inputs = {target.value,
                      builder.add_constant(builder.fresh_value_name(name + "_smooth_factor"), std::move(ones))};
        const ValueId smoothed = builder.add_value(place, graph.value(target.value).type);
        mul.outputs = {smoothed};
        builder.add_node(std::move(mul));
        for (const Unit* unit : target.readers) builder.node(unit->main).inputs[0] = smoothed;
    }
    return std::move(builder).build();
}

}  // namespace

Graph prepare_smoothing(const Graph& graph, const std::vector<Unit>& units) {
    return with_places(graph, units, [](const std::string& /*place*/) { return true; });
}

Graph prepare_smoothing(const Graph& graph, const std::vector<Unit>& units, const std::vector<SmoothedValue>& wanted) {
    std::set<std::string> names;
    for (const SmoothedValue& smoothed : wanted) names.insert(smoothed.value);
    return with_places(graph, units, [&](const std::string& place) { return names.contains(place); });
}

std::vector<SmoothingPlace> smoothing_places(const Graph& graph, const std::vector<Unit>& units) {
    GraphBuilder builder(graph);
    std::vector<SmoothingPlace> places;
    for (const Target& target : find_targets(graph, units)) {
        if (channels_of(graph, target.value) <= 0) continue;
        SmoothingPlace place{.value = place_name(graph, target, builder), .input = target.value, .readers = {}};
        for (const Unit* unit : target.readers) place.readers.push_back(static_cast<std::size_t>(unit - units.data()));
        places.push_back(std::move(place));
    }
    return places;
}

std::vector<std::string> smoothable_values(const Graph& graph, const std::vector<Unit>& units) {
    std::vector<std::string> names;
    for (const Target& target : find_targets(graph, units)) {
        if (!target.constants.empty()) names.push_back(graph.value(target.value).name);
    }
    return names;
}

std::vector<SmoothedValue> find_smoothing(const Graph& graph, const std::vector<Unit>& units,
                                          const std::map<std::string, ChannelExtremes>& extremes, double alpha) {
    const NamedTargets targets(graph, units);
    std::vector<SmoothedValue> smoothed;
    for (const auto& [value, of_value] : extremes) {
        smoothed.push_back(smoothed_value(value, weight_magnitudes(graph, targets.at(value)), of_value, alpha));
    }
    return smoothed;
}

Graph smooth(const Graph& graph, const std::vector<Unit>& units, const std::vector<SmoothedValue>& values) {
    const NamedTargets targets(graph, units);
    GraphBuilder builder(graph);
    for (const SmoothedValue& smoothed : values) {
        const Target& target = targets.at(smoothed.value);
        const std::size_t channels = smoothed.factor.size();
        if (static_cast<std::int64_t>(channels) != channels_of(graph, target.value)) {
            throw ModelError("smoothing of '" + smoothed.value + "' does not have a factor for each channel");
        }
        if (channels == 0) continue;  // an empty value has nothing to divide
        // What makes the value is divided, what reads it multiplied: the function stays the same up to rounding.
        for (const ValueId constant : target.constants) {
            Tensor divided = graph.value(constant).constant.clone();
            const auto row = divided.mutable_view().as<float>();
            for (std::size_t c = 0; c < channels; ++c) row[c] /= smoothed.factor[c];
            builder.value(constant).constant = std::move(divided);
        }
        for (const Unit* unit : target.readers) {
            Tensor scaled = graph.value(unit->weight).constant.clone();
            const auto weights = scaled.mutable_view().as<float>();
            const std::size_t columns = weights.size() / channels;
            for (std::size_t i = 0; i < weights.size(); ++i) weights[i] *= smoothed.factor[i / columns];
            builder.value(unit->weight).constant = std::move(scaled);
        }
    }
    return std::move(builder).build();
}

}  // namespace halftone
