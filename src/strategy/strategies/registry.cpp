#include "base/registry.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "strategy/strategies.hpp"

namespace halftone {

#define HALFTONE_PLUGIN(word, name) std::unique_ptr<Strategy> make_##name(const StrategyContext& context);
#include "strategy/strategies/list.inc"
#undef HALFTONE_PLUGIN

namespace {

using StrategyFactory = std::unique_ptr<Strategy> (*)(const StrategyContext&);

#define HALFTONE_PLUGIN(word, name) {word, make_##name},
constexpr auto kStrategies = make_registry<StrategyFactory>({
#include "strategy/strategies/list.inc"
});
#undef HALFTONE_PLUGIN

}  // namespace

std::unique_ptr<Strategy> make_strategy(const std::string& name, const StrategyContext& context) {
    if (const StrategyFactory* make = kStrategies.find(name)) return (*make)(context);
    throw ConfigError("tuning.strategy.name '" + name + "' is unknown; this build has: " + join(strategy_names(), " "));
}

std::vector<std::string> strategy_names() { return kStrategies.words(); }

}  // namespace halftone
