#pragma once
// WeightScaler: the factors of values that weight-only units read whose algorithm scales channels by calibration data
// (AWQ).

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "eval/sample_source.hpp"
#include "exec/awq.hpp"
#include "exec/plan_numbers.hpp"
#include "exec/prepared_model.hpp"
#include "space/candidate.hpp"

namespace halftone {

/// Finds factors for one model on its first samples, and keeps what it found: candidates differ in few units.
class WeightScaler {
public:
    /// Measures on the first `count` samples. Model and samples outlive the scaler.
    WeightScaler(const PreparedModel& model, SampleSource& samples, std::int64_t count);

    /// Adds the factors of all values whose readers are units with the algorithm awq, or of high precision, and puts
    /// the parameters of the scaled weights in the place of those that the numbers have. The other units of this
    /// algorithm keep theirs: those of rounding to nearest. Values that were not measured before are measured now, by
    /// one run of the samples.
    void scale(const QuantPlan& plan, PlanNumbers& numbers);

private:
    /// Name of the value, and how each unit that reads it is rounded.
    using Key = std::pair<std::string, std::vector<std::pair<std::size_t, WeightConfig>>>;
    [[nodiscard]] std::vector<SmoothedValue> factors_of(const QuantPlan& plan);
    [[nodiscard]] std::vector<float> found_factors(const Key& key, const std::string& input) const;

    const PreparedModel& model_;
    SampleSource& samples_;
    std::int64_t count_;
    std::vector<SmoothingPlace> places_;
    std::map<std::string, AwqInput> inputs_;  ///< by name of the value that units read
    std::map<Key, std::vector<float>> factors_;
};

/// Returns whether some unit of the plan has weights that a WeightScaler scales.
[[nodiscard]] bool needs_scaler(const QuantPlan& plan);

/// Returns the model with values divided and weights multiplied by the factors, and the plan for it: its units may
/// stand in another order there.
[[nodiscard]] std::pair<PreparedModel, QuantPlan> scaled_model(const PreparedModel& model, const QuantPlan& plan,
                                                               const std::vector<SmoothedValue>& smoothing);

}  // namespace halftone
