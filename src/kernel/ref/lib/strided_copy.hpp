#pragma once
// Copies of elements between row-major tensors in any order that a start and a step for each dimension can say.

#include <vector>

#include "kernel/ref/lib/numbers.hpp"
#include "tensor/tensor.hpp"

namespace halftone::ref {

/// Elements from one position of a dimension to the next, row-major.
[[nodiscard]] std::vector<std::int64_t> row_major_steps(const Shape& shape);

/// to[i] = from[start + sum of place[d] * steps[d]], in the row-major order of `to`, which is dense.
void gather_strided(const TensorView& from, std::int64_t start, const std::vector<std::int64_t>& steps,
                    const MutableView& to);

}  // namespace halftone::ref
