#include "eval/costs.hpp"

#include "base/error.hpp"
#include "eval/model_feed.hpp"
#include "exec/session.hpp"
#include "graph/onnx/onnx_model.hpp"
#include "kernel/ops/op.hpp"
#include "kernel/ops/reference_ops.hpp"

namespace halftone {
namespace {

/// The number of the first sample that can be read. Where bad samples may be skipped, the first one may be bad.
std::int64_t first_readable(const Pipeline& samples) {
    for (std::int64_t id = 0; samples.skips_bad_samples() && id + 1 < samples.size(); ++id) {
        try {
            (void)samples.read(id);
            return id;
        } catch (const DataError&) {
            continue;
        }
    }
    return samples.skips_bad_samples() ? samples.size() - 1 : 0;
}

}  // namespace

std::vector<MedianInterval> time_graphs(const std::vector<Graph>& graphs, const Pipeline& samples) {
    std::vector<Session> sessions;
    std::vector<Session*> pointers;
    const std::int64_t sample = first_readable(samples);
    sessions.reserve(graphs.size());  // `pointers` point into it
    for (const Graph& graph : graphs) {
        sessions.emplace_back(graph, reference_ops(), CompileOptions{});
        // A model that fixes its batch has more rows than the one sample needs; the others are zeros.
        const std::int64_t rows = executor_batch(graph, {&samples.schema()}, 1);
        const InputFields fields = fields_of(graph, samples.schema());
        read_samples(samples, {sample, sample + 1}, fields, rows, inputs_of(sessions.back()));
        pointers.push_back(&sessions.back());
    }
    // All sessions exist before the first one is timed, and are timed in turn: what disturbs the machine meets them
    // alike.
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
