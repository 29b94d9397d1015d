#include "exec/memory_plan.hpp"

#include <algorithm>
#include <numeric>

namespace halftone {
namespace {

constexpr std::size_t kAlignment = 64;  // a cache line, and the widest vector register

std::size_t aligned(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

bool overlap(const BufferLife& a, const BufferLife& b) { return a.first <= b.last && b.first <= a.last; }

}  // namespace

MemoryPlan plan_memory(const std::vector<BufferLife>& buffers) {
    // Largest first, each at the lowest offset where it fits: large buffers are the hardest to place. Finding the
    // smallest arena is NP-hard; this comes close for the buffers of neural networks.
    // Source: Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020 (greedy by size).
    std::vector<std::size_t> order(buffers.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return buffers[a].bytes > buffers[b].bytes; });

    MemoryPlan plan;
    plan.offsets.assign(buffers.size(), 0);
    std::vector<std::size_t> placed;  // sorted by offset
    for (const std::size_t b : order) {
        std::size_t offset = 0;
        for (const std::size_t other : placed) {
            if (!overlap(buffers[b], buffers[other])) continue;
            if (offset + aligned(buffers[b].bytes) <= plan.offsets[other]) break;
            offset = std::max(offset, plan.offsets[other] + aligned(buffers[other].bytes));
        }
        plan.offsets[b] = offset;
        plan.arena_bytes = std::max(plan.arena_bytes, offset + aligned(buffers[b].bytes));
        const auto place =
            std::upper_bound(placed.begin(), placed.end(), offset,
                             [&](std::size_t value, std::size_t other) { return value < plan.offsets[other]; });
        placed.insert(place, b);
    }
    return plan;
}

}  // namespace halftone
