#pragma once
// What follows from a config for one run: whether it may resume an earlier session, its limits, its exit code.

#include <cstdint>
#include <string>
#include <vector>

#include "config/run_config.hpp"
#include "eval/workbench.hpp"
#include "journal/format.hpp"
#include "tune/tuner.hpp"

namespace halftone::study {

/// The facts besides the config that decide candidates and scores.
struct RunIdentity {
    std::string version;              ///< of this program
    std::string isa;                  ///< the instruction set of all ranks
    std::uint64_t model = 0;          ///< hash of the model's file
    std::vector<std::uint64_t> data;  ///< hashes of the calibration data and, where there are any, the evaluation data
    std::uint64_t space = 0;          ///< hash of the search space
};

/// Returns the identity of a run of this workbench on this machine. @pre it has a space and calibration data
[[nodiscard]] RunIdentity identity_of(const Workbench& bench, const std::string& version);

/// Returns the first record of a journal: everything that decides candidates and scores. A resumed run is refused if
/// any of it differs, because replayed trials would then not be this run's. The number of ranks, the workspace and the
/// limits are left out on purpose: they may change.
[[nodiscard]] journal::Header run_header(const RunConfig& config, const RunIdentity& identity);

/// Returns the settings of the config for the coordinator. With performance_only one trial is enough, because its
/// verdict does not matter.
[[nodiscard]] tune::RunSettings run_settings(const RunConfig& config);

/// Returns the exit code of a run that ended by itself or by a signal. It is also 0 if the goal was not judged: without
/// evaluation data, or with performance_only.
[[nodiscard]] int exit_code_of(const tune::RunResult& result, const RunConfig& config);

}  // namespace halftone::study
