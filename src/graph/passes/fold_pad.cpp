// fold_pad: a Pad of zeros in front of a Conv becomes the Conv's own padding. Exporters of TensorFlow write such Pads
// for strided convolutions; as a node of its own a Pad copies the whole tensor.
#include <algorithm>
#include <optional>

#include "graph/builder.hpp"
#include "graph/passes/passes.hpp"

namespace halftone {
namespace {

/// A stored zero: codes equal to the zero point, or, without one, to 0.
bool is_dequantized_zero(const Graph& graph, const Node& dequantize) {
    const Tensor& codes = graph.value(dequantize.inputs[0]).constant;
    if (codes.is_empty() || codes.elements() != 1) return false;
    if (!has_input(dequantize, 2)) return codes.view().data[0] == std::byte{0} && codes.bytes() == 1;
    const Tensor& zero_point = graph.value(dequantize.inputs[2]).constant;
    return zero_point.dtype() == codes.dtype() && zero_point.elements() == 1 &&
           std::equal(codes.view().data, codes.view().data + codes.bytes(), zero_point.view().data);
}

bool is_zero_or_absent(const Graph& graph, const Node& pad, std::size_t input) {
    if (!has_input(pad, input)) return true;
    const NodeId producer = graph.producer(pad.inputs[input]);
    if (producer.is_valid()) {
        return graph.node(producer).op == "DequantizeLinear" && is_dequantized_zero(graph, graph.node(producer));
    }
    const Tensor& value = graph.value(pad.inputs[input]).constant;
    const auto is_zero = [](std::byte b) { return b == std::byte{0}; };
    return !value.is_empty() && std::all_of(value.view().data, value.view().data + value.bytes(), is_zero);
}

/// Zeros around the spatial dimensions: begin of each, then end of each, as Conv has them.
std::optional<std::vector<std::int64_t>> spatial_zeros(const Graph& graph, const Node& pad) {
    if (pad.op != "Pad" || string_attribute(pad, "mode", "constant") != "constant" || has_input(pad, 3)) {
        return std::nullopt;
    }
    if (!has_input(pad, 1) || !is_zero_or_absent(graph, pad, 2)) return std::nullopt;
    const Tensor& constant = graph.value(pad.inputs[1]).constant;
    const std::size_t rank = graph.value(pad.inputs[0]).type.shape.rank();
    if (constant.is_empty() || constant.dtype() != DType::s64 || rank < 3) return std::nullopt;
    const auto pads = constant.as<std::int64_t>();
    if (pads.size() != 2 * rank) return std::nullopt;
    // Of N, C, H, W only H and W: a Conv cannot pad samples or channels.
    std::vector<std::int64_t> spatial;
    for (std::size_t i = 0; i < pads.size(); ++i) {
        // Negative pads cut pixels off, which a Conv cannot. The upper limit keeps the sum below from overflowing.
        if (pads[i] < 0 || pads[i] >= (std::int64_t{1} << 30)) return std::nullopt;
        if (i % rank >= 2) {
            spatial.push_back(pads[i]);
        } else if (pads[i] != 0) {
            return std::nullopt;
        }
    }
    return spatial;
}

/// One scale and zero point, both constants, equal in two QuantizeLinear or DequantizeLinear nodes.
bool have_equal_parameters(const Graph& graph, const Node& a, const Node& b) {
    for (const std::size_t i : {std::size_t{1}, std::size_t{2}}) {
        if (!has_input(a, i) || !has_input(b, i)) return false;
        const Tensor& left = graph.value(a.inputs[i]).constant;
        const Tensor& right = graph.value(b.inputs[i]).constant;
        if (left.is_empty() || right.is_empty()) return false;
        // [] and [1] are both one element.
        if (left.dtype() != right.dtype() || left.elements() != 1 || right.elements() != 1) return false;
        if (!std::equal(left.view().data, left.view().data + left.bytes(), right.view().data)) return false;
    }
    return true;
}

NodeId made_by(const Graph& graph, ValueId value, const char* op) {
    const NodeId producer = graph.producer(value);
    return producer.is_valid() && graph.node(producer).op == op ? producer : NodeId{};
}

/// The Pad that gives a convolution its data: before it, or, in a quantized file, before DequantizeLinear and
/// QuantizeLinear with the parameters that the padded value has already: then the padding is the code of zero.
NodeId pad_before(const Graph& graph, const Node& conv) {
    const ValueId data = conv.inputs[0];
    if (const NodeId pad = made_by(graph, data, "Pad"); pad.is_valid()) return pad;
    const NodeId dequantize = made_by(graph, data, "DequantizeLinear");
    if (!dequantize.is_valid()) return {};
    const NodeId quantize = made_by(graph, graph.node(dequantize).inputs[0], "QuantizeLinear");
    if (!quantize.is_valid()) return {};
    const NodeId pad = made_by(graph, graph.node(quantize).inputs[0], "Pad");
    if (!pad.is_valid()) return {};
    const NodeId before = made_by(graph, graph.node(pad).inputs[0], "DequantizeLinear");
    const bool are_equal = before.is_valid() &&
                           have_equal_parameters(graph, graph.node(before), graph.node(quantize)) &&
                           have_equal_parameters(graph, graph.node(before), graph.node(dequantize));
    return are_equal ? pad : NodeId{};
}

}  // namespace

/// Zeros that a Pad puts around the pixels in front of a Conv become the Conv's own padding, which costs nothing. The
/// Pad goes when nobody else reads it.
Graph fold_pad(const Graph& graph, const OpLibrary&) {
    GraphBuilder builder(graph);
    for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
        const Node& conv = graph.nodes()[n];
        // SAME_UPPER and SAME_LOWER compute the padding from the size, which the Pad has changed.
        const std::string auto_pad = string_attribute(conv, "auto_pad", "NOTSET");
        if (conv.op != "Conv" || (auto_pad != "NOTSET" && auto_pad != "VALID")) continue;
        const NodeId pad = pad_before(graph, conv);
        const auto zeros = pad.is_valid() ? spatial_zeros(graph, graph.node(pad)) : std::nullopt;
        if (!zeros) continue;
        std::vector<std::int64_t> pads(zeros->size(), 0);
        if (auto_pad == "NOTSET") pads = ints_attribute(conv, "pads", pads);
        if (pads.size() != zeros->size()) continue;
        for (std::size_t i = 0; i < pads.size(); ++i) pads[i] += (*zeros)[i];
        Node& edited = builder.node(make_id<NodeId>(n));
        edited.attributes.erase("auto_pad");
        edited.attributes["pads"] = pads;
        edited.inputs[0] = graph.node(pad).inputs[0];
    }
    return std::move(builder).build();
}

}  // namespace halftone
