#pragma once
// The strategies of this build. Each is one file in strategies/ and one line in its list.inc.

#include <memory>
#include <string>
#include <vector>

#include "trial/strategy.hpp"

namespace halftone {

/// Makes the strategy with this name; the context outlives it.
/// @throws ConfigError for an unknown name or bad settings
[[nodiscard]] std::unique_ptr<Strategy> make_strategy(const std::string& name, const StrategyContext& context);
/// Returns the names of all strategies, in the order of the list.
[[nodiscard]] std::vector<std::string> strategy_names();

}  // namespace halftone
