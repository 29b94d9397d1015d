#pragma once
// Nodes that compute y = factor * x + offset for each channel, with constant factors and offsets: Mul, Div, Add, Sub by
// a scalar or a number for each channel, and BatchNormalization.

#include <cstdint>
#include <optional>
#include <vector>

#include "graph/graph.hpp"

namespace halftone {

/// One factor and one offset for each channel.
struct ChannelAffine {
    std::vector<double> factor;
    std::vector<double> offset;

    explicit ChannelAffine(std::int64_t channels)
        : factor(static_cast<std::size_t>(channels), 1.0), offset(static_cast<std::size_t>(channels), 0.0) {}
    /// Applies another one behind this one.
    void append(const ChannelAffine& next);
    /// Returns whether no offset differs from 0.
    [[nodiscard]] bool has_no_offset() const;
    /// Returns whether no factor differs from 1.
    [[nodiscard]] bool has_no_factor() const;
    /// Returns whether all factors are equal and no offset differs from 0.
    [[nodiscard]] bool is_one_factor() const;
};

/// Where a value has its channels, and how many.
struct ChannelAxis {
    std::size_t axis = 0;
    std::int64_t channels = 0;
};

/// Reads a node as an affine function of its input `x`. Returns nothing if it is another function, if a constant is no
/// scalar and no row along the channel axis, or if the result would have another shape than x.
/// Source of the normalization: ONNX operator BatchNormalization, opset 15: (x - mean) / sqrt(var + epsilon) * scale +
/// bias.
[[nodiscard]] std::optional<ChannelAffine> channel_affine(const Graph& graph, const Node& node, ValueId x,
                                                          ChannelAxis channels);

}  // namespace halftone
