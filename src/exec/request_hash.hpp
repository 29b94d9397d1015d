#pragma once
// Content hashes of what a step computes.

#include <cstdint>

#include "kernel/op.hpp"

namespace halftone {

/// Of type and bytes.
[[nodiscard]] std::uint64_t hash_of(const Tensor& tensor);
/// Of everything that decides the results but the data inputs' contents. Names play no part.
[[nodiscard]] std::uint64_t hash_of(const KernelRequest& request);

}  // namespace halftone
