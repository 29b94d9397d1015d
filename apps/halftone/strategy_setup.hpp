#pragma once
// What tune.cpp has for its rehearsal (dry_run.cpp), too: the strategy's view of the config, and the folder of the
// results.

#include <string>

#include "commands.hpp"
#include "config/run_config.hpp"
#include "space/search_space.hpp"
#include "trial/strategy.hpp"

namespace halftone::app {

/// Returns what a strategy is made from.
[[nodiscard]] StrategyContext strategy_context(const RunConfig& config, const SearchSpace& space, const Goal& goal,
                                               double baseline, const LatencySource& latency);

/// Returns the folder of the results. The command line wins over the config.
/// @throws ConfigError for a resumed run that names no folder: the default is a new one each second
[[nodiscard]] std::string workspace_folder(const TuneOptions& options, const RunConfig& config);

}  // namespace halftone::app
