#include "base/registry.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "strategy/strategies.hpp"

namespace halftone {

using StrategyFactory = std::unique_ptr<Strategy>(const StrategyContext&);
#define HALFTONE_LIST "strategy/strategies/list.inc"
#define HALFTONE_TABLE kStrategies
#define HALFTONE_FACTORY StrategyFactory
#define HALFTONE_NAME(name) make_##name
#include "base/plugin_table.inc"

std::unique_ptr<Strategy> make_strategy(const std::string& name, const StrategyContext& context) {
    if (StrategyFactory* const* make = kStrategies.find(name)) return (*make)(context);
    throw ConfigError("tuning.strategy.name '" + name + "' is unknown; this build has: " + join(strategy_names(), " "));
}

std::vector<std::string> strategy_names() { return kStrategies.words(); }

}  // namespace halftone
