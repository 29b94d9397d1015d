#pragma once
// CandidateFactory: from a candidate (an option for each unit) to its numbers, and from those to its quantized model.
// Whatever is expensive is kept for the next candidate, so the functions are not const. Not thread-safe; space and
// calibrator outlive it.

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "eval/bias_corrector.hpp"
#include "eval/calibrator.hpp"
#include "eval/sample_source.hpp"
#include "exec/apply_plan.hpp"
#include "exec/smooth.hpp"
#include "exec/weight_codes.hpp"
#include "space/search_space.hpp"

namespace halftone {

/// How weights and biases of every candidate are treated.
struct CandidateTreatment {
    WeightTreatment weights{};
    BiasCorrection bias = BiasCorrection::none;
};

class CandidateFactory {
public:
    /// @param samples  of the calibration set; null only if treatment.bias is none
    CandidateFactory(const SearchSpace& space, Calibrator& calibrator, SampleSource* samples,
                     const CandidateTreatment& treatment);

    /// Returns every number of the candidate's model, which best.yaml keeps: scales, zero points, corrections. With a
    /// bias correction the first call for a candidate runs the calibration samples. @pre calibration is installed
    /// @throws ModelError when the candidate cannot be built
    [[nodiscard]] PlanNumbers numbers(const Candidate& candidate);
    /// Returns the candidate's quantized model, made from those numbers. @throws ModelError when it cannot be built
    [[nodiscard]] QuantizedModel quantized(const Candidate& candidate, const PlanNumbers& numbers);
    [[nodiscard]] QuantizedModel quantized(const Candidate& candidate) {
        return quantized(candidate, numbers(candidate));
    }
    /// Returns how the candidate's model was smoothed before it was quantized; empty without SmoothQuant.
    [[nodiscard]] const std::vector<SmoothedValue>& smoothing(const Candidate& candidate) {
        return calibrator_.variant(candidate.calibration).smoothing;
    }
    /// Forgets what was derived from the calibration. To be called whenever another one is installed, because bias
    /// correctors refer to the calibrator's variants.
    void forget_calibration();

private:
    [[nodiscard]] BiasCorrector& corrector(std::int64_t calibration);

    const SearchSpace& space_;
    Calibrator& calibrator_;
    SampleSource* samples_;
    CandidateTreatment treatment_;
    WeightCodes weight_codes_;                                    ///< of earlier candidates
    std::map<std::int64_t, BiasCorrector> correctors_;            ///< by calibration index
    std::optional<std::pair<QuantPlan, PlanNumbers>> corrected_;  ///< the last corrected plan and its numbers
};

}  // namespace halftone
