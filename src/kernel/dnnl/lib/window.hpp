#pragma once
// Sliding windows as oneDNN wants them, from the one rule in kernel/shape/window.hpp, and the pools that use them.

#include "kernel/ops/op.hpp"
#include "kernel/shape/window.hpp"
#include "oneapi/dnnl/dnnl.hpp"

namespace halftone::onednn {

struct PoolWindow {
    dnnl::memory::dims kernel;
    dnnl::memory::dims strides;
    dnnl::memory::dims dilations;  ///< oneDNN's: 0 = dense
    dnnl::memory::dims pads_begin;
    dnnl::memory::dims pads_end;  ///< as far as the last window reaches; negative when it ends before the input does
    bool passes_padding = false;  ///< ceil_mode: a window reaches beyond the declared padding
};

[[nodiscard]] PoolWindow window_of(const KernelRequest& request, const dnnl::memory::dims& kernel,
                                   ref::WindowRule rule);
/// Of a pooling node: attribute kernel_shape, ceil_mode obeyed.
[[nodiscard]] PoolWindow pool_window_of(const KernelRequest& request);

/// Channels-last pooling of fp32, or of codes, which keep their parameters.
[[nodiscard]] Support supports_pool(const KernelRequest& request, dnnl::algorithm algorithm, const PoolWindow& window);
[[nodiscard]] std::unique_ptr<Primitive> build_pool(const KernelRequest& request, dnnl::algorithm algorithm,
                                                    const PoolWindow& window);

}  // namespace halftone::onednn
