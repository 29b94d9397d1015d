#pragma once
// Cross-layer equalization: channels between two linear units are rescaled so that both weights use their ranges
// evenly. The function of the network stays the same, because a factor per channel passes through a Relu. Source: Nagel
// et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", ICCV 2019, eq. 11.

#include <string>
#include <vector>

#include "graph/graph.hpp"
#include "graph/unit.hpp"

namespace halftone {

/// Output channel i of `first` is divided by factor[i], input channel i of `second` multiplied by it.
struct EqualizedPair {
    std::string first;  ///< unit names
    std::string second;
    std::vector<float> factor;
    friend bool operator==(const EqualizedPair&, const EqualizedPair&) = default;
};

/// Returns the pairs of units in which the second alone reads the first's output, through nothing but the first's own
/// Relu: Conv to Conv (dense or depthwise), Gemm to Gemm. Their factors make max|w| of every channel equal on both
/// sides.
[[nodiscard]] std::vector<EqualizedPair> find_equalization(const Graph& graph, const std::vector<Unit>& units);

/// Returns the graph with the pairs' weights and biases rescaled, in the order given. Units stay as they are.
/// @throws ModelError when a pair does not belong to the graph
[[nodiscard]] Graph equalize(const Graph& graph, const std::vector<Unit>& units,
                             const std::vector<EqualizedPair>& pairs);

}  // namespace halftone
