#pragma once
// study.h5: a run as tables that h5py and pandas read. The schema is in src/dump/README.md.

#include <string>

#include "study/study_source.hpp"

namespace halftone::study {

inline constexpr std::int64_t kStudyVersion = 1;

/// Writes study.h5. Parts that the run has not reached are missing in it.
/// @param warnings  receives a sentence for each damaged file whose part was left out
/// @throws IoError when the file cannot be written; then `path` is what it was before
void write_study(const StudySource& source, const std::string& path, std::vector<std::string>& warnings);

}  // namespace halftone::study
