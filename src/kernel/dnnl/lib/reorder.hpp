#pragma once
// oneDNN's reorder, which knows blocked layouts and converts element types. kernel/reorder.cpp decides when it is
// asked.

#include <memory>

#include "kernel/ops/op.hpp"

namespace halftone::onednn {

/// A step from one layout of a tensor to another, by oneDNN's first choice.
[[nodiscard]] std::unique_ptr<Primitive> build_reorder(const Layout& from, const Layout& to);

}  // namespace halftone::onednn
