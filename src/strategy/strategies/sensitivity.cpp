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
#include "strategy/sensitivity/sensitivity_search.hpp"
#include "strategy/strategies.hpp"

namespace halftone {
namespace {

using SearchMethod = ChainSearch::Method;
constexpr EnumNames<SearchMethod, 2> kSearchNames{
    {{{SearchMethod::bisection, "bisection"}, {SearchMethod::greedy, "greedy"}}}};

class SensitivityStrategy final : public Strategy {
public:
    SensitivityStrategy(const StrategyContext& context, const SensitivitySettings& settings)
        : search_(context.space, context.goal, settings) {
        model_wise_.start(model_wise_candidates(context.space, context.model_wise));
    }

    [[nodiscard]] bool refines() const override { return true; }
    [[nodiscard]] std::vector<std::string> heuristics() const override { return search_.heuristics(); }

    [[nodiscard]] std::optional<std::int64_t> most_trials_left() const override {
        return has_base_ ? std::optional(search_.most_trials_left()) : std::nullopt;
    }

    [[nodiscard]] Ask ask() override {
        if (!has_base_) {
            if (auto ask = model_wise_.next_ask("model_wise")) return *std::move(ask);
            search_.start(model_wise_.best());
            has_base_ = true;
        }
        auto ask = search_.next_ask(history_);
        return ask ? *std::move(ask) : Ask::done();
    }

    void tell(TrialId trial, const Outcome& outcome) override { history_.add_told(trial, outcome); }
    void tell_probe(std::int64_t, const ProbeResult& result) override {
        if (has_base_) {
            search_.tell_probe(result);
        } else {
            model_wise_.tell(result);
        }
    }

private:
    History history_;
    OutputErrors model_wise_;
    bool has_base_ = false;  ///< every probe of model_wise_ is told, and the search has started
    SensitivitySearch search_;
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
