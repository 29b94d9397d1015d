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

/// How the elements of one operand, an input or an output, are stored. The shape is static.
struct OperandEncoding {
    TensorType type{};                    ///< element type as stored
    std::optional<QuantParams> params{};  ///< of codes, per tensor; without them the elements are real values
};

/// Returns whether the operand is u8 or s8 codes with per-tensor parameters of the same element type.
[[nodiscard]] bool is_codes(const OperandEncoding& operand);

/// The constant second operand of Conv, Gemm, and MatMul by a constant. Other operators have none: `values` is empty.
struct WeightOperand {
    Tensor values{};
    std::optional<QuantParams> params{};  ///< of s8 codes: zero points 0, per tensor or per output channel
};

/// What runs fused behind the operator, in the order of the fields. At its end stands the conversion to the codes of
/// KernelRequest::outputs.
struct Epilogue {
    bool has_residual = false;         ///< the last input is added; only of an fp32 or bf16 Conv, Gemm or MatMul
    const Node* activation = nullptr;  ///< a unary node (Sigmoid, Gelu…) of Conv, Gemm or MatMul; null if there is none
    Clamp clamp{};                     ///< of Conv, Gemm, MatMul and Add
};

/// One step: an operator with the encodings of its operands and everything that runs fused with it. Its meaning, in
/// real values:
///   y = clamp(activation(op(inputs[0], …) [+ inputs.back() if has_residual])), then quantized if outputs[0] has
///   parameters.
/// Conv, Gemm, and MatMul with constant weights [K, N] come in three kinds:
///   fp32  input, weight and bias are fp32.
///   int8  input is u8 or s8 codes, the weight s8 codes; the bias is s32 with the scale inputs[0].scale *
///         weight.scale[c], as the exported file holds it. MatMul's bias is fp32: in the file it is an Add behind it.
///   bf16  (is_bf16, all else as for fp32) inputs and weights are rounded to bf16, their products are added in fp32
///         with an fp32 bias, and y is rounded to bf16.
struct KernelRequest {
    const Node* node = nullptr;  ///< op type and attributes; it outlives the request, but not the built primitive
    std::vector<OperandEncoding> inputs{};  ///< of the data inputs in the node's order, then of the residual
    std::vector<OperandEncoding> outputs{};
    WeightOperand weight{};
    Tensor bias{};  ///< empty if there is none
    Epilogue epilogue{};
    bool is_bf16 = false;             ///< only of Conv, Gemm, and MatMul by a constant
    std::vector<Tensor> constants{};  ///< of operators without weight: by input number, empty where not constant
    std::string implementation{};     ///< one of Op::implementations(); empty or unknown: the first of them

    [[nodiscard]] bool is_quantized() const { return !inputs.empty() && inputs[0].params.has_value(); }
    /// Returns whether something besides the operator itself and the output's encoding is computed.
    [[nodiscard]] bool is_fused() const {
        return epilogue.has_residual || epilogue.activation != nullptr || !epilogue.clamp.is_identity();
    }
};

}  // namespace halftone
