#include "exec/memory_plan.hpp"

#include <algorithm>
#include <numeric>

namespace halftone {
namespace {

constexpr std::size_t kAlignment = 64;  // a cache line, and the widest vector register

std::size_t aligned(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

/// The buffers that have an offset, found by the steps in which they live. Comparing each buffer with all others would
/// take minutes for the 100,000 buffers of a hostile model, of which each meets only a few.
class PlacedBuffers {
public:
    explicit PlacedBuffers(std::size_t steps) : starting_(steps), covering_(2 * steps) {}

    /// Notes the buffer where its life begins, and at the nodes of a segment tree over the steps that together cover
    /// its life: about 2 log2(steps) of them.
    void add(std::size_t buffer, const BufferLife& life) {
        starting_[life.first].push_back(buffer);
        std::size_t low = life.first + starting_.size();
        std::size_t high = life.last + 1 + starting_.size();
        for (; low < high; low /= 2, high /= 2) {
            if (low % 2 == 1) covering_[low++].push_back(buffer);
            if (high % 2 == 1) covering_[--high].push_back(buffer);
        }
    }

    /// Returns the buffers whose lives overlap this one: those alive when it begins, and those that begin later.
    [[nodiscard]] std::vector<std::size_t> overlapping(const BufferLife& life) const {
        std::vector<std::size_t> found;
        const auto take = [&](const std::vector<std::size_t>& some) {
            found.insert(found.end(), some.begin(), some.end());
        };
        for (std::size_t node = life.first + starting_.size(); node > 0; node /= 2) take(covering_[node]);
        for (std::size_t step = life.first + 1; step <= life.last; ++step) take(starting_[step]);
        return found;
    }

private:
    std::vector<std::vector<std::size_t>> starting_;  ///< by step
    std::vector<std::vector<std::size_t>> covering_;  ///< by node: the root is 1, the children of n are 2n and 2n + 1
};

}  // namespace

MemoryPlan plan_memory(const std::vector<BufferLife>& buffers) {
    // Largest first, each at the lowest offset where it fits: large buffers are the hardest to place. Finding the
    // smallest arena is NP-hard; this comes close for the buffers of neural networks.
    // Source: Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020 (greedy by size).
    std::vector<std::size_t> order(buffers.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return buffers[a].bytes > buffers[b].bytes; });

    std::size_t steps = 1;
    for (const BufferLife& buffer : buffers) steps = std::max(steps, buffer.last + 1);
    PlacedBuffers placed(steps);
    MemoryPlan plan;
    plan.offsets.assign(buffers.size(), 0);
    for (const std::size_t b : order) {
        std::vector<std::size_t> others = placed.overlapping(buffers[b]);
        std::sort(others.begin(), others.end(),
                  [&](std::size_t x, std::size_t y) { return plan.offsets[x] < plan.offsets[y]; });
        std::size_t offset = 0;
        for (const std::size_t other : others) {
            if (offset + aligned(buffers[b].bytes) <= plan.offsets[other]) break;
            offset = std::max(offset, plan.offsets[other] + aligned(buffers[other].bytes));
        }
        plan.offsets[b] = offset;
        plan.arena_bytes = std::max(plan.arena_bytes, offset + aligned(buffers[b].bytes));
        placed.add(b, buffers[b]);
    }
    return plan;
}

}  // namespace halftone
