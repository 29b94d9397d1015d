#include "kernel/clamp.hpp"

#include "base/check.hpp"

namespace halftone {
namespace {

/// Bound `index` of a Clip or Max: nullopt = present but not a constant scalar; open when the input is missing.
std::optional<float> clip_bound(const Graph& graph, const Node& node, std::size_t index, float open) {
    if (index >= node.inputs.size() || !node.inputs[index].is_valid()) return open;
    const Value& value = graph.value(node.inputs[index]);
    if (!value.is_constant() || value.constant.dtype() != DType::f32 || value.constant.elements() != 1)
        return std::nullopt;
    return value.constant.as<float>()[0];
}

}  // namespace

std::optional<Clamp> find_clamp(const Graph& graph, const Node& node) {
    if (node.op == "Relu") return Clamp{.low = 0.0F, .high = std::numeric_limits<float>::infinity()};
    // Max of a tensor and one constant number is a clamp from below; some exporters write Relu so.
    if (node.op == "Max" && node.inputs.size() == 2 && node.inputs[1].is_valid()) {
        const auto low = clip_bound(graph, node, 1, 0.0F);
        if (!low) return std::nullopt;
        return Clamp{.low = *low, .high = std::numeric_limits<float>::infinity()};
    }
    if (node.op != "Clip") return std::nullopt;
    const auto low = clip_bound(graph, node, 1, -std::numeric_limits<float>::infinity());
    const auto high = clip_bound(graph, node, 2, std::numeric_limits<float>::infinity());
    // A bound that is computed at run time cannot be part of a kernel that is built before.
    if (!low || !high) return std::nullopt;
    return Clamp{.low = *low, .high = *high};
}

Clamp clamp_of(const Graph& graph, const Node& node) {
    const auto clamp = find_clamp(graph, node);
    // Units were formed by asking find_clamp(), so a node without a clamp here is a bug and no matter of the model.
    HALFTONE_CHECK(clamp.has_value(), "a unit's activation is Relu or Clip with constant bounds");
    return *clamp;
}

}  // namespace halftone
