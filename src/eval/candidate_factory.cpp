#include "eval/candidate_factory.hpp"

#include <algorithm>
#include <utility>

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
    const auto variant = calibrator_.variant(plan.calibration);
    const PreparedModel& model = variant->model;
    const CandidateTreatment treatment = treatment_of(plan.calibration);
    PlanNumbers numbers =
        derive_numbers(model.graph, model.units, plan, variant->ranges, weight_codes_, treatment.weights, &model.given);
    if (needs_rounder(plan)) rounder(plan.calibration).round(plan, numbers);
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
    const auto variant = calibrator_.variant(plan.calibration);
    return apply_plan(variant->model.graph, variant->model.units, plan, numbers, &weight_codes_);
}

void CandidateFactory::forget_calibration() {
    correctors_.clear();
    rounders_.clear();
    corrected_.reset();
    // weight_codes_ stays: its entries are found by what they were made from, not by a calibration index.
}

WeightRounder& CandidateFactory::rounder(std::int64_t calibration) {
    HALFTONE_CHECK(samples_ != nullptr, "weights are rounded by samples");
    const auto known = std::find_if(rounders_.begin(), rounders_.end(),
                                    [&](const IndexRounder& each) { return each.calibration == calibration; });
    if (known != rounders_.end()) {
        rounders_.splice(rounders_.begin(), rounders_, known);
        return rounders_.front().rounder;
    }
    auto variant = calibrator_.variant(calibration);
    WeightRounder rounder(variant->model, *samples_, variant->samples);
    rounders_.push_front({calibration, std::move(variant), std::move(rounder)});
    if (rounders_.size() > Calibrator::kKeptVariants) rounders_.pop_back();
    return rounders_.front().rounder;
}

BiasCorrector& CandidateFactory::corrector(std::int64_t calibration) {
    HALFTONE_CHECK(samples_ != nullptr, "bias correction has samples");
    const auto known = std::find_if(correctors_.begin(), correctors_.end(),
                                    [&](const IndexCorrector& each) { return each.calibration == calibration; });
    if (known != correctors_.end()) {
        correctors_.splice(correctors_.begin(), correctors_, known);
        return correctors_.front().corrector;
    }
    auto variant = calibrator_.variant(calibration);
    BiasCorrector corrector(variant->model, *samples_, variant->samples);
    correctors_.push_front({calibration, std::move(variant), std::move(corrector)});
    if (correctors_.size() > Calibrator::kKeptVariants) correctors_.pop_back();
    return correctors_.front().corrector;
}

}  // namespace halftone
