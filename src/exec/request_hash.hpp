#pragma once
// Content hashes of what a step computes.

#include <cstdint>

#include "kernel/ops/request.hpp"

namespace halftone {

/// Returns the hash of the tensor's type and bytes.
[[nodiscard]] std::uint64_t hash_of(const Tensor& tensor);
/// Returns the hash of everything that decides a step's results, except the contents of its data inputs. Names play no
/// part.
[[nodiscard]] std::uint64_t hash_of(const KernelRequest& request);

}  // namespace halftone
