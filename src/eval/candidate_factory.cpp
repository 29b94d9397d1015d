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
    if (needs_rounder(plan)) weights(plan.calibration).rounder.round(plan, numbers);
    if (treatment.bias == BiasCorrection::fast) {
        corrector(plan.calibration).correct_fast(plan, numbers);
    } else if (treatment.bias == BiasCorrection::sequential) {
        corrector(plan.calibration).correct_in_sequence(plan, numbers, weight_codes_);
    }
    // Behind the corrections, whose numbers belong to the variant's graph. Where smooth_quant has put its factors into
    // the graph, none are added.
    if (needs_scaler(plan) && variant->recipes.smoothing.empty()) weights(plan.calibration).scaler.scale(plan, numbers);
    if (treatment.bias != BiasCorrection::none) corrected_.emplace(plan, numbers);
    return numbers;
}

QuantizedModel CandidateFactory::quantized(const Candidate& candidate, const PlanNumbers& numbers) {
    const QuantPlan plan = space_.plan(candidate);
    const auto variant = calibrator_.variant(plan.calibration);
    if (!numbers.smoothing.empty()) {
        const auto [model, own] = scaled_model(variant->model, plan, numbers.smoothing);
        return apply_plan(model.graph, model.units, own, numbers, &weight_codes_);
    }
    return apply_plan(variant->model.graph, variant->model.units, plan, numbers, &weight_codes_);
}

void CandidateFactory::forget_calibration() {
    correctors_.clear();
    weights_.clear();
    corrected_.reset();
    // weight_codes_ stays: its entries are found by what they were made from, not by a calibration index.
}

template <class Work>
Work& CandidateFactory::kept_work(std::list<IndexWork<Work>>& kept, std::int64_t calibration) {
    HALFTONE_CHECK(samples_ != nullptr, "weights are rounded and biases corrected by samples");
    const auto known = std::find_if(kept.begin(), kept.end(),
                                    [&](const IndexWork<Work>& each) { return each.calibration == calibration; });
    if (known != kept.end()) {
        kept.splice(kept.begin(), kept, known);
        return kept.front().work;
    }
    auto variant = calibrator_.variant(calibration);
    Work work(variant->model, *samples_, variant->samples);
    kept.push_front({calibration, std::move(variant), std::move(work)});
    if (kept.size() > Calibrator::kKeptVariants) kept.pop_back();
    return kept.front().work;
}

BiasCorrector& CandidateFactory::corrector(std::int64_t calibration) { return kept_work(correctors_, calibration); }

CandidateFactory::SampledWeights& CandidateFactory::weights(std::int64_t calibration) {
    return kept_work(weights_, calibration);
}

}  // namespace halftone
