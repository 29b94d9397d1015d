#include "kernel/ref/lib/elementwise.hpp"

namespace halftone::ref {
namespace {

/// Step of dimension `i` (of `rank`) of an operand in its own memory; 0 where it has size 1 or no such dimension.
std::vector<std::int64_t> steps_of(const Shape& shape, std::size_t rank) {
    std::vector<std::int64_t> steps(rank, 0);
    std::int64_t step = 1;
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
        if (out[i] == 1) continue;
        const BroadcastWalk::Dimension inner{out[i], left_steps[i], right_steps[i]};
        if (!walk.dimensions.empty()) {
            auto& outer = walk.dimensions.back();
            if (outer.left_step == inner.size * inner.left_step && outer.right_step == inner.size * inner.right_step) {
                outer = {outer.size * inner.size, inner.left_step, inner.right_step};
                continue;
            }
        }
        walk.dimensions.push_back(inner);
    }
    if (walk.dimensions.empty()) walk.dimensions.push_back({1, 0, 0});
    return walk;
}

}  // namespace halftone::ref
