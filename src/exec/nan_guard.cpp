// Bounds of values, to know where a NaN could appear and be lost.
//
//   NanGuard::add_step    bounds of the inputs -> can the kernel lose a NaN? -> what to check -> bounds of the outputs
//   gain_of               by how much a weighted operator can enlarge its largest input
//   bound_of_result       the rules, by operator; an operator without a rule gives "nothing is known"
//
// A bound says "finite, and no larger than this". All rules are over-estimates, and they are computed in double. A
// bound above a quarter of the largest float is given up, because fp32 sums of such values may overflow on the way.
#include "exec/nan_guard.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>
#include <set>
#include <string>

#include "tensor/magnitude.hpp"

namespace halftone {
namespace {

constexpr double kUnknownBound = std::numeric_limits<double>::infinity();
/// Above it, the sum of a few values may overflow.
constexpr double kSafeBound = static_cast<double>(std::numeric_limits<float>::max()) / 4;
/// What a checked value may be at most, where a larger one would be allowed: the smaller it is, the more layers pass
/// before the bound must be checked again. Real activations are far below.
constexpr double kCheckedBound = 1e9;

bool is_floating(const OperandEncoding& port) {
    return !port.params && (port.type.dtype == DType::f32 || port.type.dtype == DType::bf16);
}

double magnitude_of_weights(const WeightOperand& weight) {
    if (weight.values.dtype() != DType::s8) return largest_magnitude(weight.values);
    if (!weight.params) return kUnknownBound;
    return 128.0 * static_cast<double>(*std::max_element(weight.params->scale.begin(), weight.params->scale.end()));
}

/// |y| <= gain * largest |x| + offset.
struct Gain {
    double gain = 1;
    double offset = 0;
};

double constant_at(const KernelRequest& request, std::size_t i) {
    return i < request.constants.size() && !request.constants[i].is_empty() ? largest_magnitude(request.constants[i])
                                                                            : 0.0;
}

/// Conv, Gemm, MatMul by a constant: every output is a sum of products with at most so many weights. A
/// BatchNormalization by constants scales each channel.
Gain gain_of(const KernelRequest& request) {
    if (request.node->op == "BatchNormalization") {
        const Tensor& variance = request.constants.at(4);
        double least = kUnknownBound;
        for (const float v : variance.as<float>()) least = std::min(least, static_cast<double>(v));
        const double scale = constant_at(request, 1) /
                             std::sqrt(least + static_cast<double>(float_attribute(*request.node, "epsilon", 1e-5F)));
        return {scale, constant_at(request, 2) + constant_at(request, 3) * scale};
    }
    const Tensor& weights = request.weight.values;
    const Shape& shape = weights.shape();
    const bool is_matrix = request.node->op != "Conv";
    // Of a matrix the longer side, whichever of the two is summed over.
    const std::int64_t outputs = is_matrix ? std::min(shape[0], shape[1]) : shape[0];
    const double terms =
        static_cast<double>(weights.elements()) / static_cast<double>(std::max<std::int64_t>(outputs, 1));
    const double alpha = std::abs(static_cast<double>(float_attribute(*request.node, "alpha", 1.0F)));
    Gain result{terms * magnitude_of_weights(request.weight) * (is_matrix ? alpha : 1.0), 0};
    if (request.bias.is_empty()) return result;
    if (request.bias.dtype() == DType::f32) {
        const double beta = std::abs(static_cast<double>(float_attribute(*request.node, "beta", 1.0F)));
        result.offset = largest_magnitude(request.bias) * (is_matrix ? beta : 1.0);
    } else {
        result.offset = kSafeBound / 8;  // codes of a bias: finite, and rarely of interest
    }
    return result;
}

/// A statistic that is computed at run time is a data input, and its place among the constants is empty.
bool is_weighted(const KernelRequest& request) {
    if (request.node->op != "BatchNormalization") return !request.weight.values.is_empty();
    return request.constants.size() > 4 &&
           std::all_of(request.constants.begin() + 1, request.constants.begin() + 5,
                       [](const Tensor& constant) { return !constant.is_empty() && constant.dtype() == DType::f32; });
}

/// Operators whose results are elements of their inputs, or means of them.
bool only_moves(const std::string& op) {
    static const std::set<std::string> ops{
        "Abs",           "AveragePool", "Clip",      "Concat",       "DepthToSpace",
        "Dropout",       "Expand",      "Flatten",   "Gather",       "GlobalAveragePool",
        "GlobalMaxPool", "Identity",    "MaxPool",   "Max",          "Min",
        "Neg",           "Pad",         "ReduceMax", "ReduceMean",   "ReduceMin",
        "Relu",          "Reshape",     "Slice",     "SpaceToDepth", "Split",
        "Squeeze",       "Tile",        "Transpose", "Unsqueeze"};
    return ops.contains(op);
}

/// |f(x)| <= max(|x|, 1), for every finite x.
bool never_grows_above_one(const std::string& op) {
    static const std::set<std::string> ops{"Erf",     "Gelu",    "HardSigmoid", "HardSwish", "LogSoftmax",
                                           "Sigmoid", "Softmax", "Softsign",    "Swish",     "Tanh"};
    return ops.contains(op);
}

bool is_at_most_one(const std::string& op) {
    static const std::set<std::string> ops{"Erf", "HardSigmoid", "Sigmoid", "Softmax", "Softsign", "Tanh"};
    return ops.contains(op);
}

/// Every result is a mean of values, with weights that add up to one, if the scores are finite.
/// @param mask  of a mask that is a constant; 0 if there is none
double bound_of_attention(const KernelRequest& request, const std::vector<double>& inputs, double mask) {
    if (inputs.size() < 3) return kUnknownBound;
    const Shape& queries = request.inputs[0].type.shape;
    const double terms = static_cast<double>(queries[queries.rank() - 1]) *
                         std::abs(static_cast<double>(float_attribute(*request.node, "scale", 1.0F)));
    const double scores = inputs[0] * inputs[1] * terms + (inputs.size() > 3 ? inputs[3] : mask);
    return scores <= kSafeBound ? inputs[2] : kUnknownBound;
}

/// @param inputs  bounds of the data inputs, each below infinity
double bound_of_operator(const KernelRequest& request, const std::optional<Gain>& gain,
                         const std::vector<double>& inputs) {
    const std::string& op = request.node->op;
    // A second input is a bias that is computed at run time.
    if (gain) return inputs.size() == 1 ? gain->gain * inputs[0] + gain->offset : kUnknownBound;
    double constants = 0;
    for (std::size_t i = 0; i < request.constants.size(); ++i) {
        const Tensor& tensor = request.constants[i];
        if (!tensor.is_empty() && tensor.dtype() == DType::f32)
            constants = std::max(constants, constant_at(request, i));
    }
    double sum = 0;
    double product = 1;
    double largest = 0;
    for (const double bound : inputs) {
        sum += bound;
        product *= bound;
        largest = std::max(largest, bound);
    }
    if (op == "DequantizeLinear") {
        // A scale that is made at run time has no bound. Constant codes (in blocks) differ from their zero point by at
        // most 255 if they have 8 bits or less.
        if (request.constants.size() < 2 || request.constants[1].is_empty()) return kUnknownBound;
        if (!inputs.empty()) return largest;
        return request.constants[0].dtype() == DType::s32 ? kUnknownBound : 255 * constants;
    }
    if (op == "Add" || op == "Sub") return sum + constants;
    if (op == "Mul") return inputs.size() == 1 ? product * constants : product;
    if (op == "MatMul" && inputs.size() == 2) {
        const Shape& left = request.inputs[0].type.shape;
        return product * static_cast<double>(left.rank() == 0 ? 1 : left[left.rank() - 1]);
    }
    if (op == "ScaledAttention") return bound_of_attention(request, inputs, constants);
    if (only_moves(op)) return std::max(largest, constants);
    if (is_at_most_one(op)) return 1;
    if (never_grows_above_one(op) && op != "LogSoftmax") return std::max(largest, 1.0);
    return kUnknownBound;
}

double bound_of_result(const KernelRequest& request, const std::optional<Gain>& gain,
                       const std::vector<double>& inputs) {
    const Epilogue& epilogue = request.epilogue;
    std::vector<double> operands = inputs;
    double residual = 0;
    if (epilogue.has_residual) {
        residual = operands.back();
        operands.pop_back();
    }
    double bound = bound_of_operator(request, gain, operands) + residual;
    if (epilogue.activation != nullptr) {
        const double alpha = std::abs(static_cast<double>(float_attribute(*epilogue.activation, "alpha", 1.0F)));
        bound = std::max({bound, bound * alpha, 1.0});
    }
    const Clamp& clamp = epilogue.clamp;
    if (!(bound <= kSafeBound)) return kUnknownBound;
    if (std::isfinite(clamp.low) && std::isfinite(clamp.high)) {
        bound = std::min(bound, static_cast<double>(std::max(std::abs(clamp.low), std::abs(clamp.high))));
    } else if (std::isfinite(clamp.low) || std::isfinite(clamp.high)) {
        const float end = std::isfinite(clamp.low) ? clamp.low : clamp.high;
        bound = std::max(bound, static_cast<double>(std::abs(end)));
    }
    return bound;
}

/// The largest magnitude of the inputs for which the operator cannot make a NaN or infinity itself; negative: for none,
/// because a constant is not finite.
double allowed_magnitude(const KernelRequest& request, const std::optional<Gain>& gain) {
    if (gain) {
        const double allowed = (kSafeBound - gain->offset) / (gain->gain + 1);  // + 1: a residual
        return std::isfinite(gain->gain) && std::isfinite(gain->offset) ? allowed : -1.0;
    }
    // Gelu multiplies x by a number up to 2 before it halves it.
    if (request.node->op == "Gelu") return kSafeBound;
    // Add: of two operands. The others (pools, functions of one element, Softmax) take every finite number.
    const bool adds = request.node->op == "Add" || request.node->op == "Sub" || request.node->op == "Mul";
    return adds ? std::sqrt(kSafeBound) : static_cast<double>(std::numeric_limits<float>::max());
}

}  // namespace

double largest_magnitude(const Tensor& tensor) {
    if (tensor.dtype() != DType::f32) return kUnknownBound;
    const auto values = tensor.as<float>();
    const float largest = std::bit_cast<float>(largest_magnitude_bits(values.data(), values.size()));
    return std::isfinite(largest) ? static_cast<double>(largest) : kUnknownBound;
}

double NanGuard::bound_of(ValueId value) const {
    const auto found = bounds_.find(value);
    return found == bounds_.end() ? kUnknownBound : found->second;
}

void NanGuard::add_constant(ValueId value, const Tensor& tensor) {
    if (tensor.dtype() == DType::f32) bounds_[value] = largest_magnitude(tensor);
}

StepGuard NanGuard::add_step(const LoweredStep& step) {
    const KernelRequest& request = step.request;
    StepGuard guard;
    guard.loses_nan = step.op->loses_nan(request);
    std::vector<double> inputs;
    for (std::size_t i = 0; i < request.inputs.size(); ++i) {
        const OperandEncoding& port = request.inputs[i];
        // Codes are finite by themselves: at most 255 steps away from the zero point, wherever that lies.
        const bool is_coded = port.params.has_value();
        inputs.push_back(is_coded ? 255.0 * static_cast<double>(port.params->scale[0]) : bound_of(step.inputs[i]));
    }
    // Reads all weights, so it is asked only where the answer is of use.
    const bool is_bounded = std::all_of(inputs.begin(), inputs.end(), [](double b) { return b < kUnknownBound; });
    std::optional<Gain> gain;
    if (is_weighted(request) && (guard.loses_nan || is_bounded)) gain = gain_of(request);
    if (guard.loses_nan) {
        const double allowed = allowed_magnitude(request, gain);
        const double checked = gain ? std::min(allowed, kCheckedBound) : allowed;
        guard.limit = static_cast<float>(checked);
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            if (!is_floating(request.inputs[i]) || inputs[i] <= allowed) continue;
            guard.checked.push_back(i);
            inputs[i] = checked;
        }
    }
    // A step of constants alone has no inputs, and no rule.
    const bool is_known = !inputs.empty() && std::all_of(inputs.begin(), inputs.end(),
                                                         [](double bound) { return bound <= kSafeBound * 4; });
    const double bound = is_known ? bound_of_result(request, gain, inputs) : kUnknownBound;
    for (const ValueId output : step.outputs) {
        if (bound < kUnknownBound) bounds_[output] = bound;
        guard.output_bounds.push_back(static_cast<float>(bound));
    }
    return guard;
}

}  // namespace halftone
