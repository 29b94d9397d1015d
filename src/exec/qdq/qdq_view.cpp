#include "exec/qdq/qdq_view.hpp"

#include <algorithm>
#include <cmath>

#include "base/check.hpp"
#include "tensor/affine.hpp"

namespace halftone {
namespace {

bool is_code_type(DType dtype) { return dtype == DType::u8 || dtype == DType::s8; }

/// The tensor's integers, whatever their width. @pre u8, s8 or s32
std::vector<std::int32_t> integers_of(const Tensor& tensor) {
    std::vector<std::int32_t> out;
    if (tensor.dtype() == DType::u8) {
        for (const auto v : tensor.as<std::uint8_t>()) out.push_back(v);
    } else if (tensor.dtype() == DType::s8) {
        for (const auto v : tensor.as<std::int8_t>()) out.push_back(v);
    } else {
        for (const auto v : tensor.as<std::int32_t>()) out.push_back(v);
    }
    return out;
}

/// Axis of the weight's output channels: Conv [N, C, ..], Gemm [K, N] or [N, K] with transB, MatMul [K, N].
std::int64_t weight_channel_axis(const Node& n) {
    if (n.op == "MatMul") return 1;
    return n.op == "Gemm" && int_attribute(n, "transB", 0) == 0 ? 1 : 0;
}

}  // namespace

std::optional<QuantParams> QdqView::params_of(const Node& node, DType codes) const {
    if (node.inputs.size() < 2 || !graph_.value(node.inputs[1]).is_constant()) return std::nullopt;
    if (int_attribute(node, "block_size", 0) != 0)
        return std::nullopt;  // scales by blocks: opset 21, no kernel reads them
    const Tensor& scale = graph_.value(node.inputs[1]).constant;
    if (scale.dtype() != DType::f32) return std::nullopt;
    QuantParams params;
    params.dtype = codes;
    params.scale.assign(scale.as<float>().begin(), scale.as<float>().end());
    params.zero_point.assign(params.scale.size(), 0);
    if (node.inputs.size() > 2 && node.inputs[2].is_valid()) {
        const Value& zero_point = graph_.value(node.inputs[2]);
        if (!zero_point.is_constant()) return std::nullopt;
        const DType dtype = zero_point.constant.dtype();
        if (!is_code_type(dtype) && dtype != DType::s32) return std::nullopt;
        params.dtype = dtype;
        params.zero_point = integers_of(zero_point.constant);
    }
    if (params.zero_point.size() != params.scale.size()) return std::nullopt;
    // The default axis is ONNX's; per tensor it means nothing, and 0 lets equal parameters compare equal.
    params.axis = params.is_per_tensor() ? 0 : int_attribute(node, "axis", 1);
    return params;
}

std::optional<Codes> QdqView::activation_codes(ValueId real) const {
    const NodeId producer = graph_.producer(real);
    if (!producer.is_valid() || graph_.node(producer).op != "DequantizeLinear") return std::nullopt;
    const Node& node = graph_.node(producer);
    const Value& codes = graph_.value(node.inputs[0]);
    // Constant codes are weights (stored_constant); int32 codes are biases. Neither is an activation.
    if (codes.is_constant() || !is_code_type(codes.type.dtype)) return std::nullopt;
    const auto params = params_of(node, codes.type.dtype);
    if (!params || !params->is_per_tensor()) return std::nullopt;
    return Codes{node.inputs[0], *params};
}

std::optional<StoredConstant> QdqView::stored_constant(ValueId real, DType dtype) const {
    const NodeId producer = graph_.producer(real);
    if (!producer.is_valid() || graph_.node(producer).op != "DequantizeLinear") return std::nullopt;
    const Node& node = graph_.node(producer);
    const Value& codes = graph_.value(node.inputs[0]);
    if (!codes.is_constant() || codes.constant.dtype() != dtype) return std::nullopt;
    auto params = params_of(node, dtype);
    if (!params) return std::nullopt;
    const auto rank = static_cast<std::int64_t>(codes.constant.shape().rank());
    if (params->axis < 0) params->axis += rank;
    return StoredConstant{codes.constant, *params};
}

const Tensor* QdqView::real_constant(ValueId real) const {
    const Value& value = graph_.value(real);
    if (value.is_constant()) return &value.constant;
    // A weight is asked for several times while groups are formed; dequantizing it each time would cost more than that.
    if (const auto found = cache_.find(real); found != cache_.end()) return &found->second;
    // Weights are int8, biases int32; uint8 constants come from files of other exporters.
    for (const DType dtype : {DType::s8, DType::u8, DType::s32}) {
        if (const auto stored = stored_constant(real, dtype)) {
            return &cache_.emplace(real, dequantize(stored->tensor, stored->params)).first->second;
        }
    }
    return nullptr;
}

bool QdqView::is_activation_quantize(NodeId id) const {
    const Node& node = graph_.node(id);
    if (node.op != "QuantizeLinear" || graph_.value(node.inputs[0]).is_constant()) return false;
    const auto params = params_of(node, DType::u8);
    return params && params->is_per_tensor() && is_code_type(params->dtype);
}

QuantParams QdqView::quantize_params(NodeId id) const {
    const auto params = params_of(graph_.node(id), DType::u8);
    HALFTONE_CHECK(params.has_value(), "is_activation_quantize holds");
    return *params;
}

bool QdqView::has_integer_operands(const Node& n) const {
    if (!activation_codes(n.inputs[0])) return false;
    const auto weight = stored_constant(n.inputs[1], DType::s8);
    if (!weight) return false;
    // Scales along any other axis do not factor out of the sum over input channels.
    if (!weight->params.is_per_tensor() && weight->params.axis != weight_channel_axis(n)) return false;
    // No integer kernel subtracts a weight's zero point; the step runs on the real weights.
    const auto is_zero = [](std::int32_t z) { return z == 0; };
    if (!std::all_of(weight->params.zero_point.begin(), weight->params.zero_point.end(), is_zero)) return false;
    if (n.inputs.size() < 3 || !n.inputs[2].is_valid()) return true;
    return has_matching_bias_scale(n);
}

bool QdqView::has_matching_bias_scale(const Node& n) const {
    const auto bias = stored_constant(n.inputs[2], DType::s32);
    if (!bias) return false;
    const auto weight = stored_constant(n.inputs[1], DType::s8);
    const float input_scale = activation_codes(n.inputs[0])->params.scale[0];
    if (bias->params.scale.size() != weight->params.scale.size()) return false;
    for (std::size_t c = 0; c < bias->params.scale.size(); ++c) {
        // The exporter computes the product in another order or precision: within 1e-6 it is the same scale.
        const float expected = input_scale * weight->params.scale[c];
        if (std::abs(bias->params.scale[c] - expected) > 1e-6F * expected || bias->params.zero_point[c] != 0)
            return false;
    }
    return true;
}

}  // namespace halftone
