#pragma once
// A strategy's view of a config.

#include "config/run_config.hpp"
#include "space/search_space.hpp"
#include "trial/strategy.hpp"

namespace halftone {

/// Returns what a strategy is made from. @param baseline  the accuracy of fp32
/// @param latency  gives the latency table; empty if the run has none
[[nodiscard]] StrategyContext strategy_context(const RunConfig& config, const SearchSpace& space, const Goal& goal,
                                               double baseline, const LatencySource& latency);

/// Makes the config's strategy once, to check its settings. In a run, a strategy is made (and reads its settings) after
/// the baseline; this check finds wrong settings before anything is evaluated. @throws ConfigError
void check_strategy(const RunConfig& config, const SearchSpace& space);

}  // namespace halftone
