#pragma once
// Changing the layout of a tensor. Defined in kernel/reorder.cpp, which sees the backends that can.

#include <memory>

#include "kernel/ops/op.hpp"

namespace halftone {

/// A step that changes the layout only, or f32 to bf16 and back. Any pair of layouts of one shape, from any backend.
[[nodiscard]] std::unique_ptr<Primitive> build_reorder(const Layout& from, const Layout& to);

}  // namespace halftone
