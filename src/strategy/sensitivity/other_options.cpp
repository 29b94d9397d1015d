#include "strategy/sensitivity/other_options.hpp"

#include <map>
#include <utility>

namespace halftone {
namespace {

/// Below this share of the output's error, a better option of a unit would be lost in the errors of all others.
constexpr double kWorthwhileShare = 0.02;

}  // namespace

std::vector<FallbackMove> other_options(const SearchSpace& space, const ProbedCandidate& base,
                                        const std::vector<FallbackMove>& ranked, const std::vector<double>& errors,
                                        std::int64_t most) {
    std::vector<FallbackMove> moves;
    for (std::size_t m = 0; m < ranked.size() && std::cmp_less(m, most); ++m) {
        if (errors[m] > (1 - kWorthwhileShare) * base.error) break;  // and so are all behind it
        const std::size_t unit = ranked[m].decision;
        const std::vector<UnitConfig>& options = space.decisions()[unit].options;
        for (std::size_t o = 0; o < options.size(); ++o) {
            if (!options[o].is_quantized() || o == base.candidate.choice[unit]) continue;
            moves.push_back({.decision = unit, .option = static_cast<std::uint16_t>(o)});
        }
    }
    return moves;
}

std::optional<Candidate> combine_best_options(const SearchSpace& space, const ProbedCandidate& base,
                                              const std::vector<FallbackMove>& moves,
                                              const std::vector<double>& errors) {
    std::map<std::size_t, std::size_t> best;  // from unit to index of its best move; of equal ones the first
    for (std::size_t m = 0; m < moves.size(); ++m) {
        if (!(errors[m] < base.error)) continue;
        const auto [known, is_new] = best.try_emplace(moves[m].decision, m);
        if (!is_new && errors[m] < errors[known->second]) known->second = m;
    }
    if (best.empty()) return std::nullopt;
    Candidate joint = base.candidate;
    for (const auto& [unit, m] : best) joint = apply(space, joint, moves[m]);
    return joint;
}

}  // namespace halftone
