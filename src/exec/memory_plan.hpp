#pragma once
// Offsets of temporary buffers in one arena: buffers whose lifetimes do not overlap share bytes.

#include <cstddef>
#include <vector>

namespace halftone {

/// A buffer that is alive from step `first` (which writes it) to step `last` (the last that reads it), both inclusive.
struct BufferLife {
    std::size_t bytes = 0;
    std::size_t first = 0;
    std::size_t last = 0;
};

struct MemoryPlan {
    std::vector<std::size_t> offsets;  ///< by buffer, multiples of 64
    std::size_t arena_bytes = 0;
};

/// Greedy by size: the largest buffer first, each at the lowest offset that is free during its whole life.
/// Source: the "greedy by size" rule of Pisarchyk and Lee, Efficient Memory Management for Deep Neural Net Inference,
/// 2020.
[[nodiscard]] MemoryPlan plan_memory(const std::vector<BufferLife>& buffers);

}  // namespace halftone
