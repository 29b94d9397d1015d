#pragma once
// Axes of an operator, as an attribute (opset 13 and before) or as a constant input (18), and what reducing over them
// does to a shape and to the order of elements.

#include <vector>

#include "kernel/shape/rules.hpp"

namespace halftone::ref {

/// Sorted, without repetition, 0 … rank-1; `is_given` is false when the node names none.
struct Axes {
    std::vector<std::size_t> places;
    bool is_given = false;
};
/// @throws ModelError: not constant, outside the rank, named twice
[[nodiscard]] Axes axes_of(const OpContext& op, std::size_t input, std::size_t rank);

/// For each output element, in row-major order of the kept dimensions: base[o] + offset[r] are the places in the input
/// of what is reduced, r in row-major order of the reduced dimensions.
struct Reduction {
    std::vector<std::int64_t> bases;
    std::vector<std::int64_t> offsets;
};
[[nodiscard]] Reduction reduction(const Shape& shape, const std::vector<bool>& is_reduced);
/// Reduced dimensions become 1, or go.
[[nodiscard]] Shape reduced_shape(const Shape& shape, const std::vector<bool>& is_reduced, bool keeps_dims);

}  // namespace halftone::ref
