// pareto: latency against accuracy. Losses of units come from label-free probes, latencies from the table; a knapsack
// gives the front of predicted plans; trials along it find where the goal begins to hold.
//
// A probe for each model-wise candidate comes first (stage model_wise); the one with the least error becomes the base
// of a FrontSearch, which does the rest (pareto/front_search.hpp). The other model-wise candidates are as fast as the
// base, and one of them may be all that is needed: they are evaluated in the first round.
//
// README.md says which steps are heuristic.

#include "config/reader.hpp"
#include "strategy/assumed_latency.hpp"
#include "strategy/model_wise.hpp"
#include "strategy/pareto/front_search.hpp"
#include "strategy/strategies.hpp"

namespace halftone {
namespace {

class ParetoStrategy final : public Strategy {
public:
    ParetoStrategy(const StrategyContext& context, std::int64_t rounds)
        : model_wise_(model_wise_candidates(context.space, context.model_wise)),
          search_(context.space, context.goal, context.latency ? context.latency() : assumed_latency(context.space),
                  {.batch = static_cast<std::size_t>(context.batch), .rounds = rounds}) {
        probes_.start(model_wise_);
    }

    [[nodiscard]] bool refines() const override { return true; }
    [[nodiscard]] std::vector<std::string> heuristics() const override { return FrontSearch::heuristics(); }

    [[nodiscard]] std::optional<std::int64_t> most_trials_left() const override {
        return has_base_ ? std::optional(search_.most_trials_left()) : std::nullopt;
    }

    [[nodiscard]] Ask ask() override {
        if (!has_base_) {
            if (auto ask = probes_.next_ask("model_wise")) return *std::move(ask);
            search_.start(probes_.best(), model_wise_);
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
            probes_.tell(result);
        }
    }

private:
    std::vector<Candidate> model_wise_;
    History history_;
    OutputErrors probes_;    ///< of the model-wise candidates
    bool has_base_ = false;  ///< every probe of them is told, and the search has started
    FrontSearch search_;
};

}  // namespace

std::unique_ptr<Strategy> make_pareto(const StrategyContext& context) {
    Reader reader(context.settings);
    const std::int64_t rounds = reader.integer("rounds", 4, 1, 1000);
    reader.finish();
    return std::make_unique<ParetoStrategy>(context, rounds);
}

}  // namespace halftone
