#pragma once
// A model that is quantized already, read as a float model with given encodings: so that it can be tuned further.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "graph/given.hpp"
#include "graph/graph.hpp"
#include "graph/op_library.hpp"
#include "graph/unit.hpp"

namespace halftone {

/// A constant that the file stores as codes.
struct StoredCodes {
    Tensor codes;
    QuantParams params;
};

struct LiftedGraph {
    Graph graph;  ///< without QuantizeLinear and DequantizeLinear, as far as they are pairs
    std::map<std::string, QuantParams>
        values;  ///< parameters of the pairs that were removed, by name of the real value
    std::map<std::string, StoredCodes> constants;  ///< of constants that are real values now, by their names
};

/// Returns the graph without its pairs of QuantizeLinear and DequantizeLinear; constants that were codes are the real
/// values that those stand for. Nothing if the graph has neither such a pair nor a product by a matrix that is stored
/// as codes (weight-only quantization). A pair between an input and an output of the graph stays, and so do codes that
/// are inputs or outputs themselves, and packed tables that no product reads: they would only make the file larger.
/// @pre types of all values are known
[[nodiscard]] std::optional<LiftedGraph> lift_quantized(const Graph& graph, const OpLibrary& ops);

/// Returns what the file gives for each unit of the lifted graph, after passes have simplified it. A pass may have
/// multiplied a weight's channels (a batch norm that was folded): then the scales follow it, if the codes stay the
/// same.
[[nodiscard]] GivenNumbers given_numbers(const LiftedGraph& lifted, const Graph& simplified,
                                         const std::vector<Unit>& units);

}  // namespace halftone
