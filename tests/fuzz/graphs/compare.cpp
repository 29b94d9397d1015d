// The judge.
//
//   evaluate       one run, node after node, by the reference operators; with a generator it perturbs what it touches
//   difference     compares element by element, and asks is_explained where the plain tolerance does not suffice
//   is_explained   compares with the perturbed runs: a few at first, many before it gives up
//   has_fragile_shape   the same for the shape of an output
#include "fuzz/graphs/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "base/rng.hpp"
#include "kernel/ops/reference_ops.hpp"

namespace halftone::fuzz {
namespace {

constexpr double kAbsolute = 1e-5, kRelative = 1e-4;
constexpr double kNoise = 1.0 / (1 << 19), kTensorNoise = 1.0 / (1 << 23);
constexpr double kMargin = 8;
/// Squares of larger values, and sums of those, overflow in fp32 but not in the double of some plain loops.
constexpr float kLargest = 1e18F;
constexpr int kFewRuns = 4, kManyRuns = 48;

/// How a tensor is changed beside its relative errors.
struct Noise {
    double of_largest = kTensorNoise;  ///< times the tensor's largest number, or `least` where that is larger
    double least = 0;
    bool moves_zeros = false;
    bool flushes_subnormals = false;
};

Noise noise_of(const std::string& op) {
    // ONNX Runtime transforms lengths that are no power of 2 by Bluestein's algorithm: two more transforms in fp32.
    if (op == "DFT" || op == "STFT") {
        return {.of_largest = 1.0 / (1 << 20), .moves_zeros = true, .flushes_subnormals = true};
    }
    // Sums of cosines, which are as large as 1. A window of two elements may be nothing but the rest of such a sum.
    if (op == "BlackmanWindow" || op == "HammingWindow" || op == "HannWindow")
        return {.least = 1, .flushes_subnormals = true};
    // Their states are sums of gates, which are as large as 1: where these cancel each other, a state is their rest.
    if (op == "GRU" || op == "LSTM" || op == "RNN") return {.least = 1, .flushes_subnormals = true};
    return {.flushes_subnormals = true};
}

/// Changes each number by a random relative error, and by one that is relative to the largest number of the tensor: a
/// sum, or a function that goes to 0 such as Gelu, is only as exact as what it is computed from. An exact 0 stays, with
/// any sign, unless the noise moves zeros. A subnormal number becomes 0 half the time if the noise says so.
Tensor with_noise(const Tensor& tensor, Rng* rng, const Noise& noise = {}) {
    if (rng == nullptr || tensor.is_empty() || tensor.dtype() != DType::f32) return tensor;
    Tensor noisy = tensor.clone();
    double largest = noise.least;
    for (const float value : tensor.as<float>()) {
        if (std::isfinite(value)) largest = std::max(largest, std::abs(static_cast<double>(value)));
    }
    for (float& value : noisy.mutable_view().as<float>()) {
        if (value == 0.0F && !noise.moves_zeros) {
            value = rng->below(2) == 0 ? 0.0F : -0.0F;
            continue;
        }
        // The fast exp gives 0 where the result is no normal number, and vector units may be set to do so everywhere.
        const bool is_subnormal = std::abs(value) < std::numeric_limits<float>::min();
        if (noise.flushes_subnormals && is_subnormal && rng->below(2) == 0) {
            value = 0.0F;
            continue;
        }
        const double relative = 1 + kNoise * rng->uniform(-1, 1);
        value = static_cast<float>(static_cast<double>(value) * relative +
                                   noise.of_largest * largest * rng->uniform(-1, 1));
    }
    return noisy;
}

/// Whether a node computes shapes from the value: then a small change of it is another graph, and explains nothing.
bool decides_shapes(const Graph& graph, ValueId id) {
    const auto& uses = graph.uses(id);
    return std::any_of(uses.begin(), uses.end(), [&](const Use& use) {
        const std::string& op = graph.node(use.node).op;
        return op == "Range" || (op == "Resize" && use.input > 0);
    });
}

bool is_too_large(const Tensor& tensor) {
    if (tensor.is_empty() || tensor.dtype() != DType::f32) return false;
    const auto values = tensor.as<float>();
    return std::any_of(values.begin(), values.end(),
                       [](float x) { return std::isfinite(x) && std::abs(x) > kLargest; });
}

/// @param has_large  becomes true if a finite value is above kLargest
std::vector<Tensor> evaluate(const Graph& graph, const std::vector<Tensor>& inputs, Rng* rng, bool& has_large) {
    std::vector<Tensor> values(graph.values().size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        const bool is_kept = decides_shapes(graph, make_id<ValueId>(i));
        values[i] = with_noise(graph.values()[i].constant, is_kept ? nullptr : rng);
    }
    for (std::size_t i = 0; i < inputs.size(); ++i) values[graph.inputs()[i].index()] = with_noise(inputs[i], rng);
    for (const Node& node : graph.nodes()) {
        OpContext op{.node = node, .inputs = {}, .constants = {}};
        std::vector<Tensor> arguments;
        for (const ValueId id : node.inputs) {
            arguments.push_back(id.is_valid() ? values[id.index()] : Tensor());
            op.inputs.push_back(arguments.back().type());
            op.constants.push_back(id.is_valid() ? &values[id.index()] : nullptr);
        }
        const std::vector<Tensor> results = reference_ops().evaluate(op, arguments);
        const Noise noise = noise_of(node.op);
        for (std::size_t i = 0; i < node.outputs.size() && i < results.size(); ++i) {
            if (node.outputs[i].is_valid()) values[node.outputs[i].index()] = with_noise(results[i], rng, noise);
        }
    }
    has_large = has_large || std::any_of(values.begin(), values.end(), is_too_large);
    std::vector<Tensor> outputs;
    for (const ValueId id : graph.outputs()) outputs.push_back(values[id.index()]);
    return outputs;
}

double element_of(const Tensor& tensor, std::size_t i) {
    switch (tensor.dtype()) {
        case DType::f32:
            return static_cast<double>(tensor.as<float>()[i]);
        case DType::f64:
            return tensor.as<double>()[i];
        case DType::s8:
            return tensor.as<std::int8_t>()[i];
        case DType::s32:
            return tensor.as<std::int32_t>()[i];
        case DType::s64:
            return static_cast<double>(tensor.as<std::int64_t>()[i]);
        default:  // u8 and boolean, whose elements are bytes
            return static_cast<double>(std::to_integer<int>(tensor.view().data[i]));
    }
}

bool agrees(double value, double expected) {
    if (std::isnan(expected) || std::isnan(value)) return std::isnan(expected) && std::isnan(value);
    return value == expected || std::abs(value - expected) <= kAbsolute + kRelative * std::abs(expected);
}

}  // namespace

Judge::Judge(const Graph& graph, const std::vector<Tensor>& inputs)
    : graph_(graph), inputs_(inputs), expected_(evaluate(graph, inputs, nullptr, is_fragile_)) {}

void Judge::perturb(int runs) {
    for (int run = static_cast<int>(perturbed_.size()); run < runs; ++run) {
        Rng rng(mix(1, static_cast<std::uint64_t>(run)));
        try {
            perturbed_.push_back(evaluate(graph_, inputs_, &rng, is_fragile_));
        } catch (const ModelError&) {
            is_fragile_ = true;  // an index that a node computes went out of range: then anything may come out
            return;
        }
    }
}

bool Judge::is_explained(std::size_t output, std::size_t element, double value) {
    const double expected = element_of(expected_[output], element);
    for (const int runs : {kFewRuns, kManyRuns}) {
        perturb(runs);
        if (is_fragile_) return true;
        double low = expected, high = expected, move = 0;
        bool is_broken = std::isnan(expected) || std::isinf(expected);
        bool becomes_nan = std::isnan(expected), is_stable = true;
        for (const auto& outputs : perturbed_) {
            // A perturbed run may compute other shapes only where shapes depend on values; then anything may be.
            if (outputs[output].type() != expected_[output].type()) return true;
            const double moved = element_of(outputs[output], element);
            becomes_nan = becomes_nan || std::isnan(moved);
            is_stable = is_stable && (moved == expected || (std::isnan(moved) && std::isnan(expected)));
            is_broken = is_broken || !std::isfinite(moved);
            if (!std::isfinite(moved)) continue;
            low = std::min(low, moved), high = std::max(high, moved);
            move = std::max(move, std::abs(moved - expected));
        }
        if (is_stable) continue;  // no perturbation moves it, so nothing explains the difference
        if (is_broken) return true;
        if (std::isnan(value)) {
            if (becomes_nan) return true;
            continue;
        }
        if (std::abs(value - expected) <= kAbsolute + kRelative * std::abs(expected) + kMargin * move) return true;
    }
    return false;
}

bool Judge::has_fragile_shape(std::size_t output) {
    perturb(kManyRuns);
    return is_fragile_ || std::any_of(perturbed_.begin(), perturbed_.end(), [&](const std::vector<Tensor>& outputs) {
               return outputs[output].type() != expected_[output].type();
           });
}

std::string Judge::difference(const std::vector<Tensor>& outputs) {
    if (outputs.size() != expected_.size()) return fmt::format("{} outputs, not {}", outputs.size(), expected_.size());
    for (std::size_t o = 0; o < outputs.size(); ++o) {
        const Tensor& have = outputs[o];
        if (have.type() != expected_[o].type()) {
            const bool is_of_its_kind =
                have.dtype() == expected_[o].dtype() && have.shape().rank() == expected_[o].shape().rank();
            if (is_of_its_kind && has_fragile_shape(o)) {
                ++explained_;
                continue;
            }
            return fmt::format("output {} is {} {}, not {} {}", o, to_string(have.dtype()), have.shape().to_text(),
                               to_string(expected_[o].dtype()), expected_[o].shape().to_text());
        }
        for (std::size_t i = 0; i < static_cast<std::size_t>(have.elements()); ++i) {
            const double value = element_of(have, i), expected = element_of(expected_[o], i);
            if (agrees(value, expected)) continue;
            if (is_explained(o, i, value)) {
                ++explained_;
                continue;
            }
            return fmt::format("output {} ('{}'), element {} is {}, not {}", o, graph_.value(graph_.outputs()[o]).name,
                               i, value, expected);
        }
    }
    return {};
}

}  // namespace halftone::fuzz
