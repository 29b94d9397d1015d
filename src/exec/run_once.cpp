#include "exec/run_once.hpp"

#include <cstring>

#include "base/error.hpp"
#include "exec/bind_inputs.hpp"
#include "exec/interpreter.hpp"
#include "exec/session.hpp"
#include "graph/passes/passes.hpp"
#include "graph/tail/split_tail.hpp"
#include "kernel/ops/reference_ops.hpp"

namespace halftone {
namespace {

void check_array(const Value& input, const Tensor& array) {
    const std::string owner = "input '" + input.name + "'";
    if (array.dtype() != input.type.dtype) {
        throw DataError(owner + " is " + std::string(to_string(input.type.dtype)) + ", the array is " +
                        std::string(to_string(array.dtype())));
    }
    const Shape& wanted = input.type.shape;
    bool fits = array.shape().rank() == wanted.rank();
    for (std::size_t d = 0; fits && d < wanted.rank(); ++d) {
        fits = wanted[d] == kSymbolic || wanted[d] == array.shape()[d];
    }
    if (!fits) throw DataError(owner + " is " + wanted.to_text() + ", the array is " + array.shape().to_text());
}

/// Dimensions that the model calls by one name must have one size. Without names they may differ: what is first need
/// not be a batch, and the operators compare the sizes that meet.
void check_shared_sizes(const Graph& graph, const std::vector<Tensor>& arrays) {
    std::map<std::string, std::pair<std::int64_t, std::string>> known;  // by dimension: its size, and the input
    for (std::size_t i = 0; i < arrays.size(); ++i) {
        const Value& input = graph.value(graph.inputs()[i]);
        for (std::size_t d = 0; d < input.type.shape.rank(); ++d) {
            const auto name = graph.info().dim_names.find(input.name + ":" + std::to_string(d));
            if (name == graph.info().dim_names.end()) continue;
            const std::int64_t size = arrays[i].shape()[d];
            const auto [first, is_new] = known.emplace(name->second, std::pair{size, input.name});
            if (is_new || first->second.first == size) continue;
            throw DataError("the dimension '" + name->second + "' has the size " + std::to_string(first->second.first) +
                            " in the array of '" + first->second.second + "' and " + std::to_string(size) +
                            " in that of '" + input.name + "'");
        }
    }
}

}  // namespace

std::vector<Tensor> run_once(const Graph& graph, const std::vector<Tensor>& arrays, Backend backend) try {
    if (arrays.size() != graph.inputs().size()) {
        throw DataError("the model has " + std::to_string(graph.inputs().size()) + " inputs, given are " +
                        std::to_string(arrays.size()));
    }
    std::map<ValueId, Tensor> by_id;  // binding renumbers the inputs; names stay
    for (std::size_t i = 0; i < arrays.size(); ++i) {
        check_array(graph.value(graph.inputs()[i]), arrays[i]);
        by_id.emplace(graph.inputs()[i], arrays[i]);
    }
    check_shared_sizes(graph, arrays);
    // Bound first, then simplified: shapes that follow from the arrays become constants for the passes.
    const Graph given = bind_inputs(graph, by_id);
    if (given.inputs().empty() && has_data_dependent_operator(given)) return interpret(given, reference_ops(), {});
    Graph bound;
    try {
        bound = run_passes(given, reference_ops());
    } catch (const DataDependentShape&) {  // all of it is a tail, and the arrays are at hand
        return interpret(graph, reference_ops(), arrays);
    }
    Session session(bound, reference_ops(), {.batch = 1, .backend = backend});  // the arrays' shapes are bound already
    for (std::size_t i = 0; i < bound.inputs().size(); ++i) {
        const auto id = graph.find_value(bound.value(bound.inputs()[i]).name);
        const TensorView from = by_id.at(*id).view();
        if (from.bytes() != 0) std::memcpy(session.input(i).data, from.data, from.bytes());
    }
    session.run();
    if (bound.info().tail != nullptr) return TailRunner(bound, reference_ops()).run(session);
    std::vector<Tensor> outputs;
    for (std::size_t i = 0; i < bound.outputs().size(); ++i) {
        const TensorView view = session.output(i);
        outputs.emplace_back(view.type);
        if (view.bytes() != 0) std::memcpy(outputs.back().mutable_view().data, view.data, view.bytes());
    }
    return outputs;
} catch (ModelError& error) {
    error.add_context("opset " + std::to_string(graph.info().opset));
    throw;
}

}  // namespace halftone
