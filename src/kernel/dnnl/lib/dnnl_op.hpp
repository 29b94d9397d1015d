#pragma once
// DnnlOp: what a plug-in of kernel/dnnl is. The registry of that folder holds them all.

#include "kernel/shape/fast_op.hpp"

namespace halftone {

using DnnlOp = FastOp;

}  // namespace halftone
