#pragma once
// Copies of a dense tensor whose dimensions change their order: Transpose.

#include "kernel/native/lib/strided_walk.hpp"

namespace halftone::native {

/// The walk over the output, with the input as its only operand, and the size of an element in bytes: 1, 2, 4 or 8.
struct PermutedCopy {
    StridedWalk walk;
    std::size_t element = 4;
};
void run_permuted_copy(const PermutedCopy& copy, const std::byte* x, std::byte* y);

}  // namespace halftone::native
