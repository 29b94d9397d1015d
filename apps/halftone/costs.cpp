#include "costs.hpp"

#include "eval/latency.hpp"
#include "graph/onnx/onnx_model.hpp"
#include "kernel/ref/ref_op.hpp"

namespace halftone::app {

std::vector<tune::Timing> time_candidates(Workbench& bench, const std::vector<Candidate>& candidates) {
    const Pipeline& data = bench.evaluation ? *bench.evaluation : *bench.calibration;
    std::vector<Session> sessions;
    std::vector<Session*> pointers;
    std::vector<std::int64_t> label(1);
    sessions.reserve(candidates.size());
    for (const Candidate& candidate : candidates) {
        sessions.emplace_back(bench.evaluator->quantized(candidate).graph, reference_ops(), CompileOptions{});
        data.read(0, 1, sessions.back().input(0), label);
        pointers.push_back(&sessions.back());
    }
    std::vector<tune::Timing> timings;
    for (const Latency& latency : measure_latency(pointers, {})) {
        timings.push_back({latency.median_ms, latency.low_ms, latency.high_ms});
    }
    return timings;
}

tune::Costs measure_bytes(Workbench& bench, const Candidate* candidate) {
    const Graph graph = candidate ? bench.evaluator->quantized(*candidate).graph : bench.model.graph;
    const auto weights = make_weight_cache();
    CompileOptions options;
    options.weights = weights.get();
    const Session session(graph, reference_ops(), options);
    const std::size_t footprint = weights->bytes() + session.arena_bytes() + session.scratch_bytes();
    return {.latency_ms = 0,
            .model_bytes = static_cast<std::int64_t>(export_onnx(graph).size()),
            .footprint_bytes = static_cast<std::int64_t>(footprint)};
}

}  // namespace halftone::app
