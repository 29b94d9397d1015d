#pragma once
// Output sizes and scales of each dimension of a Resize.

#include <vector>

#include "kernel/shape/resample.hpp"

namespace halftone::ref {

/// Returns the dimensions of input 0 with output sizes, scales and the region of interest resolved. @throws ModelError
[[nodiscard]] std::vector<Dimension> resize_dimensions(const OpContext& op);

}  // namespace halftone::ref
