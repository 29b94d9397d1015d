#pragma once
// Relu and Clip that no Conv took in: one clamp over a dense tensor, in place.

#include "kernel/op.hpp"

namespace halftone::onednn {

[[nodiscard]] std::unique_ptr<Primitive> build_clamp(const KernelRequest& request, const BuildContext& context,
                                                     Clamp clamp);

}  // namespace halftone::onednn
