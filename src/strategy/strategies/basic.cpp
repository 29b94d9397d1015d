// basic: model-wise configurations, then falling back one by one, incrementally and cumulatively. Units are ranked by
// trials: each unit alone in high precision, the most accurate first. The stages are those of FallbackSearch.
// Source: LPOT 1.5, strategy "basic", with its faults mended (README.md says which).

#include <utility>
#include <vector>

#include "config/reader.hpp"
#include "strategy/fallback_search.hpp"
#include "strategy/strategies.hpp"

namespace halftone {
namespace {

class BasicStrategy final : public FallbackSearch {
public:
    explicit BasicStrategy(const StrategyContext& context) : FallbackSearch(context) {}

private:
    [[nodiscard]] std::vector<Candidate> ranking_candidates(const std::vector<FallbackMove>& moves) const override {
        return apply_each(space(), base(), moves);
    }
    [[nodiscard]] std::vector<FallbackMove> rank(std::vector<FallbackMove> moves) const override {
        return rank_moves(space(), goal(), history(), base(), std::move(moves));
    }
};

}  // namespace

std::unique_ptr<Strategy> make_basic(const StrategyContext& context) {
    Reader(context.settings).finish();  // it has no settings of its own
    return std::make_unique<BasicStrategy>(context);
}

}  // namespace halftone
