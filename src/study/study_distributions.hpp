#pragma once
// The distributions that tuning.tensorboard left in a workspace, as one part of study.h5.

#include <string>
#include <vector>

#include "dump/h5_writer.hpp"
#include "study/study_source.hpp"

namespace halftone::study {

/// Writes /distributions where the workspace has them. A trial's damaged file is told in `warnings` and left out.
void write_distributions(H5Writer& file, const StudySource& source, std::vector<std::string>& warnings);

}  // namespace halftone::study
