#pragma once
// A transform that changes nothing: for words of LPOT whose work is done elsewhere here.

#include <memory>

#include "data/dataset.hpp"

namespace halftone {

/// Returns a transform that leaves samples as they are. @throws ConfigError when the section has settings, other than
/// the key `input`, which names an input that there must be
[[nodiscard]] std::unique_ptr<Transform> make_unchanged_sample(const ConfigNode& node);

}  // namespace halftone
