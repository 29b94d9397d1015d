// sensitivity: ranks units without labels, by how much the model's output improves when one unit alone falls back;
// finds how many of the ranked fallbacks the goal needs; then takes back those that it does not.
//
// A probe for each model-wise candidate comes first (stage model_wise); the one with the least error becomes the base
// of a SensitivitySearch, which does the rest (sensitivity/sensitivity_search.hpp has its stages).
//
// The idea is mse_v2's of Intel Neural Compressor 2; bisection and the parallel, label-free base are ours. README.md
// says which steps are heuristic.

#include "config/reader.hpp"
#include "strategy/model_wise.hpp"
#include "strategy/probed_base.hpp"
#include "strategy/sensitivity/sensitivity_search.hpp"
#include "strategy/strategies.hpp"

namespace halftone {
namespace {

using SearchMethod = ChainSearch::Method;
constexpr EnumNames<SearchMethod, 2> kSearchNames{
    {{{SearchMethod::bisection, "bisection"}, {SearchMethod::greedy, "greedy"}}}};

class SensitivityStrategy final : public ProbedBase<SensitivitySearch> {
public:
    SensitivityStrategy(const StrategyContext& context, const SensitivitySettings& settings)
        : ProbedBase(model_wise_candidates(context.space, context.model_wise), context.space, context.goal, settings) {}

private:
    void start(SensitivitySearch& search, ProbedCandidate base) override { search.start(std::move(base)); }
};

}  // namespace

std::unique_ptr<Strategy> make_sensitivity(const StrategyContext& context) {
    Reader reader(context.settings);
    SensitivitySettings settings;
    settings.search = reader.word("search", kSearchNames, settings.search);
    settings.options = reader.integer("options", settings.options, 0, 100'000);
    reader.finish();
    return std::make_unique<SensitivityStrategy>(context, settings);
}

}  // namespace halftone
