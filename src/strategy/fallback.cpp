#include "strategy/fallback.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace halftone {

Judged judge(const Candidate& candidate, const History& history) {
    return {candidate, history.accuracy(candidate).value_or(std::numeric_limits<double>::quiet_NaN())};
}

Judged best_of(const std::vector<Candidate>& candidates, const Goal& goal, const History& history) {
    Judged best = judge(candidates.front(), history);
    for (const Candidate& candidate : candidates) {
        Judged judged = judge(candidate, history);
        if (goal.is_better(judged.accuracy, best.accuracy)) best = std::move(judged);
    }
    return best;
}

// bf16 comes first because it costs less speed than fp32; where it suffices, fp32 is not needed. A unit that cannot be
// quantized at all does not count: it is in high precision anyway.
std::vector<DType> fallback_dtypes(const SearchSpace& space) {
    const std::vector<Decision>& decisions = space.decisions();
    std::vector<DType> dtypes;
    for (const DType dtype : {DType::bf16, DType::f32}) {
        if (std::any_of(decisions.begin(), decisions.end(), [&](const Decision& decision) {
                return decision.has_quantized() && decision.find_high_precision(dtype) >= 0;
            })) {
            dtypes.push_back(dtype);
        }
    }
    return dtypes;
}

// The last unit comes first, as in LPOT: errors of late layers are not averaged out by later ones, so these units are
// worth trying first, and equal accuracies keep this order.
std::vector<FallbackMove> fallback_moves(const SearchSpace& space, const Candidate& base, DType dtype) {
    std::vector<FallbackMove> moves;
    for (std::size_t d = space.decisions().size(); d-- > 0;) {
        const int option = space.decisions()[d].find_high_precision(dtype);
        if (option < 0 || base.choice[d] == option) continue;
        moves.push_back({.decision = d, .option = static_cast<std::uint16_t>(option)});
    }
    return moves;
}

Candidate apply(const SearchSpace& space, const Candidate& base, FallbackMove move) {
    return space.with(base, move.decision, move.option);
}

std::vector<Candidate> apply_each(const SearchSpace& space, const Candidate& base,
                                  const std::vector<FallbackMove>& moves) {
    std::vector<Candidate> alone;
    for (const FallbackMove move : moves) alone.push_back(apply(space, base, move));
    return alone;
}

// Sorting pairs, so that every accuracy is looked up once and not in each comparison.
std::vector<FallbackMove> rank_moves(const SearchSpace& space, const Goal& goal, const History& history,
                                     const Candidate& base, std::vector<FallbackMove> moves) {
    std::vector<std::pair<double, FallbackMove>> ranked;
    for (const FallbackMove move : moves) {
        ranked.emplace_back(judge(apply(space, base, move), history).accuracy, move);
    }
    // is_better puts NaN behind everything.
    std::stable_sort(ranked.begin(), ranked.end(),
                     [&](const auto& a, const auto& b) { return goal.is_better(a.first, b.first); });
    std::transform(ranked.begin(), ranked.end(), moves.begin(), [](const auto& entry) { return entry.second; });
    return moves;
}

std::vector<Candidate> accumulate_moves(const SearchSpace& space, Candidate base,
                                        const std::vector<FallbackMove>& moves) {
    std::vector<Candidate> candidates;
    for (const FallbackMove move : moves) {
        base = apply(space, base, move);
        candidates.push_back(base);
    }
    return candidates;
}

// The loop goes over known steps at once. A walk may cross candidates that an earlier stage has evaluated; each of them
// is judged by its own outcome and costs no trial.
std::optional<Candidate> IncrementalWalk::advance(const History& history) {
    for (; next_ < moves_.size(); ++next_) {
        const Candidate candidate = apply(space_, best_.candidate, moves_[next_]);
        if (!history.find(candidate)) return candidate;
        Judged judged = judge(candidate, history);
        // Strictly better: a unit whose fallback changes nothing stays quantized, because that is faster.
        if (goal_.is_better(judged.accuracy, best_.accuracy)) best_ = std::move(judged);
    }
    return std::nullopt;
}

}  // namespace halftone
