#include "eval/shaped_sessions.hpp"

#include <algorithm>
#include <string>

#include "base/budget.hpp"
#include "base/error.hpp"
#include "graph/passes/passes.hpp"
#include "kernel/ops/reference_ops.hpp"

namespace halftone {
namespace {

/// A session without its weights, which are shared, takes some hundred kilobytes. With multiples of 16, texts of 512
/// tokens have 32 shapes, and samples of a shape run in batches of up to three sizes (SampleSource).
constexpr std::size_t kMostSessions = 96;
/// Sessions are made again in seconds; what else a run needs of the memory is not.
constexpr std::uint64_t kFreeShareOfMemory = 4;
/// Shapes of values that are kept. Pictures may all have different ones.
constexpr std::size_t kMostKnownShapes = 1024;

std::string text_of(const InputShapes& shapes) {
    std::string text;
    for (const Shape& shape : shapes) text += shape.to_text();
    return text;
}

}  // namespace

Graph at_shapes(const Graph& graph, const InputShapes& shapes) {
    if (shapes.empty()) return graph;
    const auto& inputs = graph.inputs();
    const bool is_as_bound = std::equal(shapes.begin(), shapes.end(), inputs.begin(), inputs.end(),
                                        [&](const Shape& s, ValueId id) { return s == graph.value(id).type.shape; });
    if (is_as_bound) return graph;
    try {
        return with_input_shapes(graph, reference_ops(), shapes);
    } catch (ModelError& error) {
        error.add_context("at inputs of " + text_of(shapes) +
                          " (collate.pad_to can pad samples to sizes that the model runs at)");
        throw;
    }
}

bool are_enough_sessions(std::size_t sessions) {
    if (sessions >= kMostSessions) return true;
    const Budget& budget = process_budget();
    return sessions > 0 && budget.bytes_left() < budget.byte_limit() / kFreeShareOfMemory;
}

ShapedSessions::ShapedSessions(const Graph& graph, const CompileOptions& options) : graph_(graph), options_(options) {
    if (options_.weights == nullptr) {
        own_weights_ = make_weight_cache();
        options_.weights = own_weights_.get();
    }
    if (options_.memory == nullptr) {
        own_memory_ = std::make_unique<WorkingMemory>();
        options_.memory = own_memory_.get();
    }
}

Session& ShapedSessions::at(const SessionShape& shape) {
    const auto known =
        std::find_if(sessions_.begin(), sessions_.end(), [&](const auto& session) { return session.first == shape; });
    if (known != sessions_.end()) {
        sessions_.splice(sessions_.begin(), sessions_, known);
        return sessions_.front().second;
    }
    while (are_enough_sessions(sessions_.size())) sessions_.pop_back();
    options_.batch = shape.rows;
    sessions_.emplace_front(shape, Session(at_shapes(graph_, shape.inputs), reference_ops(), options_));
    return sessions_.front().second;
}

ShapesOfValues UnpaddedValues::at(const InputShapes& unpadded) {
    const std::string key = text_of(unpadded);
    if (const auto known = known_.find(key); known != known_.end()) return known->second;
    if (known_.size() >= kMostKnownShapes) known_.clear();
    std::vector<Shape> shapes;
    try {
        const std::vector<TensorType> types =
            bind_batch(with_input_shapes(graph_, reference_ops(), unpadded), reference_ops(), 1);
        for (const ValueId id : values_) shapes.push_back(types[id.index()].shape);
    } catch (const ModelError&) {
        shapes.clear();  // a U-Net, for example, runs at multiples of 16 only
    }
    return known_.emplace(key, std::make_shared<const std::vector<Shape>>(std::move(shapes))).first->second;
}

UsedParts UnpaddedValues::parts_of(const SampleBatch& samples, std::int64_t batch) {
    UsedParts parts{.rows = samples.rows, .batch = batch};
    for (const InputShapes& unpadded : samples.unpadded) {
        parts.unpadded.push_back(unpadded.empty() ? nullptr : at(unpadded));
    }
    return parts;
}

}  // namespace halftone
