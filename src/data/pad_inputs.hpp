#pragma once
// The section `collate` of a dataloader.

#include <memory>

#include "data/dataset.hpp"

namespace halftone {

/// Returns the transform that adds the input `mask: NAME`: ones, as many as the first list of open length has. Null
/// where the section has no such key. It stands before the padding, which fills it up with zeros.
[[nodiscard]] std::unique_ptr<Transform> make_mask_input(const ConfigNode& node);

/// Returns the transform that comes last, behind those of the config. Sizes that differ from sample to sample become N
/// with `pad_to: {max: N}`, the next multiple of N with `{multiple: N}`, and stay as they are with `longest`. What is
/// added behind a value is the number that `values` has for its input, else 0. Sample::unpadded says what the shapes
/// were.
/// @throws ConfigError for other keys and values; the transform throws DataError for a sample that is larger than N
[[nodiscard]] std::unique_ptr<Transform> make_pad_inputs(const ConfigNode& node);

}  // namespace halftone
