#pragma once
// The view of a data set that a filter leaves.

#include <memory>

#include "data/filter.hpp"

namespace halftone {

/// Looks at the targets of every sample once, and returns the data set of those that the filter keeps. Errors and
/// parameters are those of make_filtered (data/dataset.hpp).
/// @param node  the filter's section, for messages
[[nodiscard]] std::unique_ptr<Dataset> keep_samples(std::unique_ptr<Dataset> dataset, const Filter& filter,
                                                    const ConfigNode& node, bool keeps_bad_samples);

}  // namespace halftone
