#pragma once
// Which kernel runs a request: the one that the graph's metadata wants, or the first backend that says it can.

#include "exec/kernel_choice.hpp"
#include "exec/step_group.hpp"
#include "kernel/ops/find_op.hpp"

namespace halftone {

/// Returns the kernel for a request; its `op` is null when no backend supports the request.
/// @param backend  the fastest that may be used; slower ones are asked in turn
/// @param wanted   kernels by node name. A wanted kernel that this machine does not have is passed over in silence, so
/// that a file runs everywhere. With the backend `ref` nothing is wanted: it is the oracle.
[[nodiscard]] SelectedKernel select_kernel(const KernelRequest& request, Backend backend, const KernelChoices& wanted);

}  // namespace halftone
