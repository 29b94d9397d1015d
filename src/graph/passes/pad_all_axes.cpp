// pad_all_axes: a Pad that names its axes (opset 18) becomes one with pads for all of them, the older form of the same
// meaning. ONNX Runtime's optimizer moves a Transpose past a Pad and overlooks the axes, and fold_pad reads one form
// only.
#include <optional>
#include <vector>

#include "graph/builder.hpp"
#include "graph/passes/passes.hpp"

namespace halftone {
namespace {

/// The values of a constant int64 or int32 input.
std::optional<std::vector<std::int64_t>> integers_at(const Graph& graph, const Node& node, std::size_t input) {
    if (!has_input(node, input)) return std::nullopt;
    const Tensor& constant = graph.value(node.inputs[input]).constant;
    std::vector<std::int64_t> values;
    if (constant.is_empty()) return std::nullopt;
    if (constant.dtype() == DType::s64) {
        for (const std::int64_t value : constant.as<std::int64_t>()) values.push_back(value);
    } else if (constant.dtype() == DType::s32) {
        for (const std::int32_t value : constant.as<std::int32_t>()) values.push_back(value);
    } else {
        return std::nullopt;
    }
    return values;
}

/// Begins and ends for all axes of the data; nothing if the axes are not constant.
std::optional<std::vector<std::int64_t>> pads_of_all_axes(const Graph& graph, const Node& pad) {
    const auto axes = integers_at(graph, pad, 3);
    const auto pads = integers_at(graph, pad, 1);
    if (!axes || !pads || pads->size() != 2 * axes->size()) return std::nullopt;
    const auto rank = static_cast<std::int64_t>(graph.value(pad.inputs[0]).type.shape.rank());
    std::vector<std::int64_t> all(static_cast<std::size_t>(2 * rank), 0);
    for (std::size_t i = 0; i < axes->size(); ++i) {
        const std::int64_t axis = (*axes)[i] < 0 ? (*axes)[i] + rank : (*axes)[i];
        if (axis < 0 || axis >= rank) return std::nullopt;
        all[static_cast<std::size_t>(axis)] = (*pads)[i];
        all[static_cast<std::size_t>(axis + rank)] = (*pads)[i + axes->size()];
    }
    return all;
}

}  // namespace

/// Pads of axes that a Pad does not name are zeros. A Pad whose axes or pads are computed stays as it is.
Graph pad_all_axes(const Graph& graph, const OpLibrary&) {
    GraphBuilder builder(graph);
    for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
        const Node& pad = graph.nodes()[n];
        if (pad.op != "Pad" || !has_input(pad, 3)) continue;
        const auto all = pads_of_all_axes(graph, pad);
        if (!all) continue;
        const std::string name = builder.fresh_value_name(graph.value(pad.inputs[1]).name + "_all_axes");
        const auto size = static_cast<std::int64_t>(all->size());
        const ValueId pads = builder.add_constant(name, Tensor::of<std::int64_t>(Shape{size}, *all));
        Node& edited = builder.node(make_id<NodeId>(n));
        edited.inputs[1] = pads;
        edited.inputs.resize(has_input(pad, 2) ? 3 : 2);
    }
    return std::move(builder).build();
}

}  // namespace halftone
