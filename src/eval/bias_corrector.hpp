#pragma once
// The recipes fast_bias_correction and bias_correction: rounding weights shifts the mean of a unit's output; the shift
// is measured on the calibration samples and taken back in the bias.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "config/preparation.hpp"
#include "eval/channel_statistics.hpp"
#include "exec/apply_plan.hpp"
#include "exec/prepared_model.hpp"

namespace halftone {

/// Fills UnitNumbers::bias_shift of int8 units that have a bias or can get one (Conv, Gemm, MatMul with a row behind
/// it).
class BiasCorrector {
public:
    /// Measures on the first `count` samples. Model and samples outlive the corrector.
    BiasCorrector(const PreparedModel& model, SampleSource& samples, std::int64_t count)
        : model_(model), samples_(samples), count_(count) {}

    /// Corrects every unit by itself, from the fp32 model's inputs: shift[c] = sum over the inputs k of
    /// (w[c, k] - stored w[c, k]) * E[x_k]. It does not see a convolution's padding. Source: NNCF's FastBiasCorrection,
    /// as an idea.
    void correct_fast(const QuantPlan& plan, PlanNumbers& numbers);
    /// Corrects unit by unit in graph order, with the units before corrected already: shift[c] = E[y_fp32] - E[y_int8]
    /// of the unit's output before its activation. Runs the samples once for each int8 unit.
    void correct_in_sequence(const QuantPlan& plan, PlanNumbers& numbers, WeightCodes& codes);

private:
    using Means = std::map<ChannelsOf, std::vector<double>>;
    [[nodiscard]] Means means_of(const Graph& graph, const std::set<ChannelsOf>& values) const;
    [[nodiscard]] bool can_shift(const Unit& unit) const;

    const PreparedModel& model_;
    SampleSource& samples_;
    std::int64_t count_;
    Means inputs_,
        outputs_;  ///< means of units' inputs and outputs in the fp32 model; made on first use
};

}  // namespace halftone
