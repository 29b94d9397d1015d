#pragma once
// SmoothQuant: outliers of some channels of a MatMul's input move into its weights. X W = (X / s)(s W), channel by
// channel, so the function stays the same while X / s needs fewer codes for its outliers.
// Source: Xiao et al., "SmoothQuant", ICML 2023, eq. 4: s_j = max|X_j|^alpha / max|W_j|^(1 - alpha).

#include <map>
#include <string>
#include <vector>

#include "graph/graph.hpp"
#include "graph/unit.hpp"

namespace halftone {

/// A value whose channel j is divided by factor[j]; the rows of the weights that read it are multiplied.
struct SmoothedValue {
    std::string value;
    std::vector<float> factor;
    friend bool operator==(const SmoothedValue&, const SmoothedValue&) = default;
};

/// Returns the graph with a place for the factors of every value that MatMul units read: the scale and bias of a
/// normalization before it, or else a Mul by ones, which is put in.
[[nodiscard]] Graph prepare_smoothing(const Graph& graph, const std::vector<Unit>& units);

/// The same for the values alone that `wanted` names, by the names that SmoothingPlace has.
[[nodiscard]] Graph prepare_smoothing(const Graph& graph, const std::vector<Unit>& units,
                                      const std::vector<SmoothedValue>& wanted);

/// A value that MatMul units read, with all of these units.
struct SmoothingPlace {
    std::string value;  ///< that smooth() divides: the input itself, or the output of the Mul that would be put in
    ValueId input;      ///< of the units, in the graph as it is
    std::vector<std::size_t> readers;  ///< indices of units
};

/// Returns all values that could be smoothed, in graph order, whether their factors have a place yet or not.
[[nodiscard]] std::vector<SmoothingPlace> smoothing_places(const Graph& graph, const std::vector<Unit>& units);

/// Returns the names of the values that can be smoothed, in graph order. @pre the graph is prepared
[[nodiscard]] std::vector<std::string> smoothable_values(const Graph& graph, const std::vector<Unit>& units);

/// The smallest and the largest element of each channel of a value.
struct ChannelExtremes {
    std::vector<float> low, high;
};

/// Returns the factors of each value, by the extremes of its channels. Channels that are zero everywhere, or whose
/// weights are, get 1. @throws ModelError when a value cannot be smoothed
[[nodiscard]] std::vector<SmoothedValue> find_smoothing(const Graph& graph, const std::vector<Unit>& units,
                                                        const std::map<std::string, ChannelExtremes>& extremes,
                                                        double alpha);

/// Returns the graph with its constants divided and multiplied; ids and units stay as they are.
/// @throws ModelError when a value does not belong to the graph, or has another number of channels
[[nodiscard]] Graph smooth(const Graph& graph, const std::vector<Unit>& units,
                           const std::vector<SmoothedValue>& values);

}  // namespace halftone
