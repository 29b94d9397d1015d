#include "kernel/native/lib/strided_walk.hpp"

#include <algorithm>
#include <numeric>

namespace halftone::native {
namespace {

using Dimension = StridedWalk::Dimension;

/// Two dimensions are one long dimension if every operand gets from the end of an inner run to the next one by its own
/// inner step. That holds for repeated operands too (0 = size * 0).
bool walks_as_one(const Dimension& outer, const Dimension& inner) {
    for (std::size_t o = 0; o < kMostOperands; ++o) {
        if (outer.steps[o] != inner.size * inner.steps[o]) return false;
    }
    return true;
}

}  // namespace

std::vector<std::int64_t> row_major_steps(const Shape& shape) {
    std::vector<std::int64_t> steps(shape.rank(), 1);
    for (std::size_t d = shape.rank(); d-- > 1;) steps[d - 1] = steps[d] * shape[d];
    return steps;
}

StridedWalk strided_walk(const std::vector<WalkedOperand>& operands, const Shape& output,
                         const std::vector<std::int64_t>& output_steps) {
    const std::size_t rank = output.rank();
    std::vector<std::size_t> order(rank);
    std::iota(order.begin(), order.end(), std::size_t{0});
    // From the outermost dimension to the innermost, as the output lies. Stable: dimensions of size 1 have equal steps.
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return output_steps[a] > output_steps[b]; });
    StridedWalk walk;
    for (const std::size_t d : order) {
        if (output[d] == 1) continue;
        Dimension next{.size = output[d], .steps = {}};
        for (std::size_t o = 0; o < operands.size(); ++o) {
            // Shapes are aligned at their last dimension; an operand of lower rank is repeated in those before.
            const std::size_t missing = rank - operands[o].shape.rank();
            if (d >= missing && operands[o].shape[d - missing] != 1) next.steps[o] = operands[o].steps[d - missing];
        }
        if (!walk.dimensions.empty() && walks_as_one(walk.dimensions.back(), next)) {
            next.size *= walk.dimensions.back().size;
            walk.dimensions.back() = next;
        } else {
            walk.dimensions.push_back(next);
        }
    }
    // A tile has rows and columns, so that kernels need no case for vectors and scalars.
    while (walk.dimensions.size() < 2) walk.dimensions.insert(walk.dimensions.begin(), Dimension{});
    return walk;
}

}  // namespace halftone::native
