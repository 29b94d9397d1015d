#include "strategy/context.hpp"

#include "strategy/strategies.hpp"

namespace halftone {

StrategyContext strategy_context(const RunConfig& config, const SearchSpace& space, const Goal& goal, double baseline,
                                 const LatencySource& latency) {
    return {.space = space,
            .goal = goal,
            .baseline = baseline,
            .seed = static_cast<std::uint64_t>(config.tuning.random_seed),
            .model_wise = config.tuning.model_wise,
            .settings = config.tuning.strategy.node,
            .batch = config.tuning.strategy_batch,
            .accuracy_weight = config.tuning.accuracy_weight,
            .latency_weight = config.tuning.latency_weight,
            .latency = latency,
            .objective = config.tuning.objective};
}

void check_strategy(const RunConfig& config, const SearchSpace& space) {
    constexpr double kAnyBaseline = 1.0;  // settings are read alike whatever it is
    const Goal goal(config.tuning.criterion, kAnyBaseline);
    (void)make_strategy(config.tuning.strategy.name, strategy_context(config, space, goal, kAnyBaseline, {}));
}

}  // namespace halftone
