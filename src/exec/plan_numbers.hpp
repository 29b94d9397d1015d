#pragma once
// Every number that carries a plan out: with the fp32 graph they give the quantized model bit for bit, on any machine.
// They are derived from statistics in a search, and read from best.yaml to rebuild its result.

#include <map>
#include <string>
#include <vector>

#include "calib/table.hpp"
#include "exec/smooth.hpp"
#include "exec/weight_codes.hpp"
#include "graph/given.hpp"
#include "graph/graph.hpp"
#include "graph/unit.hpp"
#include "space/candidate.hpp"

namespace halftone {

/// The numbers of one quantized unit.
struct UnitNumbers {
    QuantParams weight;
    /// By output channel: the stored codes are those of factor * w + shift, and of 0 where w is 0. Both are empty
    /// without weight correction.
    std::vector<float> weight_factor;
    std::vector<float> weight_shift;
    std::vector<float> bias_shift;  ///< by output channel: added to the fp32 bias; empty without bias correction
    /// Codes of a weight by blocks that data have chosen, in the form of the weight; empty: those nearest to the
    /// weight. In a plan file they stand beside it.
    Tensor codes{};
    friend bool operator==(const UnitNumbers& a, const UnitNumbers& b);
};

struct PlanNumbers {
    std::map<std::string, QuantParams> activations;  ///< by value name
    std::map<std::string, UnitNumbers> units;        ///< of quantized units, by name
    /// Values that are divided, channel by channel, and whose weights are multiplied (exec/awq.hpp). Whoever applies
    /// the plan prepares the graph with it first; the numbers of units belong to the graph that results.
    std::vector<SmoothedValue> smoothing{};
    friend bool operator==(const PlanNumbers&, const PlanNumbers&) = default;
};

/// How weights are treated beyond what a candidate says of them.
struct WeightTreatment {
    bool corrects_weights = false;  ///< recipe weight_correction
    /// reduce_range: verify. Units whose codes could exceed 16 bits in a pair of products get 6 bits.
    bool verifies_range = false;
};

/// Derives the numbers of a plan from calibrated ranges.
/// @param codes  weights of earlier plans; changes the time only
/// @param given  what the model's file says; null if it says nothing. Options that keep it (graph/given.hpp) take their
/// numbers from there, and calibrated ones by minmax for values of which the file has none
/// @throws ModelError naming the unit when a tensor cannot be quantized (its range is not finite, or the bias does not
/// fit int32 at any scale)
[[nodiscard]] PlanNumbers derive_numbers(const Graph& graph, const std::vector<Unit>& units, const QuantPlan& plan,
                                         const RangeTable& ranges, WeightCodes& codes,
                                         const WeightTreatment& treatment = {}, const GivenNumbers* given = nullptr);

/// Returns the fp32 weight whose codes the unit stores: factor * w + shift where the numbers say so (of a weight that
/// is not 0), else the weight.
[[nodiscard]] Tensor corrected_weight(const Graph& graph, const Unit& unit, const UnitNumbers& numbers);

/// Returns the fp32 bias of a unit's output channels, [channels], with Gemm's beta and broadcasting applied; an empty
/// tensor if the unit has no bias. @throws ModelError when the bias is not one row
[[nodiscard]] Tensor bias_of(const Graph& graph, const Unit& unit);

}  // namespace halftone
