#include <array>
#include <string_view>

#include "base/error.hpp"
#include "base/text.hpp"
#include "strategy/strategies.hpp"

namespace halftone {

#define HALFTONE_STRATEGY(name) std::unique_ptr<Strategy> make_##name(const StrategyContext& context);
#include "strategy/strategies/list.inc"
#undef HALFTONE_STRATEGY

namespace {

struct Entry {
    std::string_view name;
    std::unique_ptr<Strategy> (*make)(const StrategyContext&);
};

#define HALFTONE_STRATEGY(name) Entry{#name, make_##name},
constexpr std::array kStrategies{
#include "strategy/strategies/list.inc"
};
#undef HALFTONE_STRATEGY

}  // namespace

std::unique_ptr<Strategy> make_strategy(const std::string& name, const StrategyContext& context) {
    for (const Entry& entry : kStrategies) {
        if (entry.name == name) return entry.make(context);
    }
    const std::vector<std::string> names = strategy_names();
    throw ConfigError("tuning.strategy.name '" + name + "' is unknown; this build has: " + join(names, " "));
}

std::vector<std::string> strategy_names() {
    std::vector<std::string> names;
    for (const Entry& entry : kStrategies) names.emplace_back(entry.name);
    return names;
}

}  // namespace halftone
