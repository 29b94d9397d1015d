#include "kernel/ref/lib/elementwise.hpp"

namespace halftone::ref {
namespace {

/// Step of dimension `i` (of `rank`) of an operand in its own memory; 0 where it has size 1 or no such dimension.
std::vector<std::int64_t> steps_of(const Shape& shape, std::size_t rank) {
    std::vector<std::int64_t> steps(rank, 0);
    std::int64_t step = 1;
    // Shapes are aligned at their last dimension; missing dimensions in front count as 1 and do not move (step 0).
    for (std::size_t i = 0; i < shape.rank(); ++i) {  // from the last
        const std::int64_t size = shape[shape.rank() - 1 - i];
        if (size != 1) steps[rank - 1 - i] = step;
        step *= size;
    }
    return steps;
}

}  // namespace

BroadcastWalk broadcast_walk(const Shape& left, const Shape& right, const Shape& out) {
    const auto left_steps = steps_of(left, out.rank());
    const auto right_steps = steps_of(right, out.rank());
    BroadcastWalk walk;
    for (std::size_t i = 0; i < out.rank(); ++i) {
        // A dimension of size 1 is no loop.
        if (out[i] == 1) continue;
        const BroadcastWalk::Dimension inner{out[i], left_steps[i], right_steps[i]};
        if (!walk.dimensions.empty()) {
            auto& outer = walk.dimensions.back();
            // Two dimensions that both operands walk as one are one: equal shapes end as a single long loop.
            if (outer.left_step == inner.size * inner.left_step && outer.right_step == inner.size * inner.right_step) {
                outer = {outer.size * inner.size, inner.left_step, inner.right_step};
                continue;
            }
        }
        walk.dimensions.push_back(inner);
    }
    // Scalars still have one element to compute.
    if (walk.dimensions.empty()) walk.dimensions.push_back({1, 0, 0});
    return walk;
}

}  // namespace halftone::ref
