#pragma once
// The strategies of this build. Each is one file in strategies/ and one line in its list.inc.

#include <memory>
#include <string>
#include <vector>

#include "trial/strategy.hpp"

namespace halftone {

/// @throws ConfigError for an unknown name or bad settings
[[nodiscard]] std::unique_ptr<Strategy> make_strategy(const std::string& name, const StrategyContext& context);
[[nodiscard]] std::vector<std::string> strategy_names();

}  // namespace halftone
