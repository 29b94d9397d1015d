#pragma once
// study.h5: a run as tables that h5py and pandas read. The schema is src/dump/README.md.

#include <string>

#include "study/study_source.hpp"

namespace halftone::study {

inline constexpr std::int64_t kStudyVersion = 1;

/// @param warnings  what had to be left out. @throws IoError
void write_study(const StudySource& source, const std::string& path, std::vector<std::string>& warnings);

}  // namespace halftone::study
