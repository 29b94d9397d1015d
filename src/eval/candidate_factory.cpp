#include "eval/candidate_factory.hpp"

#include "base/check.hpp"

namespace halftone {

CandidateFactory::CandidateFactory(const SearchSpace& space, Calibrator& calibrator, SampleSource* samples,
                                   const CandidateTreatment& treatment)
    : space_(space), calibrator_(calibrator), samples_(samples), treatment_(treatment) {}

CandidateTreatment CandidateFactory::treatment_of(std::int64_t calibration) const {
    const Preparation preparation = space_.preparation(calibration);
    // What the config asks of every candidate, and beside it what this preparation asks.
    CandidateTreatment treatment = treatment_;
    treatment.weights.corrects_weights = treatment.weights.corrects_weights || preparation.corrects_weights;
    if (preparation.bias != BiasCorrection::none) treatment.bias = preparation.bias;
    return treatment;
}

PlanNumbers CandidateFactory::numbers(const Candidate& candidate) {
    const QuantPlan plan = space_.plan(candidate);
    // A candidate's numbers are asked for at least twice in a row when it becomes the best (model, then best.yaml).
    // Only corrected ones are worth keeping: they cost runs of the calibration samples, the others a pass over weights.
    if (corrected_ && corrected_->first == plan) return corrected_->second;
    // From the variant's model, not the given one: its weights differ from preparation to preparation.
    const CalibrationVariant& variant = calibrator_.variant(plan.calibration);
    const CandidateTreatment treatment = treatment_of(plan.calibration);
    PlanNumbers numbers = derive_numbers(variant.model.graph, variant.model.units, plan, variant.ranges, weight_codes_,
                                         treatment.weights, &variant.model.given);
    if (treatment.bias == BiasCorrection::none) return numbers;
    if (treatment.bias == BiasCorrection::fast) {
        corrector(plan.calibration).correct_fast(plan, numbers);
    } else {
        corrector(plan.calibration).correct_in_sequence(plan, numbers, weight_codes_);
    }
    corrected_.emplace(plan, numbers);
    return numbers;
}

QuantizedModel CandidateFactory::quantized(const Candidate& candidate, const PlanNumbers& numbers) {
    const QuantPlan plan = space_.plan(candidate);
    const PreparedModel& model = calibrator_.variant(plan.calibration).model;
    return apply_plan(model.graph, model.units, plan, numbers, &weight_codes_);
}

void CandidateFactory::forget_calibration() {
    correctors_.clear();
    corrected_.reset();
    // weight_codes_ stays: its entries are found by what they were made from, not by a calibration index.
}

BiasCorrector& CandidateFactory::corrector(std::int64_t calibration) {
    HALFTONE_CHECK(samples_ != nullptr, "bias correction has samples");
    const auto known = correctors_.find(calibration);
    if (known != correctors_.end()) return known->second;
    const CalibrationVariant& variant = calibrator_.variant(calibration);
    return correctors_.try_emplace(calibration, variant.model, *samples_, variant.samples).first->second;
}

}  // namespace halftone
