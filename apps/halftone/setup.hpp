#pragma once
// What several commands read before they begin: a config, a plan.

#include <string>
#include <vector>

#include "config/run_config.hpp"
#include "exec/prepared_model.hpp"
#include "plan/load_plan.hpp"

namespace halftone::app {

/// Names of all registered plug-ins.
[[nodiscard]] KnownNames known_names();

/// Bytes of a config file. @throws ConfigError when it is missing, IoError
[[nodiscard]] std::string read_config_text(const std::string& path);

/// Reads and parses a config file. @throws IoError, ConfigError
[[nodiscard]] RunConfig load_config(const std::string& path, const std::vector<std::string>& overrides);

/// @throws ConfigError listing what the config asks for and this build does not have
void refuse_unavailable(const RunConfig& config);

/// Reads a plan file for this model, and prepares the model by the plan's recipes.
/// @throws ConfigError when the file is missing, no plan, or of another model
[[nodiscard]] LoadedPlan read_plan(const std::string& path, PreparedModel& model);

/// Refuses what would fail later, before anything is created: what is not available, another instruction set, no model.
/// @throws ConfigError
void check_runnable(const RunConfig& config);

/// @throws ConfigError when the config pins another instruction set than this process runs with
void check_isa(const RunConfig& config);

}  // namespace halftone::app
