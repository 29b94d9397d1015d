#pragma once
// What Slice takes of each dimension.

#include <vector>

#include "kernel/shape/rules.hpp"

namespace halftone::ref {

/// First place, step and number of places. `count` is kSymbolic for a batch that is kept as it is.
struct SliceRange {
    std::int64_t first = 0;
    std::int64_t step = 1;
    std::int64_t count = 0;
};

/// Returns the range of each dimension of input 0, from the inputs starts, ends, axes and steps. @throws ModelError
[[nodiscard]] std::vector<SliceRange> slice_ranges(const OpContext& op);

}  // namespace halftone::ref
