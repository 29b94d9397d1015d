// Cross-layer equalization: the same function with evener weights.
//
//   find_links          pairs of units with nothing but a Relu between them
//   balance             one pair: channel c of the first is divided by s, of the second multiplied with it
//   find_equalization   all pairs in turn until no factor changes, as a unit may belong to two pairs
//   equalize            applies factors, found here or read from best.yaml
//
// Relu(x / s) = Relu(x) / s for s > 0: that is why a Relu may stand between the two, and a Clip may not.
//
// Several nodes may read one constant, such as the weight of a layer that a network calls several times. Rescaler keeps
// a copy for each unit, and joins in the new graph what became equal: a head that all levels of a pyramid share stays
// one.
#include "exec/equalize.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "base/error.hpp"
#include "graph/builder.hpp"
#include "tensor/slices.hpp"

namespace halftone {
namespace {

constexpr int kMostRounds = 50;
constexpr double kConverged = 1e-4;               // largest change of a factor in a round, relative
constexpr double kSmallestEqualizeFactor = 1e-6;  // a channel that is nearly zero would ask for any factor

/// The largest magnitude of each channel.
std::vector<double> largest_magnitudes(const Tensor& weight, const Slices& slices) {
    std::vector<double> largest(slices.channels, 0.0);
    const auto values = weight.as<float>();
    for_each_block(slices, [&](std::size_t c, std::size_t first) {
        for (const float w : values.subspan(first, slices.inner)) {
            largest[c] = std::max(largest[c], std::abs(static_cast<double>(w)));
        }
    });
    return largest;
}

void scale_channels(Tensor& weight, const Slices& slices, const std::vector<float>& factor, bool divides) {
    const auto values = weight.mutable_view().as<float>();
    for_each_block(slices, [&](std::size_t c, std::size_t first) {
        for (float& w : values.subspan(first, slices.inner)) w = divides ? w / factor[c] : w * factor[c];
    });
}

/// Axis of the input channels of a unit's weight; nothing where a factor per channel cannot be applied.
std::optional<std::size_t> input_axis(const Graph& graph, const Unit& unit) {
    const Node& main = graph.node(unit.main);
    const Shape& shape = graph.value(unit.weight).constant.shape();
    if (unit.op == "Gemm") {
        const bool is_plain = int_attribute(main, "transA", 0) == 0;
        return is_plain ? std::optional<std::size_t>(1U - static_cast<std::size_t>(unit.weight_channel_axis))
                        : std::nullopt;
    }
    if (unit.op != "Conv") return std::nullopt;
    const std::int64_t group = int_attribute(main, "group", 1);
    if (group == 1) return 1U;
    // Depthwise: input channel and output channel are one. Other groups would need factors that agree across a group.
    const bool is_depthwise = shape[1] == 1 && shape[0] == group;
    return is_depthwise ? std::optional<std::size_t>(0U) : std::nullopt;
}

/// May its output channels be divided?
bool can_be_first(const Graph& graph, const Unit& unit) {
    if (unit.op != "Conv" && unit.op != "Gemm") return false;
    if (unit.residual_add.is_valid() || unit.bias_add.is_valid() || graph.is_output(unit.output)) return false;
    if (unit.activation.is_valid() && graph.node(unit.activation).op != "Relu") return false;
    if (!unit.bias.is_valid()) return true;
    const std::int64_t channels =
        graph.value(unit.weight).constant.shape()[static_cast<std::size_t>(unit.weight_channel_axis)];
    return graph.value(unit.bias).constant.elements() == channels;
}

/// A pair while its factors are looked for.
struct Link {
    const Unit* first = nullptr;
    const Unit* second = nullptr;
    Slices outputs, inputs;
    std::vector<double> factor;
};

std::vector<Link> find_links(const Graph& graph, const std::vector<Unit>& units) {
    std::map<ValueId, const Unit*> reader_of;  // the first unit that reads a value
    for (const Unit& unit : units) reader_of.try_emplace(unit.input, &unit);
    std::vector<Link> links;
    for (const Unit& first : units) {
        if (!can_be_first(graph, first) || graph.uses(first.output).size() != 1) continue;
        const auto reader = reader_of.find(first.output);
        if (reader == reader_of.end() || graph.uses(first.output)[0].node != reader->second->main) continue;
        const Unit* second = reader->second;
        const auto axis = input_axis(graph, *second);
        if (!axis) continue;
        const Shape& output_shape = graph.value(first.weight).constant.shape();
        Link link{.first = &first,
                  .second = second,
                  .outputs = slices_of(output_shape, first.weight_channel_axis),
                  .inputs = slices_of(graph.value(second->weight).constant.shape(), static_cast<std::int64_t>(*axis)),
                  .factor = {}};
        if (link.outputs.channels != link.inputs.channels) continue;
        link.factor.assign(link.outputs.channels, 1.0);
        links.push_back(std::move(link));
    }
    return links;
}

/// Rescales the link's two weights so that their channels' ranges are equal. @return the largest change of a factor
double balance(Link& link, Tensor& first, Tensor& second) {
    const std::vector<double> outputs = largest_magnitudes(first, link.outputs);
    const std::vector<double> inputs = largest_magnitudes(second, link.inputs);
    std::vector<float> step(link.factor.size(), 1.0F);
    double change = 0;
    for (std::size_t c = 0; c < step.size(); ++c) {
        if (outputs[c] <= 0 || inputs[c] <= 0) continue;  // a channel without effect keeps its scale
        // Both ranges become sqrt(r1 * r2), the geometric mean (equalize.hpp has the source).
        const double factor = std::sqrt(outputs[c] / inputs[c]);
        const double total = link.factor[c] * factor;
        if (total < kSmallestEqualizeFactor || total > 1 / kSmallestEqualizeFactor) continue;
        step[c] = static_cast<float>(factor);
        link.factor[c] = total;
        change = std::max(change, std::abs(factor - 1));
    }
    scale_channels(first, link.outputs, step, true);
    scale_channels(second, link.inputs, step, false);
    return change;
}

using UnitsByName = std::map<std::string, const Unit*>;

const Unit* unit_named(const UnitsByName& units, const std::string& name) {
    const auto found = units.find(name);
    if (found == units.end()) throw ModelError("equalization names '" + name + "', which is no unit of the model");
    return found->second;
}

/// Constants of units that were rescaled so far.
class Rescaler {
public:
    explicit Rescaler(const Graph& graph) : graph_(graph) {}

