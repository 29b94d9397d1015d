#pragma once
// Runs a graph node by node with the values that an OpLibrary gives: slow, and nothing that could be wrong by itself.

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "graph/graph.hpp"
#include "graph/op_library.hpp"

namespace halftone::test {

/// Returns the graph's outputs for one tensor per graph input. @pre the shapes of the inputs are static
inline std::vector<Tensor> interpret(const Graph& graph, const OpLibrary& ops, const std::vector<Tensor>& inputs) {
    std::vector<Tensor> values(graph.values().size());
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = graph.values()[i].constant;
    for (std::size_t i = 0; i < inputs.size(); ++i) values[graph.inputs().at(i).index()] = inputs[i];
    for (const Node& node : graph.nodes()) {
        OpContext op{.node = node, .inputs = {}, .constants = {}};
        std::vector<Tensor> arguments;
        for (const ValueId id : node.inputs) {
            arguments.push_back(id.is_valid() ? values[id.index()] : Tensor());
            op.inputs.push_back(id.is_valid() ? arguments.back().type() : TensorType{});
        }
        for (std::size_t i = 0; i < arguments.size(); ++i) {
            op.constants.push_back(node.inputs[i].is_valid() ? &arguments[i] : nullptr);
        }
        const bool is_copy = node.op == "Identity" || node.op == "Dropout";
        const std::vector<Tensor> outputs = is_copy ? std::vector{arguments.at(0)} : ops.evaluate(op, arguments);
        for (std::size_t i = 0; i < node.outputs.size() && i < outputs.size(); ++i) {
            if (node.outputs[i].is_valid()) values[node.outputs[i].index()] = outputs[i];
        }
    }
    std::vector<Tensor> results;
    for (const ValueId id : graph.outputs()) results.push_back(values[id.index()]);
    return results;
}

}  // namespace halftone::test
