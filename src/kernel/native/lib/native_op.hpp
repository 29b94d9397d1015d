#pragma once
// NativeOp: what a plug-in of kernel/native is. The registry of that folder holds them all.

#include "kernel/shape/fast_op.hpp"

namespace halftone {

using NativeOp = FastOp;

}  // namespace halftone
