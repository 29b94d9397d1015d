#pragma once
// Layouts as oneDNN memory descriptors. Tensors with channels are kept channels-last (nwc, nhwc, ndhwc), in fp32 as in
// int8: oneDNN's fast convolutions take it for both, so no border between the two needs a reorder.

#include "kernel/ops/layout.hpp"
#include "oneapi/dnnl/dnnl.hpp"

namespace halftone::onednn {

/// True for the element types that oneDNN can move and compute.
[[nodiscard]] bool is_known(DType dtype);
/// @pre is_known(dtype)
[[nodiscard]] dnnl::memory::data_type to_dnnl(DType dtype);

/// Row-major descriptor of these dimensions; a scalar becomes one element.
[[nodiscard]] dnnl::memory::desc row_major(const dnnl::memory::dims& dims, dnnl::memory::data_type type);
[[nodiscard]] dnnl::memory::desc row_major(const TensorType& type);
/// Channels-last of a tensor of rank 3 to 5, row-major of any other.
[[nodiscard]] dnnl::memory::desc channels_last(const TensorType& type);

/// Layout of `type` as the descriptor says; the plain layout when that is the same thing (C = 1, 1x1 images).
[[nodiscard]] Layout make_layout(const TensorType& type, const dnnl::memory::desc& desc);
/// @pre the layout is plain or comes from make_layout()
[[nodiscard]] dnnl::memory::desc descriptor(const Layout& layout);

}  // namespace halftone::onednn
