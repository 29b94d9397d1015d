#pragma once
// The distributions that tuning.tensorboard left in a workspace, as one part of study.h5.

#include <string>
#include <vector>

#include "dump/h5_writer.hpp"
#include "study/study_source.hpp"

namespace halftone::study {

/// Writes the group /distributions. It writes nothing where the workspace has no distributions, or where study.json is
/// missing, because the files know their units by number only.
/// @param warnings  receives a sentence for each trial whose file is damaged and was left out
void write_distributions(H5Writer& file, const StudySource& source, std::vector<std::string>& warnings);

}  // namespace halftone::study
