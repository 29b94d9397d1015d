#include "graph/tail/typed_head.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/error.hpp"
#include "graph/inference/inference.hpp"
#include "graph/tail/split_tail.hpp"
#include "graph/tail/unroll.hpp"

namespace halftone {
namespace {

Graph with_inferred_types(const Graph& graph, const OpLibrary& ops) {
    return with_types(graph, infer_values(graph, ops, source_types(graph)).types);
}

bool has_bodies(const Graph& graph) {
    const auto& nodes = graph.nodes();
    return std::any_of(nodes.begin(), nodes.end(), [](const Node& node) { return node.bodies != nullptr; });
}

/// A model with a tail runs sample by sample, so it may be one that only a batch of 1 fits: a detector that squeezes
/// the batch away before it looks at its boxes.
Graph unroll_at_open_batch(const Graph& graph, const OpLibrary& ops) {
    try {
        return unroll_control_flow(graph, ops);
    } catch (const ModelError&) {
        return unroll_control_flow(with_batch(graph, 1), ops);
    }
}

/// With the batch as it is: open or a number.
Graph typed_at_batch(const Graph& graph, const OpLibrary& ops) {
    if (!has_data_dependent_operator(graph)) {
        try {
            return with_inferred_types(graph, ops);
        } catch (const DataDependentShape&) {  // the walk below finds where it begins
        }
    }
    Graph unrolled = unroll_at_open_batch(graph, ops);
    // What is left becomes a tail, for which the batch is 1. With that number more may be known.
    if (has_bodies(unrolled)) unrolled = unroll_control_flow(with_batch(unrolled, 1), ops);
    return with_inferred_types(split_tail(unrolled, ops), ops);
}

std::optional<Graph> try_batch(const Graph& graph, const OpLibrary& ops, std::int64_t batch) {
    try {
        return typed_at_batch(with_batch(graph, batch), ops);
    } catch (const ModelError&) {
        return std::nullopt;
    }
}

bool has_open_batch(const Graph& graph) {
    return std::any_of(graph.inputs().begin(), graph.inputs().end(), [&](ValueId id) {
        const Shape& shape = graph.value(id).type.shape;
        return shape.rank() > 0 && shape[0] == kSymbolic;
    });
}

/// "--shape x=1,3,6,6", for each input whose batch is open.
std::string batch_options(const Graph& graph) {
    std::vector<std::string> options;
    for (const ValueId id : graph.inputs()) {
        Shape shape = graph.value(id).type.shape;
        if (shape.rank() == 0 || shape[0] != kSymbolic) continue;
        shape[0] = 1;
        options.push_back(fmt::format("--shape {}={}", graph.value(id).name, fmt::join(shape.dims(), ",")));
    }
    return fmt::format("{}", fmt::join(options, " "));
}

}  // namespace

Graph typed_head(const Graph& graph, const OpLibrary& ops) {
    try {
        return typed_at_batch(graph, ops);
    } catch (const ModelError& refusal) {
        if (!has_open_batch(graph)) throw;
        std::optional<Graph> single = try_batch(graph, ops, 1);
        if (!single) throw;
        if (try_batch(graph, ops, 2)) return *std::move(single);
        throw ModelError(fmt::format(
            "{}; the model fits a batch of 1 only, whatever its inputs declare: {}, in a config model.input_shapes",
            refusal.what(), batch_options(graph)));
    }
}

}  // namespace halftone
