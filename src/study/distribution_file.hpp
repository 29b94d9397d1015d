#pragma once
// WORKSPACE/distributions/*.h5: the distributions of all units' outputs in one model, one file for the fp32 model and
// one for each trial.

#include <cstdint>
#include <string>
#include <vector>

#include "dump/event_file.hpp"

namespace halftone::study {

/// The distributions of one model, by unit number.
struct UnitDistributions {
    std::vector<Distribution> values;
    std::vector<double> sqnr_db;  ///< against fp32; empty for the fp32 model itself
};

/// Returns the name of a trial's file, without folders: "trial-00031.h5".
[[nodiscard]] std::string distribution_file_name(std::int64_t trial);

/// @param units  how many units the run has
/// @throws DataError when the file is missing, damaged, or of another number of units
[[nodiscard]] UnitDistributions read_distribution_file(const std::string& path, std::size_t units);

/// Writes a file that is either complete or absent. @throws IoError
void write_distribution_file(const std::string& path, const UnitDistributions& all);

}  // namespace halftone::study
