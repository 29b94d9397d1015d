#pragma once
// Samples and targets as a model gets them, as .npy files, for other runtimes to compare with.

#include <cstdint>
#include <string>
#include <vector>

#include "data/dataset.hpp"
#include "graph/graph.hpp"

namespace halftone::show {

/// Writes the first `samples` samples into the folder, which is made where it is missing. A model with one input and a
/// data set with one target get inputs.npy and labels.npy; where there are several, each has a file of its name, with
/// a number where two names are one file's (numbered_files: inputs first, then targets). Texts and targets without a
/// fixed shape are left out.
/// @param read  files that this program reads, none of which may be overwritten; a data set's own arrays have such
/// names
/// @throws DataError, IoError, ConfigError
void save_inputs(const Pipeline& data, const Graph& graph, std::int64_t samples, const std::string& folder,
                 const std::vector<std::string>& read);

}  // namespace halftone::show
