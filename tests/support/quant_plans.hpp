#pragma once
// Plans and ranges for tests of quantized graphs, and graphs as text:
//   const QuantCase c(g.build({y}), {kInt8, high_precision(DType::f32)}, {{"x", {-1, 1}}});
//   EXPECT_THAT(outline(c.apply().graph), ElementsAre("x_quantized = QuantizeLinear(x)", …));

#include <map>
#include <string>
#include <vector>

#include "calib/table.hpp"
#include "exec/apply_plan.hpp"
#include "graph/passes/passes.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "space/quant_plan.hpp"
#include "support/graph_helpers.hpp"
#include "support/unit_configs.hpp"

namespace halftone::test {

inline UnitConfig int8(Scheme scheme = Scheme::asym, Granularity granularity = Granularity::per_channel) {
    UnitConfig config;
    config.activation = {.dtype = DType::u8, .scheme = scheme};
    config.weight = {.dtype = DType::s8, .granularity = granularity};
    return config;
}

inline const UnitConfig kInt8 = int8();

/// Ranges by value name, for minmax.
inline RangeTable ranges_of(const std::map<std::string, Range>& ranges) {
    CalibrationTable table;
    for (const auto& [name, range] : ranges) table.at(name).observe(std::vector<float>{range.low, range.high});
    return {table, {RangeRule{}}};
}

/// A typed graph, its units, a plan for them, and ranges: those given, else [-2, 2].
struct QuantCase {
    Graph graph;
    std::vector<Unit> units;
    QuantPlan plan;
    RangeTable ranges;

    QuantCase(const Graph& untyped, std::vector<UnitConfig> configs, std::map<std::string, Range> known = {})
        : graph(infer_types(untyped, reference_ops())), units(find_units(graph)) {
        const PlanTopology topology(graph, units);
        plan.tensors = topology.tensors(configs);
        plan.shared = topology.shared(configs);
        plan.units = std::move(configs);
        for (const TensorPlan& tensor : topology.observable()) known.try_emplace(tensor.name, Range{-2, 2});
        ranges = ranges_of(known);
    }

    [[nodiscard]] QuantizedModel apply() const { return apply_plan(graph, units, plan, ranges); }
};

/// "y = Conv(x, w, b)" for each node in order; of QuantizeLinear and DequantizeLinear the data input only.
inline std::vector<std::string> outline(const Graph& graph) {
    std::vector<std::string> lines;
    for (const Node& node : graph.nodes()) {
        const bool is_linear = node.op == "QuantizeLinear" || node.op == "DequantizeLinear";
        std::string line = graph.value(node.outputs[0]).name + " = " + node.op + "(";
        for (std::size_t i = 0; i < (is_linear ? 1 : node.inputs.size()); ++i) {
            const ValueId id = node.inputs[i];
            line += (i == 0 ? "" : ", ") + (id.is_valid() ? graph.value(id).name : std::string());
        }
        lines.push_back(line + ")");
    }
    return lines;
}

/// The outline without the constants' DequantizeLinear nodes.
inline std::vector<std::string> data_outline(const Graph& graph) {
    std::vector<std::string> lines = outline(graph);
    std::vector<std::string> kept;
    for (std::size_t n = 0; n < lines.size(); ++n) {
        const Node& node = graph.nodes()[n];
        if (node.op != "DequantizeLinear" || !graph.value(node.inputs[0]).is_constant()) kept.push_back(lines[n]);
    }
    return kept;
}

}  // namespace halftone::test
