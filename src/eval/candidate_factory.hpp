#pragma once
// CandidateFactory: from a candidate (an option for each unit) to its numbers, and from those to its quantized model.
// Whatever is expensive is kept for the next candidate, so the functions are not const. Not thread-safe; space and
// calibrator outlive it.

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "eval/bias_corrector.hpp"
#include "eval/calibrator.hpp"
#include "eval/sample_source.hpp"
#include "eval/weight_rounder.hpp"
#include "eval/weight_scaler.hpp"
#include "exec/apply_plan.hpp"
#include "exec/recipes.hpp"
#include "exec/weight_codes.hpp"
#include "space/search_space.hpp"

namespace halftone {

/// How weights and biases of candidates are treated.
struct CandidateTreatment {
    WeightTreatment weights{};
    BiasCorrection bias = BiasCorrection::none;
};

class CandidateFactory {
public:
    /// @param samples  of the calibration set; null only if no bias is corrected and no weight is rounded by data, here
    /// or by a preparation or an option of the space
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
    /// Returns how the candidate's model was equalized and smoothed before it was quantized, beside what was done to
    /// the model that the calibrator was given. Both lists are empty where the candidate asks for neither.
    [[nodiscard]] RecipeNumbers recipes(const Candidate& candidate) {
        return calibrator_.variant(candidate.calibration)->recipes;
    }
    /// Forgets what was derived from the calibration. To be called whenever another one is installed.
    void forget_calibration();

private:
    [[nodiscard]] CandidateTreatment treatment_of(std::int64_t calibration) const;
    [[nodiscard]] BiasCorrector& corrector(std::int64_t calibration);
    struct SampledWeights;
    [[nodiscard]] SampledWeights& weights(std::int64_t calibration);

    const SearchSpace& space_;
    Calibrator& calibrator_;
    SampleSource* samples_;
    CandidateTreatment treatment_;  ///< of every candidate; the preparation of a calibration index may add to it
    WeightCodes weight_codes_;      ///< of earlier candidates
    /// What rounds and scales weights by samples.
    struct SampledWeights {
        SampledWeights(const PreparedModel& model, SampleSource& samples, std::int64_t count)
            : rounder(model, samples, count), scaler(model, samples, count) {}
        WeightRounder rounder;
        WeightScaler scaler;
    };
    /// Work on the samples of one calibration index. It holds the variant that the work refers to.
    template <class Work>
    struct IndexWork {
        std::int64_t calibration;
        std::shared_ptr<const CalibrationVariant> variant;
        Work work;
    };
    template <class Work>
    [[nodiscard]] Work& kept_work(std::list<IndexWork<Work>>& kept, std::int64_t calibration);

    // As many as the calibrator keeps variants; the last used comes first.
    std::list<IndexWork<BiasCorrector>> correctors_;
    std::list<IndexWork<SampledWeights>> weights_;
    std::optional<std::pair<QuantPlan, PlanNumbers>> corrected_;  ///< the last corrected plan and its numbers
};

}  // namespace halftone
