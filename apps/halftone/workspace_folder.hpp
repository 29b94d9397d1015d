#pragma once
// The folder of a run's results; tune.cpp has it for its rehearsal (dry_run.cpp), too.

#include <string>

#include "commands.hpp"
#include "config/run_config.hpp"

namespace halftone::app {

/// Returns the folder of the results. The command line wins over the config.
/// @throws ConfigError for a resumed run that names no folder: the default is a new one each second
[[nodiscard]] std::string workspace_folder(const TuneOptions& options, const RunConfig& config);

}  // namespace halftone::app
