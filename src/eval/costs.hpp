#pragma once
// What a model costs on this rank: the time of its runs, the bytes of its file and of its session.

#include <cstdint>
#include <vector>

#include "data/dataset.hpp"
#include "eval/latency.hpp"
#include "graph/graph.hpp"
#include "trial/costs.hpp"

namespace halftone {

/// Times several graphs side by side: batch 1, in interleaved rounds, each on the first sample of `samples`, or, where
/// samples differ in size, on the first one of the size that the graphs are bound to.
/// @return one latency for each graph, in their order
[[nodiscard]] std::vector<MedianInterval> time_graphs(const std::vector<Graph>& graphs, const Pipeline& samples);

/// Returns the size of the ONNX file that the graph is exported to.
[[nodiscard]] std::int64_t exported_bytes(const Graph& graph);

/// Returns the size of the exported file and the memory of a session at batch 1: weights, arena and scratch memory.
/// `latency_ms` of the result is 0, because nothing is run.
[[nodiscard]] Costs measure_bytes(const Graph& graph);

}  // namespace halftone
