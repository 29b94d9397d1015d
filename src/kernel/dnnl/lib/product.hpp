#pragma once
// x [rows, K] times constant weights [K, N], with everything that is fused: what Gemm and MatMul by a constant are. By
// oneDNN's matmul, or by its 1x1 convolution over the rows as pixels, which packs its weights where the machine's
// matmul does not (without AVX-512: bench --autotune shows both).

#include "kernel/dnnl/lib/fusion.hpp"
#include "kernel/ops/op.hpp"
#include "oneapi/dnnl/dnnl.hpp"

namespace halftone::onednn {

/// What differs between the operators. `request` outlives it.
struct Product {
    const KernelRequest& request;
    std::int64_t columns = 0;    ///< N
    Tensor weights;              ///< fp32 or int8 values, as the kernel multiplies them
    bool is_transposed = false;  ///< weights lie as [N, K]
    float factor = 1.0F;         ///< of the sum of codes times weights (Gemm's alpha for int8)
    std::vector<float> bias;     ///< real, one for each column; empty: none
};

/// Some implementation takes it on this machine. @pre check_fused()
[[nodiscard]] Support check_product(const Product& product);
/// Names for KernelRequest::implementation, the default first. @pre check_product()
[[nodiscard]] std::vector<std::string> product_implementations(const Product& product);
/// @pre check_product()
[[nodiscard]] std::unique_ptr<Primitive> build_product(const Product& product, const BuildContext& context);

}  // namespace halftone::onednn
