#pragma once
// The common check of QuantizeLinear and DequantizeLinear.

#include "kernel/op.hpp"

namespace halftone::onednn {

/// One fp32 port and one port of codes with per-tensor parameters.
[[nodiscard]] Support check_linear(const KernelRequest& request, const Port& real, const Port& codes);

}  // namespace halftone::onednn
