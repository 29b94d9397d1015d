#pragma once
// calibration.h5: the statistics and ranges of a run's calibration, for study.h5. Schema: src/dump/README.md.

#include <string>

#include "eval/calibrator.hpp"
#include "space/search_space.hpp"

namespace halftone::study {

/// Writes the statistics of every value and the ranges that each algorithm chooses from them, for each calibration
/// size.
/// @pre this process has merged and installed the calibration
/// @throws IoError
void write_calibration(const Calibrator& calibrator, const SearchSpace& space, const std::string& path);

}  // namespace halftone::study
