#include "costs.hpp"

#include "graph/onnx/onnx_model.hpp"
#include "kernel/ref/ref_op.hpp"

namespace halftone::app {

std::vector<Latency> time_graphs(const Workbench& bench, const std::vector<Graph>& graphs) {
    const Pipeline& data = bench.evaluation ? *bench.evaluation : *bench.calibration;
    std::vector<Session> sessions;
    std::vector<Session*> pointers;
    std::vector<std::int64_t> label(1);
    sessions.reserve(graphs.size());
    for (const Graph& graph : graphs) {
        sessions.emplace_back(graph, reference_ops(), CompileOptions{});
        data.read(0, 1, sessions.back().input(0), label);
        pointers.push_back(&sessions.back());
    }
    return measure_latency(pointers, {});
}

std::vector<tune::Timing> time_candidates(Workbench& bench, const std::vector<Candidate>& candidates) {
    std::vector<Graph> graphs;
    for (const Candidate& candidate : candidates) graphs.push_back(bench.evaluator->quantized(candidate).graph);
    std::vector<tune::Timing> timings;
    for (const Latency& latency : time_graphs(bench, graphs)) {
        timings.push_back({latency.median_ms, latency.low_ms, latency.high_ms});
    }
    return timings;
}

std::int64_t exported_bytes(const Graph& graph) { return static_cast<std::int64_t>(export_onnx(graph).size()); }

tune::Costs measure_bytes(Workbench& bench, const Candidate* candidate) {
    const Graph graph = candidate ? bench.evaluator->quantized(*candidate).graph : bench.model.graph;
    const auto weights = make_weight_cache();
    CompileOptions options;
    options.weights = weights.get();
    const Session session(graph, reference_ops(), options);
    const std::size_t footprint = weights->bytes() + session.arena_bytes() + session.scratch_bytes();
    return {
        .latency_ms = 0, .model_bytes = exported_bytes(graph), .footprint_bytes = static_cast<std::int64_t>(footprint)};
}

}  // namespace halftone::app
