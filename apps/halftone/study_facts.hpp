#pragma once
// What study.h5 needs beyond the journal, written when a run starts: study.json (how it was started, units and their
// options) and calibration.h5 (statistics and ranges). Both follow from config, model and data: a resumed run writes
// them again.

#include <string>

#include "setup.hpp"

namespace halftone::app {

struct RunStart {
    std::string command;
    std::string directory;
    int ranks = 1;
    std::size_t model_bytes = 0;
};

/// The text of study.json.
[[nodiscard]] std::string study_facts(const RunConfig& config, const Workbench& bench, const RunStart& start);

/// Bytes of a unit's weight in the exported file, with its scales and zero points.
[[nodiscard]] std::int64_t weight_bytes(const Graph& graph, const Unit& unit, const UnitConfig& config);

/// @pre the evaluator has merged the calibration. @throws IoError
void write_calibration(const Workbench& bench, const std::string& path);

}  // namespace halftone::app
