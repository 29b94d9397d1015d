// Bytes as decisions: a small graph around Conv, Gemm and MatMul, ranges of its values, and a plan for its units. What
// apply_plan makes of them, and the file that it is exported to, must compute the same bits.
//
// Every input is a graph of one or two nodes, with given ranges. Where the file holds the same graph node by node, it
// is run for one input in 16 only. One input in 64 is a graph of up to 12 nodes as well, with the ranges of its values.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "base/error.hpp"
#include "exec/prepared_model.hpp"
#include "exec/session.hpp"
#include "fuzz/graphs/random_graph.hpp"
#include "fuzz/target.hpp"
#include "graph/onnx/onnx_model.hpp"
#include "graph/passes/passes.hpp"
#include "kernel/capabilities.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "support/quant_plans.hpp"

namespace halftone::fuzz {
namespace {

std::vector<Tensor> outputs_of(const Graph& graph, const std::vector<Tensor>& inputs,
                               const std::vector<ValueId>& taps) {
    Session session(graph, reference_ops(), {.batch = 1, .taps = taps});
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        std::memcpy(session.input(i).data, inputs[i].view().data, inputs[i].bytes());
    }
    session.run();
    std::vector<Tensor> outputs;
    const std::size_t count = taps.empty() ? graph.outputs().size() : taps.size();
    for (std::size_t i = 0; i < count; ++i) {
        const TensorView view = taps.empty() ? session.output(i) : session.tap(i);
        outputs.emplace_back(view.type);
        if (view.bytes() != 0) std::memcpy(outputs.back().mutable_view().data, view.data, view.bytes());
    }
    return outputs;
}

/// Ranges of the values that a plan could quantize. Those that hold no finite number keep the range of QuantCase.
std::map<std::string, Range> ranges_of(const Graph& graph, const std::vector<Tensor>& inputs) {
    std::map<std::string, Range> ranges;
    std::vector<ValueId> taps;
    const PlanTopology topology(graph, find_units(graph));
    const std::vector<TensorPlan> values = topology.observable();
    for (const TensorPlan& value : values) taps.push_back(value.value);
    if (taps.empty()) return ranges;
    const std::vector<Tensor> tapped = outputs_of(graph, inputs, taps);
    for (std::size_t t = 0; t < taps.size(); ++t) {
        const auto elements = tapped[t].as<float>();
        if (elements.empty() ||
            std::any_of(elements.begin(), elements.end(), [](float x) { return !std::isfinite(x); }))
            continue;
        const auto [low, high] = std::minmax_element(elements.begin(), elements.end());
        ranges[values[t].name] = {*low, *high};
    }
    return ranges;
}

/// Inputs of a graph after its passes: a pass may have dropped some, and names stay.
std::vector<Tensor> inputs_for(const Graph& graph, const Graph& original, const std::vector<Tensor>& inputs) {
    std::vector<Tensor> kept;
    for (const ValueId id : graph.inputs()) {
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            if (original.value(original.inputs()[i]).name == graph.value(id).name) kept.push_back(inputs[i]);
        }
    }
    return kept;
}

void expect_same_bits(const Graph& quantized, const Graph& file, const Graph& graph,
                      const std::vector<Tensor>& inputs) {
    const std::vector<Tensor> before = outputs_of(quantized, inputs_for(quantized, graph, inputs), {});
    const std::vector<Tensor> after = outputs_of(file, inputs_for(file, graph, inputs), {});
    expect(before.size() == after.size(), "an exported model has another number of outputs");
    for (std::size_t i = 0; i < before.size(); ++i) {
        expect(before[i].type() == after[i].type(), "an exported model has outputs of another type");
        expect(
            before[i].bytes() == 0 || std::memcmp(before[i].view().data, after[i].view().data, before[i].bytes()) == 0,
            "an exported model computes other bits");
    }
}

/// How an input is checked.
struct Form {
    GraphLimits limits{};
    bool has_own_ranges = true;  ///< the ranges of the graph's values; else [-2, 2]
    bool is_always_run = true;   ///< even if the file holds the same graph
};

void check_round_trip(const Graph& graph, const std::vector<Tensor>& inputs, ByteSource& source, const Form& form) {
    const std::vector<Unit> units = find_units(graph);
    if (units.empty()) return;
    const CapabilityTable table = capabilities(graph, units, {});
    std::vector<UnitConfig> configs;
    for (const Capability& unit : table) configs.push_back(source.any<UnitConfig>(unit.options));
    const test::QuantCase c(graph, configs,
                            form.has_own_ranges ? ranges_of(graph, inputs) : std::map<std::string, Range>{});
    const Graph quantized = c.apply().graph;
    const PreparedModel file = prepare_model(export_onnx(quantized), "best.onnx");
    if (!form.is_always_run && hash_of(file.graph) == hash_of(quantized)) return;
    expect_same_bits(quantized, file.graph, graph, inputs);
}

void check_graph_of(std::string_view bytes, const Form& form) {
    static const std::vector<std::string> ops{
        "Conv",     "Conv", "Conv",    "Gemm",    "Gemm",    "MatMul", "MatMul",  "Relu",
        "Clip",     "Add",  "MaxPool", "Reshape", "Flatten", "Concat", "Sigmoid", "GlobalAveragePool",
        "HardSwish"};
    ByteSource source(bytes);
    const Graph imported = random_graph(source, ops, form.limits);
    const std::vector<Tensor> inputs = random_inputs(source, imported, false);
    try {
        const Graph graph = run_passes(imported, reference_ops());
        check_round_trip(graph, inputs_for(graph, imported, inputs), source, form);
    } catch (const ModelError&) {
        return;  // a tensor that cannot be quantized, such as a bias beyond 32 bits
    }
}

void run_round_trip(std::string_view bytes) {
    check_graph_of(bytes, {.limits = kSmallGraph, .has_own_ranges = false, .is_always_run = is_in_share(bytes, 16)});
    if (is_in_share(bytes, 64, 1)) check_graph_of(bytes, {});
}

}  // namespace

FuzzTarget make_round_trip_target() { return {.run = &run_round_trip, .seeds = &random_seeds}; }

}  // namespace halftone::fuzz
