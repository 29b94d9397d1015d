#pragma once
// Flatten and Reshape: the same row-major elements under another shape; nothing moves when the buffer is shared.

#include "kernel/ops/op.hpp"

namespace halftone::onednn {

[[nodiscard]] Support supports_copy(const KernelRequest& request);
[[nodiscard]] std::unique_ptr<Primitive> build_copy(const KernelRequest& request);

}  // namespace halftone::onednn
