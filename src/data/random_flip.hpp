#pragma once
// Flips of a share of the pictures: RandomHorizontalFlip and RandomVerticalFlip differ in the axis only.

#include <memory>

#include "data/dataset.hpp"

namespace halftone {

/// Returns a transform that flips a picture with the probability of the key `p` (0.5). The sample's number decides.
/// @param is_vertical  upside down, or else left and right exchanged
/// @throws ConfigError for keys that are unknown, or a p that is no probability
[[nodiscard]] std::unique_ptr<Transform> make_random_flip(const ConfigNode& node, bool is_vertical);

}  // namespace halftone
