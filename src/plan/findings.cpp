// The reasons, from the strongest to the weakest; the first that is known is given:
//
//   refusal_of        no kernel can run it, or the rules forbid it: then nothing was measured either
//   faster_           the plan that the latency table found fastest has the unit in high precision
//   measured_reason   the accuracy, else the output's error, with this unit alone in high precision
//   error_reason      the unit's own error when it is quantized, and its rank among all units
#include "plan/findings.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace halftone {

void Findings::note_trial(const Candidate& candidate, const Outcome& outcome, const std::string& stage,
                          const Goal& goal) {
    const auto* score = std::get_if<Score>(&outcome);
    if (!score || score->bounds) return;  // with bounds there is no accuracy to compare
    if (stage == "model_wise" && (!best_model_wise_ || goal.is_better(score->accuracy, *best_model_wise_))) {
        best_model_wise_ = score->accuracy;
    }
    const auto changed = fallbacks(space_, space_.plan(candidate));
    // Several units in high precision at once say nothing about one of them. The first measurement is kept, so that
    // the words for a unit do not change while the search goes on.
    if (changed.size() == 1) alone_.emplace(changed[0].first, score->accuracy);
    if (stage != "fastest") return;
    for (const auto& [unit, dtype] : changed) faster_.insert(unit);
}

void Findings::note_probe(const ProbeRequest& request, const ProbeResult& result) {
    if (!result.failure.empty() || result.values.empty()) return;
    if (request.kind == ProbeKind::unit_errors) {
        unit_errors_ = result;
        return;
    }
    const double error = result.values.front().relative();  // the model's output is the only value
    const auto changed = fallbacks(space_, space_.plan(request.candidate));
    if (changed.empty() && (!base_error_ || error < *base_error_)) base_error_ = error;
    if (changed.size() == 1) error_alone_.insert_or_assign(changed[0].first, error);
}

std::optional<std::string> Findings::measured_reason(const std::string& unit) const {
    // An accuracy says more than an error, so it is looked for first.
    const auto alone = alone_.find(unit);
    if (alone != alone_.end() && best_model_wise_) {
        return fmt::format(
            "with this unit alone in high precision the accuracy was {}, against {} with every unit quantized",
            float_text(alone->second), float_text(*best_model_wise_));
    }
    const auto error = error_alone_.find(unit);
    if (error == error_alone_.end() || !base_error_) return std::nullopt;
    return fmt::format(
        "with this unit alone in high precision the output's error was {} of its signal, against {} with every unit "
        "quantized",
        float_text(error->second), float_text(*base_error_));
}

std::optional<std::string> Findings::error_reason(std::size_t unit) const {
    if (!unit_errors_ || unit >= unit_errors_->values.size()) return std::nullopt;
    const auto& values = unit_errors_->values;
    const double own = values[unit].relative();
    // Its rank says more than the number: how large an error may be depends on the model.
    const auto larger =
        std::count_if(values.begin(), values.end(), [&](const auto& value) { return value.relative() > own; });
    return fmt::format("quantized, its output's error was {} of its signal: number {} of {} units", float_text(own),
                       larger + 1, values.size());
}

std::string Findings::reason(const CapabilityTable& capability, std::size_t unit) const {
    const Decision& decision = space_.decisions()[unit];
    if (const auto refusal = refusal_of(decision, capability[unit])) return *refusal;
    if (faster_.contains(decision.unit)) {
        return "by the latency table the model is faster on this machine with this unit in high precision, conversions "
               "included";
    }
    if (const auto measured = measured_reason(decision.unit)) return *measured;
    return error_reason(unit).value_or("chosen by the strategy");
}

std::optional<std::string> refusal_of(const Decision& decision, const Capability& capability) {
    if (decision.has_quantized()) return std::nullopt;
    for (const Refusal& refusal : capability.refused) {
        if (refusal.dtype == "int8") return refusal.why;
    }
    return "the config's rules leave no quantized option";
}

}  // namespace halftone