    /// The unit's copy of a constant that its main node reads.
    Tensor& at(const Unit& unit, ValueId constant) {
        Tensor& copy = copies_[constant][unit.main];
        if (copy.is_empty()) copy = graph_.value(constant).constant.clone();
        return copy;
    }

    [[nodiscard]] Graph build() && {
        GraphBuilder builder(graph_);
        for (const auto& [constant, by_node] : copies_) replace(builder, constant, by_node);
        return std::move(builder).build();
    }

private:
    using CopiesByNode = std::map<NodeId, Tensor>;

    /// Gives each node its copy; the constant itself becomes the first of them, unless something else needs it.
    void replace(GraphBuilder& builder, ValueId constant, const CopiesByNode& by_node) const {
        const auto& uses = graph_.uses(constant);
        const bool is_needed = graph_.is_output(constant) || std::any_of(uses.begin(), uses.end(), [&](const Use& use) {
                                   return !by_node.contains(use.node);
                               });
        const std::string name = graph_.value(constant).name;
        std::vector<ValueId> made;  // those that differ
        if (!is_needed) {
            builder.value(constant).constant = by_node.begin()->second;
            made.push_back(constant);
        }
        for (const auto& [node, copy] : by_node) {
            auto same = std::find_if(made.begin(), made.end(), [&, &tensor = copy](ValueId id) {
                return has_same_bytes(builder.value(id).constant, tensor);
            });
            if (same == made.end()) {
                same = made.insert(made.end(), builder.add_constant(builder.fresh_value_name(name), copy));
            }
            auto& inputs = builder.node(node).inputs;
            std::replace(inputs.begin(), inputs.end(), constant, *same);
        }
    }

    const Graph& graph_;
    std::map<ValueId, CopiesByNode> copies_;
};

}  // namespace

std::vector<EqualizedPair> find_equalization(const Graph& graph, const std::vector<Unit>& units) {
    std::vector<Link> links = find_links(graph, units);
    Rescaler weights(graph);
    double change = 1;
    for (int round = 0; round < kMostRounds && change > kConverged; ++round) {
        change = 0;
        for (Link& link : links) {
            change = std::max(change, balance(link, weights.at(*link.first, link.first->weight),
                                              weights.at(*link.second, link.second->weight)));
        }
    }
    std::vector<EqualizedPair> pairs;
    for (const Link& link : links) {
        pairs.push_back({link.first->name, link.second->name, {link.factor.begin(), link.factor.end()}});
    }
    return pairs;
}

Graph equalize(const Graph& graph, const std::vector<Unit>& units, const std::vector<EqualizedPair>& pairs) {
    UnitsByName by_name;
    for (const Unit& unit : units) by_name.try_emplace(unit.name, &unit);
    const std::vector<Link> links = find_links(graph, units);
    std::map<const Unit*, const Link*> link_of;  // by its first unit, which has one link at most
    for (const Link& link : links) link_of.emplace(link.first, &link);
    Rescaler constants(graph);
    for (const EqualizedPair& pair : pairs) {
        const Unit& first = *unit_named(by_name, pair.first);
        const Unit& second = *unit_named(by_name, pair.second);
        const auto known = link_of.find(&first);
        const Link* link = known == link_of.end() ? nullptr : known->second;
        if (link == nullptr || link->second != &second || link->factor.size() != pair.factor.size()) {
            throw ModelError("equalization of '" + pair.first + "' and '" + pair.second + "' does not fit the model");
        }
        scale_channels(constants.at(first, first.weight), link->outputs, pair.factor, true);
        if (first.bias.is_valid()) {
            const Slices bias{.channels = pair.factor.size()};
            scale_channels(constants.at(first, first.bias), bias, pair.factor, true);
        }
        scale_channels(constants.at(second, second.weight), link->inputs, pair.factor, false);
    }
    return std::move(constants).build();
}

}  // namespace halftone
