#pragma once
// Whether this machine multiplies the codes of a step exactly. Asked by the backends that would multiply them as bytes.

#include "kernel/ops/request.hpp"

namespace halftone {

/// Returns true for codes that oneDNN would multiply with 16-bit saturation on this machine: it has no VNNI, and the
/// weights are not of the reduced range (6 bits) whose sums of two products always fit into 16 bits.
[[nodiscard]] bool needs_widening(const KernelRequest& request);

}  // namespace halftone
