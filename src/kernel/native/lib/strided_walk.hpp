#pragma once
// How several operands of different shapes are walked in the order of the output's memory: the one place where
// broadcasting becomes strides.

#include <array>
#include <cstdint>
#include <vector>

#include "kernel/ops/layout.hpp"

namespace halftone::native {

inline constexpr std::size_t kMostOperands = 3;  ///< Where has three

using Steps = std::array<std::int64_t, kMostOperands>;  ///< of each operand, in elements; 0: repeated

/// Nested loops over the output, which lies densely; the last dimension is innermost.
struct StridedWalk {
    struct Dimension {
        std::int64_t size = 1;
        Steps steps{};
    };
    std::vector<Dimension> dimensions;  ///< at least two: the inner two are rows and columns of a tile
};

/// An operand's shape and, where it does not lie row-major, the step of each of its dimensions in memory.
struct WalkedOperand {
    Shape shape;
    std::vector<std::int64_t> steps;  ///< of its own dimensions, in elements
};

/// Returns the steps of a row-major tensor of this shape.
[[nodiscard]] std::vector<std::int64_t> row_major_steps(const Shape& shape);

/// Returns the loops for operands that are broadcast to `output`. Dimensions are ordered by `output_steps`, those of
/// size 1 are left out, and neighbours that all operands walk as one are merged, so that equal shapes are one long row.
/// @pre `output_steps` are those of a dense tensor; at most kMostOperands operands
[[nodiscard]] StridedWalk strided_walk(const std::vector<WalkedOperand>& operands, const Shape& output,
                                       const std::vector<std::int64_t>& output_steps);

}  // namespace halftone::native
