// Scale and zero point of QuantizeLinear and DequantizeLinear nodes.
//
//   check_lengths, checked_axis         what holds of constants and of values that are made at run time
//   linear_params, linear_params_at     the parameters: of constants, with their values checked; of values at run time
//   quantize_any, dequantize_any        the arithmetic for parameters that nobody has checked
//   blocks_of, scale_place              one scale for several neighbours
//   with_linear_constants               the executor's parameters of a port as the constants that the shape rule wants
#include "kernel/codes/linear_params.hpp"

#include <cmath>
#include <cstring>

#include "base/text.hpp"
#include "tensor/code_rounding.hpp"

namespace halftone::ref {
namespace {

/// [] and [1] both hold one element. Exporters mix them: ONNX Runtime's quantizer writes a scale [1] and a zero point
/// [].
bool holds_one(const Shape& shape) { return shape.rank() == 0 || shape == Shape{1}; }

/// One scale, or one for each slice along an axis. The zero point has as many elements.
void check_lengths(const OpContext& op) {
    const Shape& shape = op.inputs[1].shape;
    if (shape.rank() > 1) {
        refuse(op, "scale " + shape.to_text() + " is neither a scalar nor a vector; blocks are not supported");
    }
    if (shape.rank() == 1 && shape[0] == kSymbolic) refuse(op, "how many scales there are depends on the batch");
    if (shape.rank() == 1 && shape[0] < 1) refuse(op, "scale is empty");
    if (!op.has_input(2) || (holds_one(shape) && holds_one(op.inputs[2].shape))) return;
    if (op.inputs[2].shape != shape) {
        refuse(op,
               "zero point " + op.inputs[2].shape.to_text() + " does not have the shape of scale " + shape.to_text());
    }
}

/// The axis along which each slice has a scale of its own. @pre several scales
std::int64_t checked_axis(const OpContext& op) {
    const Shape& shape = op.inputs[0].shape;
    const std::size_t axis = normal_axis(op, int_attribute(op.node, "axis", 1), shape.rank());
    const std::int64_t scales = op.inputs[1].shape[0];
    if (shape[axis] != scales) {
        refuse(op, std::to_string(scales) + " scales for " + shape.to_text() + " along axis " + std::to_string(axis));
    }
    return static_cast<std::int64_t>(axis);
}

std::vector<std::int32_t> zero_points(const OpContext& op, DType codes, std::size_t count) {
    if (!op.has_input(2)) return std::vector<std::int32_t>(count, 0);
    check_dtype(op, 2, {codes});
    const Tensor& constant = constant_input(op, 2, "zero_point");
    std::vector<std::int32_t> points;
    for (std::size_t i = 0; i < count; ++i) {
        switch (codes) {
            case DType::s8:
            case DType::s4:
                points.push_back(constant.as<std::int8_t>()[i]);
                break;
            case DType::u8:
            case DType::u4:
                points.push_back(constant.as<std::uint8_t>()[i]);
                break;
            default:
                points.push_back(constant.as<std::int32_t>()[i]);
                // int32 is the type of biases, whose zero point ONNX fixes at 0.
                if (points.back() != 0) refuse(op, "an int32 zero point must be 0");
        }
    }
    return points;
}

}  // namespace

QuantParams linear_params(const OpContext& op, DType codes) {
    check_dtype(op, 1, {DType::f32});
    const Tensor& scale = constant_input(op, 1, "scale");
    check_lengths(op);
    const auto scales = scale.as<float>();
    for (const float value : scales) {
        // Division by a scale of 0 gives infinity, and a negative scale would turn the order of the codes around.
        if (!std::isfinite(value) || value <= 0) refuse(op, "scale " + float_text(value) + " is not finite and > 0");
    }
    QuantParams params{.dtype = codes, .scale = {scales.begin(), scales.end()}, .zero_point = {}};
    params.zero_point = zero_points(op, codes, scales.size());
    if (!params.is_per_tensor()) params.axis = checked_axis(op);
    return params;
}

bool has_constant_params(const OpContext& op) {
    return op.constants[1] != nullptr && (!op.has_input(2) || op.constants[2] != nullptr);
}

void check_linear_params(const OpContext& op, DType codes) {
    if (has_constant_params(op)) {
        static_cast<void>(linear_params(op, codes));
        return;
    }
    check_dtype(op, 1, {DType::f32});
    if (op.has_input(2)) check_dtype(op, 2, {codes});
    check_lengths(op);
    if (!holds_one(op.inputs[1].shape)) static_cast<void>(checked_axis(op));
}

QuantParams linear_params_at(const OpContext& op, DType codes, std::span<const TensorView> inputs) {
    const auto scales = inputs[1].as<float>();
    QuantParams params{.dtype = codes, .scale = {scales.begin(), scales.end()}, .zero_point = {}};
    for (std::size_t i = 0; i < scales.size(); ++i)
        params.zero_point.push_back(op.has_input(2) ? zero_point_at(inputs[2], i) : 0);
    if (!params.is_per_tensor()) params.axis = checked_axis(op);
    return params;
}

void quantize_any(std::span<const float> x, float scale, std::int32_t zero_point, MutableView codes) {
    const auto quantize = [&]<class Code>(std::span<Code> out) {
        const auto rounding = CodeRounding::of_type<Code>(scale, zero_point);
        for (std::size_t i = 0; i < x.size(); ++i) out[i] = rounding.template code<Code>(x[i]);
    };
    if (codes.type.dtype == DType::s8)
        quantize(codes.as<std::int8_t>());
    else
        quantize(codes.as<std::uint8_t>());
}

void dequantize_any(TensorView codes, float scale, std::int32_t zero_point, std::span<float> y) {
    // A difference and a product, in this order, as ONNX defines it.
    const auto dequantize = [&](auto from) {
        for (std::size_t i = 0; i < y.size(); ++i)
            y[i] = (static_cast<float>(from[i]) - static_cast<float>(zero_point)) * scale;
    };
    switch (codes.type.dtype) {
        case DType::s8:
        case DType::s4:
            return dequantize(codes.as<std::int8_t>());
        case DType::u8:
        case DType::u4:
            return dequantize(codes.as<std::uint8_t>());
        default:
            return dequantize(codes.as<std::int32_t>());
    }
}

std::optional<Blocks> blocks_of(const OpContext& op, DType codes) {
    // Blocks are the third granularity: between per tensor and per element. The scale tensor has the shape of the data
    // with one dimension shortened to the number of blocks, of which the last may be incomplete.
    const std::int64_t size = int_attribute(op.node, "block_size", 0);
    if (size == 0) return std::nullopt;
    Shape expected = op.inputs[0].shape;
    const Blocks blocks{normal_axis(op, int_attribute(op.node, "axis", 1), expected.rank()), size};
    if (size < 0 || expected[blocks.axis] == kSymbolic)
        refuse(op, "block_size " + std::to_string(size) + " cannot cut it");
    expected[blocks.axis] = expected[blocks.axis] / size + (expected[blocks.axis] % size == 0 ? 0 : 1);
    check_dtype(op, 1, {DType::f32});
    check_dtype(op, 2, {codes});
    for (std::size_t i = 1; i < op.input_count(); ++i) {
        if (op.has_input(i) && op.inputs[i].shape != expected) {
            refuse(op, "input " + std::to_string(i) + " " + op.inputs[i].shape.to_text() + " must be " +
                           expected.to_text() + " for blocks of " + std::to_string(size));
        }
    }
    return blocks;
}

std::size_t scale_place(const Shape& shape, Blocks blocks, std::size_t place) {
    // The place of an element is outer * dim * inner + along * inner + rest. Its scale's place is the same with `along`
    // cut to a number of blocks; only the axis itself is shortened.
    std::size_t inner = 1;
    for (std::size_t d = blocks.axis + 1; d < shape.rank(); ++d) inner *= static_cast<std::size_t>(shape[d]);
    const auto dim = static_cast<std::size_t>(shape[blocks.axis]);
    const auto size = static_cast<std::size_t>(blocks.size);
    const std::size_t along = place / inner % dim;
    return (place / (inner * dim) * ((dim + size - 1) / size) + along / size) * inner + place % inner;
}

std::int32_t zero_point_at(const TensorView& zero_points, std::size_t place) {
    if (zero_points.data == nullptr) return 0;
    switch (zero_points.type.dtype) {
        case DType::s8:
        case DType::s4:
            return zero_points.as<std::int8_t>()[place];
        case DType::u8:
        case DType::u4:
            return zero_points.as<std::uint8_t>()[place];
        default:
            return zero_points.as<std::int32_t>()[place];
    }
}

KernelRequest with_linear_constants(const KernelRequest& request, const std::optional<QuantParams>& params) {
    KernelRequest full = request;
    // The operator makes or takes codes itself, so its own parameters must not be seen as a conversion around it.
    if (!full.inputs.empty()) full.inputs[0].params.reset();
    full.outputs[0].params.reset();
    const bool has_constants = full.constants.size() > 1 && !full.constants[1].is_empty();
    if (has_constants || !params) return full;
    full.constants.resize(3);
    const Shape shape = params->is_per_tensor() ? Shape{} : Shape{static_cast<std::int64_t>(params->scale.size())};
    full.constants[1] = Tensor::of<float>(shape, params->scale);
    Tensor points({params->dtype, shape});
    for (std::size_t i = 0; i < params->zero_point.size(); ++i) {
        const std::int32_t point = params->zero_point[i];  // codes are two's complement, low byte first
        std::memcpy(points.mutable_view().data + i * size_of(params->dtype), &point, size_of(params->dtype));
    }
    full.constants[2] = points;
    return full;
}

}  // namespace halftone::ref
