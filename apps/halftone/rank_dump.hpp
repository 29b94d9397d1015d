#pragma once
// The command report on a dump: units by their error, recomputed from the dumped outputs.

#include "commands.hpp"

namespace halftone::app {

/// @throws ConfigError for an unknown order, DataError for a damaged dump
[[nodiscard]] int report_dump(const ReportOptions& options);

}  // namespace halftone::app
