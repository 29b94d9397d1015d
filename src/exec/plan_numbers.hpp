#pragma once
// Every number that carries a plan out: with the fp32 graph they give the quantized model bit for bit, on any machine.
// They are derived from statistics in a search, and read from best.yaml to rebuild its result.

#include <map>
#include <string>
#include <vector>

#include "calib/table.hpp"
#include "exec/weight_codes.hpp"
#include "graph/graph.hpp"
#include "graph/unit.hpp"
#include "space/candidate.hpp"

namespace halftone {

/// Of an int8 unit.
struct UnitNumbers {
    QuantParams weight;
    std::vector<float>
        weight_factor;  ///< by output channel: the stored codes are those of factor * w + shift; or empty
    std::vector<float> weight_shift;
    std::vector<float> bias_shift;  ///< by output channel, added to the real bias; or empty
    friend bool operator==(const UnitNumbers&, const UnitNumbers&) = default;
};

struct PlanNumbers {
    std::map<std::string, QuantParams> activations;  ///< by value name
    std::map<std::string, UnitNumbers> units;        ///< int8 ones, by name
    friend bool operator==(const PlanNumbers&, const PlanNumbers&) = default;
};

/// How weights are treated beyond what a candidate says of them.
struct WeightTreatment {
    bool corrects_weights = false;  ///< recipe weight_correction
    /// reduce_range: verify. Units whose codes could exceed 16 bits in a pair of products get 6 bits.
    bool verifies_range = false;
};

/// @throws ModelError naming the unit when a tensor cannot be quantized (its range is not finite, or the bias does not
/// fit int32 at any scale)
[[nodiscard]] PlanNumbers derive_numbers(const Graph& graph, const std::vector<Unit>& units, const QuantPlan& plan,
                                         const RangeTable& ranges, WeightCodes& codes,
                                         const WeightTreatment& treatment = {});

/// The weight whose codes a unit stores: corrected where the numbers say so.
[[nodiscard]] Tensor corrected_weight(const Graph& graph, const Unit& unit, const UnitNumbers& numbers);

/// The real bias of a unit's output channels, [channels]: beta and Gemm's broadcasting applied; empty if none.
[[nodiscard]] Tensor bias_of(const Graph& graph, const Unit& unit);

}  // namespace halftone
