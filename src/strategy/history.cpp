#include "strategy/history.hpp"

#include <cmath>

#include "base/check.hpp"

namespace halftone {

// Two candidates with the same hash compute the same, so the second one would be a wasted trial: a strategy asks
// was_asked() first, and a duplicate that slips through is a bug of the strategy.
TrialId History::add_asked(const Candidate& candidate) {
    const auto trial = make_id<TrialId>(asked_.size());
    const bool is_new = by_hash_.emplace(candidate.hash, trial).second;
    HALFTONE_CHECK(is_new, "no effective candidate is asked for twice");
    asked_.push_back(candidate);
    outcomes_.emplace_back();
    return trial;
}

void History::add_told(TrialId trial, const Outcome& outcome) {
    HALFTONE_CHECK(trial.value == told_ && told_ < asked(), "outcomes are told in trial order");
    outcomes_[trial.index()] = outcome;
    ++told_;
}

std::optional<Outcome> History::find(const Candidate& candidate) const {
    const auto at = by_hash_.find(candidate.hash);
    return at == by_hash_.end() ? std::nullopt : outcomes_[at->second.index()];
}

// NaN becomes "nothing" here, so that no strategy has to remember that NaN compares false with everything.
std::optional<double> History::accuracy(const Candidate& candidate) const {
    const auto outcome = find(candidate);
    const Score* score = outcome ? std::get_if<Score>(&*outcome) : nullptr;
    if (score == nullptr || std::isnan(score->accuracy)) return std::nullopt;
    return score->accuracy;
}

}  // namespace halftone
