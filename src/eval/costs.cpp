#include "eval/costs.hpp"

#include "eval/sample_feed.hpp"
#include "exec/session.hpp"
#include "graph/onnx/onnx_model.hpp"
#include "kernel/ops/op.hpp"
#include "kernel/ops/reference_ops.hpp"

namespace halftone {

std::vector<MedianInterval> time_graphs(const std::vector<Graph>& graphs, const Pipeline& samples) {
    std::vector<Session> sessions;
    std::vector<Session*> pointers;
    sessions.reserve(graphs.size());  // `pointers` point into it
    for (const Graph& graph : graphs) {
        sessions.emplace_back(graph, reference_ops(), CompileOptions{});
        read_samples(samples, {0, 1}, fields_of(graph, samples.schema()), 1, inputs_of(sessions.back()));
        pointers.push_back(&sessions.back());
    }
    return measure_latency(pointers, {});
}

std::int64_t exported_bytes(const Graph& graph) { return static_cast<std::int64_t>(export_onnx(graph).size()); }

Costs measure_bytes(const Graph& graph) {
    // A weight cache of its own, which counts this session's packed weights and nobody else's.
    const auto weights = make_weight_cache();
    CompileOptions options;
    options.weights = weights.get();
    const Session session(graph, reference_ops(), options);
    const std::size_t footprint = weights->bytes() + session.arena_bytes() + session.scratch_bytes();
    return {
        .latency_ms = 0, .model_bytes = exported_bytes(graph), .footprint_bytes = static_cast<std::int64_t>(footprint)};
}

}  // namespace halftone
