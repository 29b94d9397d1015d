#pragma once
// The section `collate` of a dataloader.

#include <memory>

#include "data/dataset.hpp"

namespace halftone {

/// Returns the transform that comes last, behind those of the config: every size that differs from sample to sample
/// becomes `pad_to: {max: N}`. What is added behind a value is the number that `values` has for its input, else 0.
/// @throws ConfigError for other keys and values; the transform throws DataError for a sample that is larger
[[nodiscard]] std::unique_ptr<Transform> make_pad_inputs(const ConfigNode& node);

}  // namespace halftone
