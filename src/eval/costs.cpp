#include "eval/costs.hpp"

#include <algorithm>
#include <variant>

#include "base/error.hpp"
#include "eval/model_feed.hpp"
#include "eval/open_shapes.hpp"
#include "eval/shaped_sessions.hpp"
#include "exec/session.hpp"
#include "graph/onnx/onnx_files.hpp"
#include "kernel/ops/op.hpp"
#include "kernel/ops/reference_ops.hpp"

namespace halftone {
namespace {

/// Whether a sample has the shapes that the graph's inputs are bound to, rows and whole inputs alike.
bool is_as_bound(const Graph& graph, const Sample& sample, const InputFields& fields) {
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const auto& bound = graph.value(graph.inputs()[i]).type.shape.dims();
        const auto& dims = std::get<Tensor>(sample.inputs.at(fields[i])).shape().dims();
        const auto skipped = static_cast<std::ptrdiff_t>(bound.size() == dims.size() + 1 ? 1 : 0);
        if (!std::equal(bound.begin() + skipped, bound.end(), dims.begin(), dims.end())) return false;
    }
    return true;
}

/// The number of the sample that models are timed on: the first one that can be read, and where samples differ in size
/// the first one of the typical size, which is what the graph is bound to. Where bad samples may be skipped, the first
/// one may be bad.
std::int64_t timed_sample(const Graph& graph, const Pipeline& samples, const InputFields& fields) {
    constexpr std::int64_t kLooksFor = 64;  // typical_inputs() looks at fewer
    const bool is_open = has_open_sizes(samples.schema().inputs);
    const std::int64_t last = is_open ? std::min(samples.size(), kLooksFor) : samples.size();
    for (std::int64_t id = 0; (is_open || samples.skips_bad_samples()) && id < last; ++id) {
        try {
            const Sample sample = samples.read(id);
            if (!is_open || is_as_bound(graph, sample, fields)) return id;
        } catch (const DataError&) {
            if (!samples.skips_bad_samples()) throw;
        }
    }
    return !is_open && samples.skips_bad_samples() ? samples.size() - 1 : 0;
}

}  // namespace

std::vector<MedianInterval> time_graphs(const std::vector<Graph>& graphs, const Pipeline& samples) {
    std::vector<Session> sessions;
    std::vector<Session*> pointers;
    sessions.reserve(graphs.size());  // `pointers` point into it
    for (const Graph& graph : graphs) {
        // A model that fixes its batch has more rows than the one sample needs; the others are zeros.
        const std::int64_t rows = executor_batch(graph, {&samples.schema()}, 1);
        const InputFields fields = fields_of(graph, samples.schema());
        const std::int64_t sample = timed_sample(graph, samples, fields);
        // The graph may be bound to a size of another data set, which no sample of this one has.
        const OpenShapes open(graph, samples, fields);
        const InputShapes shapes = open.is_empty() ? InputShapes{} : open.of(samples.read(sample));
        sessions.emplace_back(at_shapes(graph, shapes), reference_ops(), CompileOptions{});
        read_samples(samples, {sample, sample + 1}, fields, rows, inputs_of(sessions.back()));
        pointers.push_back(&sessions.back());
    }
    // All sessions exist before the first one is timed, and are timed in turn: what disturbs the machine meets them
    // alike.
    return measure_latency(pointers, {});
}

std::int64_t exported_bytes(const Graph& graph) {
    return static_cast<std::int64_t>(export_onnx_files(graph, "model").bytes());
}

Costs measure_bytes(const Graph& graph) {
    // A weight cache of its own, which counts this session's packed weights and nobody else's.
    const auto weights = make_weight_cache();
    CompileOptions options;
    options.weights = weights.get();
    const Session session(graph, reference_ops(), options);
    const std::size_t footprint =
        weights->bytes() + session.step_weight_bytes() + session.arena_bytes() + session.scratch_bytes();
    return {
        .latency_ms = 0, .model_bytes = exported_bytes(graph), .footprint_bytes = static_cast<std::int64_t>(footprint)};
}

}  // namespace halftone
