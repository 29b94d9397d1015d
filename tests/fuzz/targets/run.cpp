// Bytes as decisions: a small valid graph over all registered operators, and its inputs. It must run by the plain loops
// and by the fast kernels, and both must agree with the operators run one by one (graphs/compare.hpp has the rule).
//
// Every input is a graph of one or two nodes for the fast kernels. One input in 8 runs it by the plain loops, and one
// in 64 is a graph of up to 12 nodes as well.
#include <optional>

#include "base/error.hpp"
#include "exec/run_once.hpp"
#include "fuzz/graphs/compare.hpp"
#include "fuzz/graphs/random_graph.hpp"
#include "fuzz/target.hpp"
#include "graph/own_operators.hpp"
#include "kernel/ops/find_op.hpp"

namespace halftone::fuzz {
namespace {

/// All operators of the format, and once more those that have a fast kernel: fusing happens around them.
std::vector<std::string> operators() {
    std::vector<std::string> ops = op_types(Backend::ref);
    std::erase_if(ops, is_own_operator);
    const std::vector<std::string> fast = op_types(Backend::dnnl);
    ops.insert(ops.end(), fast.begin(), fast.end());
    return ops;
}

/// "\n  v3 [2,4] = Gemm(x0, c1, c2) transA=1" for each node.
std::string described(const Graph& graph) {
    std::string text;
    for (const Node& node : graph.nodes()) {
        text += "\n  ";
        for (const ValueId id : node.outputs) {
            text += graph.value(id).name + " " + graph.value(id).type.shape.to_text() + " ";
        }
        text += "= " + node.op + "(";
        for (const ValueId id : node.inputs) text += (id.is_valid() ? graph.value(id).name : "") + ",";
        text += ")";
        for (const auto& [name, attribute] : node.attributes) {
            text += " " + name;
            if (const auto* number = std::get_if<std::int64_t>(&attribute)) text += "=" + std::to_string(*number);
            if (const auto* number = std::get_if<float>(&attribute)) text += "=" + std::to_string(*number);
            if (const auto* word = std::get_if<std::string>(&attribute)) text += "=" + *word;
        }
    }
    return text;
}

void check_graph(std::string_view bytes, const GraphLimits& limits, const std::vector<Backend>& backends) {
    static const std::vector<std::string> ops = operators();
    ByteSource source(bytes);
    const Graph graph = random_graph(source, ops, limits);
    const std::vector<Tensor> inputs = random_inputs(source, graph, true);
    std::optional<Judge> judge;
    try {
        judge.emplace(graph, inputs);
    } catch (const ModelError&) {
        return;  // valid by its shapes, but not for these values: an index that a node computes is out of range
    }
    for (const Backend backend : backends) {
        try {
            const std::string found = judge->difference(run_once(graph, inputs, backend));
            if (!found.empty()) {
                finding((backend == Backend::ref ? "ref: " : "fast: ") + found + described(graph));
            }
        } catch (const ModelError& error) {
            finding(std::string("a valid graph is refused: ") + error.what() + described(graph));
        }
    }
}

void run_run(std::string_view bytes) {
    check_graph(bytes, kSmallGraph, {Backend::dnnl});
    if (is_in_share(bytes, 8)) check_graph(bytes, kSmallGraph, {Backend::ref});
    if (is_in_share(bytes, 64, 1)) check_graph(bytes, {}, {Backend::ref, Backend::dnnl});
}

}  // namespace

FuzzTarget make_run_target() { return {.run = &run_run, .seeds = &random_seeds}; }

}  // namespace halftone::fuzz
