#pragma once
// fp32 graph + plan + its numbers -> the graph that the exported file holds: explicit QuantizeLinear/DequantizeLinear
// nodes, int8 weights, int32 biases. Trials execute exactly this graph; nothing is simulated.

#include <set>
#include <string>
#include <vector>

#include "exec/plan_numbers.hpp"
#include "graph/graph.hpp"
#include "graph/unit.hpp"
#include "space/candidate.hpp"

namespace halftone {

/// Parameters of one quantized tensor, activations and weights alike: what best.yaml lists.
struct QuantizedTensor {
    std::string name;  ///< of the fp32 value
    std::string unit;  ///< whose weight or bias it is (each has its own copy); empty for an activation
    QuantParams params;
};

struct QuantizedModel {
    Graph graph;
    std::vector<QuantizedTensor> tensors;  ///< activations by value id, then weights and biases by unit
};

/// Key of the model's metadata that lists the main nodes of bf16 units, one name a line. In the file they are fp32
/// nodes, because Conv takes no bf16 before opset 22; a runtime that ignores the key runs them in fp32.
inline constexpr const char* kBf16Key = "halftone.bf16";
/// Returns the names that the metadata lists; empty if there are none.
[[nodiscard]] std::set<std::string> bf16_nodes(const Graph& graph);

/// Returns the quantized graph and the parameters of its tensors. It follows the rules of space/quant_plan.hpp and the
/// export rules E.1 to E.10 (src/exec/README.md lists them).
/// @pre types of all values are known; plan, units and numbers belong to `graph`
/// @param known  weights of earlier plans of the same graph; changes the time only
[[nodiscard]] QuantizedModel apply_plan(const Graph& graph, const std::vector<Unit>& units, const QuantPlan& plan,
                                        const PlanNumbers& numbers, WeightCodes* known = nullptr);

/// Does the same with the numbers that the ranges give. @throws ModelError as derive_numbers
[[nodiscard]] QuantizedModel apply_plan(const Graph& graph, const std::vector<Unit>& units, const QuantPlan& plan,
                                        const RangeTable& ranges, WeightCodes* known = nullptr);

}  // namespace halftone
