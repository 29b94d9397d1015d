#pragma once
// WeightRounder: the weights of weight-only units whose algorithm rounds them by calibration data (GPTQ).

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "eval/sample_source.hpp"
#include "exec/gptq.hpp"
#include "exec/plan_numbers.hpp"
#include "exec/prepared_model.hpp"
#include "space/candidate.hpp"

namespace halftone {

/// Rounds the weights of one model on its first samples, and keeps what it rounded: candidates differ in few units.
class WeightRounder {
public:
    /// Measures on the first `count` samples. Model and samples outlive the rounder.
    WeightRounder(const PreparedModel& model, SampleSource& samples, std::int64_t count)
        : model_(model), samples_(samples), count_(count) {}

    /// Puts the codes and parameters of units whose algorithm is gptq in the place of those that the numbers have.
    /// Units that were not rounded before are rounded now, by the inputs that they have in the model as it is: the
    /// samples run once for as many of them as the memory has room for. @throws BudgetError  not even one has room
    void round(const QuantPlan& plan, PlanNumbers& numbers);

private:
    using Key = std::pair<std::string, WeightConfig>;  ///< name of the unit
    void round_units(const QuantPlan& plan, const std::vector<std::size_t>& units);

    const PreparedModel& model_;
    SampleSource& samples_;
    std::int64_t count_;
    std::map<Key, BlockCodes> rounded_;
};

/// Returns whether some unit of the plan has weights that only a WeightRounder can make.
[[nodiscard]] bool needs_rounder(const QuantPlan& plan);

}  // namespace halftone
