#pragma once
// Finds what a user's options of a dump name: units of the model by name, a candidate of an earlier run by its trial.

#include <string>
#include <vector>

#include "exec/prepared_model.hpp"
#include "space/search_space.hpp"

namespace halftone::study {

/// Returns the numbers of the units that match any of the patterns, ascending, each once.
/// @param patterns  "all", exact names of units or nodes, globs, or "re:…"; the rules are those of op_wise in a config
/// @throws ConfigError naming a pattern that matches nothing
[[nodiscard]] std::vector<std::size_t> select_units(const std::vector<std::string>& patterns,
                                                    const PreparedModel& model);

/// Returns the candidate of a trial of an earlier run.
/// @param text  "WORKSPACE:N": the run's folder and the number of the trial, counted from 0
/// @throws ConfigError when the text is not of this form, the run has no such trial, its journal did not record the
/// candidate, or the run searched another space; IoError when the folder holds no run
[[nodiscard]] Candidate candidate_of_trial(const std::string& text, const SearchSpace& space);

}  // namespace halftone::study
