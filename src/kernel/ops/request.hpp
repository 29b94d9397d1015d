#pragma once
// KernelRequest: one step of the executor as the kernels are asked for it, that is, a node with everything that runs
// fused with it. No third-party type appears here.

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "graph/node.hpp"
#include "tensor/quant_params.hpp"
#include "tensor/tensor.hpp"

namespace halftone {

/// min(max(x, low), high); Relu is [0, inf), Clip(0,6) is [0, 6].
struct Clamp {
    float low = -std::numeric_limits<float>::infinity();
    float high = std::numeric_limits<float>::infinity();
    [[nodiscard]] bool is_identity() const {
        return low == -std::numeric_limits<float>::infinity() && high == std::numeric_limits<float>::infinity();
    }
    friend bool operator==(const Clamp&, const Clamp&) = default;
};

/// A data input or output as it is stored: u8/s8 tensors carry their (per-tensor) parameters.
struct Port {
    TensorType type{};  ///< static shape
    std::optional<QuantParams> params{};
};

/// u8 or s8 codes with per-tensor parameters of the same dtype.
[[nodiscard]] bool is_codes(const Port& port);

/// One step: `node` with everything that runs fused with it. Meaning, in real numbers:
///   y = clamp(activation(op(inputs[0], …) [+ inputs.back() when has_residual])), then quantized to output.params if
///   set.
/// Integer inputs mean (code - zero_point) * scale. Conv, Gemm, and MatMul with constant weights [K, N]:
///   f32: weight f32, bias f32.  int8: weight s8 with weight_params (zero points 0; per tensor or per output channel),
///   bias s32 with scale inputs[0].scale * weight.scale[c], as the exported file holds it; MatMul, whose bias is an Add
///   behind it in the file, f32.  bf16 (is_bf16, all else as f32): inputs and weights rounded to bf16, products added
///   in f32 with an f32 bias, y rounded to bf16.
struct KernelRequest {
    const Node* node = nullptr;  ///< op type and attributes; outlives the request, not the primitive
    std::vector<Port> inputs{};  ///< data inputs only, in node order; the residual last
    std::vector<Port> outputs{};
    Tensor weight{};  ///< Conv, Gemm, MatMul by a constant; empty elsewhere
    std::optional<QuantParams> weight_params{};
    Tensor bias{};                     ///< empty if none
    bool has_residual = false;         ///< f32 Conv/Gemm/MatMul only
    bool is_bf16 = false;              ///< Conv, Gemm, MatMul by a constant, with f32 ports
    const Node* activation = nullptr;  ///< a unary element-wise node (Sigmoid, Swish, Gelu…); Conv, Gemm, MatMul
    Clamp clamp{};                     ///< Conv, Gemm, MatMul, Add
    std::vector<Tensor> constants{};   ///< of other ops: constant inputs by input number (empty where not constant)
    std::string implementation{};      ///< wanted one of Op::implementations(); empty or unknown: the first of them

    [[nodiscard]] bool is_quantized() const { return !inputs.empty() && inputs[0].params.has_value(); }
    /// Something besides the operator itself is computed.
    [[nodiscard]] bool is_fused() const { return has_residual || activation != nullptr || !clamp.is_identity(); }
};

}  // namespace halftone
