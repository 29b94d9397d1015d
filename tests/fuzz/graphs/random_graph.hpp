#pragma once
// Small valid graphs out of fuzz bytes, over every registered operator.

#include <cstdint>
#include <string>
#include <vector>

#include "fuzz/graphs/byte_source.hpp"
#include "graph/graph.hpp"

namespace halftone::fuzz {

/// How large a graph may become. The same bytes are another graph under other limits.
struct GraphLimits {
    int nodes = 12;
    int tries = 24;  ///< operators that are proposed; those that do not fit are left out
    /// Of a value. Larger ones only take time; the kernels' vector loops and their tails all run below it.
    std::int64_t elements = 4096;
    std::int64_t most_inputs = 2;
    std::int64_t channels = 9;  ///< the largest second dimension of an input
    std::int64_t width = 6;     ///< the largest of the dimensions behind it
};
/// Graphs that take a tenth of the time: one node or two beside each other, which is what most faults need.
inline constexpr GraphLimits kSmallGraph{
    .nodes = 2, .tries = 4, .elements = 128, .most_inputs = 1, .channels = 5, .width = 4};

/// A typed graph. All shapes are static. Its outputs are the values that no node reads.
/// @param ops  types of the operators that may be in it, each as often as it is listed
[[nodiscard]] Graph random_graph(ByteSource& source, const std::vector<std::string>& ops,
                                 const GraphLimits& limits = {});

/// One array for each graph input, of its type and shape.
/// @param has_odd_numbers  whether NaN, infinities and other special numbers may be among the elements
[[nodiscard]] std::vector<Tensor> random_inputs(ByteSource& source, const Graph& graph, bool has_odd_numbers);

}  // namespace halftone::fuzz
