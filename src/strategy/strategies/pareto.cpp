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
#include "strategy/probed_base.hpp"
#include "strategy/strategies.hpp"

namespace halftone {
namespace {

class ParetoStrategy final : public ProbedBase<FrontSearch> {
public:
    ParetoStrategy(const StrategyContext& context, std::vector<Candidate> model_wise, std::int64_t rounds)
        : ProbedBase(model_wise, context.space, context.goal,
                     context.latency ? context.latency() : assumed_latency(context.space),
                     FrontLimits{.batch = static_cast<std::size_t>(context.batch), .rounds = rounds}),
          model_wise_(std::move(model_wise)) {}

private:
    void start(FrontSearch& search, ProbedCandidate base) override { search.start(std::move(base), model_wise_); }

    std::vector<Candidate> model_wise_;
};

}  // namespace

std::unique_ptr<Strategy> make_pareto(const StrategyContext& context) {
    Reader reader(context.settings);
    const std::int64_t rounds = reader.integer("rounds", 4, 1, 1000);
    reader.finish();
    return std::make_unique<ParetoStrategy>(context, model_wise_candidates(context.space, context.model_wise), rounds);
}

}  // namespace halftone
