// From ranges to numbers: every scale, zero point and correction of a plan.
//
//   NumberDeriver::run         makes ranges of all quantized values, united where the plan says so
//   add_unit                   makes weight parameters, with 6 bits where reduce_range asks for it
//   enlarge_scales             makes scales larger where the bias would not fit into int32
//   correct_weights            is the recipe weight_correction
//   corrected_weight, bias_of  give the real values that are stored in the end, for whoever applies the plan
#include "exec/plan_numbers.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.hpp"
#include "base/error.hpp"
#include "tensor/affine.hpp"
#include "tensor/slices.hpp"

namespace halftone {
namespace {

/// Scales so large that input x weight scale is a normal float and int32 holds every |bias / (s_x * s_w)|: only a very
/// small weight meets either, and what it loses lies far below the bias. The margin keeps rounding inside the range.
void enlarge_scales(QuantParams& weight, std::span<const float> bias, float input_scale, const std::string& unit) {
    constexpr double kLargest = 2147483647.0 * 0.99;
    const auto input = static_cast<double>(input_scale);
    const auto make_at_least = [&](float& scale, double least) {
        if (least * input > static_cast<double>(std::numeric_limits<float>::max()) / 2) {
            throw ModelError("unit '" + unit + "': its bias does not fit int32 at any weight scale");
        }
        if (static_cast<double>(scale) < least) {
            // Rounded up: the nearest float may lie just below what is needed.
            scale = std::nextafter(static_cast<float>(least), std::numeric_limits<float>::infinity());
        }
    };
    for (float& scale : weight.scale) {
        make_at_least(scale, static_cast<double>(std::numeric_limits<float>::min()) / input);
        if (!std::isfinite(input_scale * scale)) {
            throw ModelError("unit '" + unit + "': input scale x weight scale is beyond the largest float");
        }
    }
    for (std::size_t c = 0; c < bias.size(); ++c) {
        make_at_least(weight.scale[weight.is_per_tensor() ? 0 : c],
                      std::abs(static_cast<double>(bias[c])) / (input * kLargest));
    }
}

/// Mean and standard deviation of each output channel.
struct Moments {
    std::vector<double> mean, deviation;
};

Moments moments_of(const Tensor& weight, std::int64_t axis) {
    const Slices slices = slices_of(weight.shape(), axis);
    const std::size_t channels = slices.channels;
    const double count = static_cast<double>(weight.elements()) / static_cast<double>(channels);
    const auto values = weight.as<float>();
    Moments moments{std::vector<double>(channels), std::vector<double>(channels)};
    for_each_block(slices, [&](std::size_t c, std::size_t first) {
        for (const float w : values.subspan(first, slices.inner)) moments.mean[c] += static_cast<double>(w) / count;
    });
    // In two passes: the one-pass formula E[w^2] - E[w]^2 loses all digits where the mean is large.
    for_each_block(slices, [&](std::size_t c, std::size_t first) {
        for (const float w : values.subspan(first, slices.inner)) {
            const double distance = static_cast<double>(w) - moments.mean[c];
            moments.deviation[c] += distance * distance / count;
        }
    });
    for (double& deviation : moments.deviation) deviation = std::sqrt(deviation);
    return moments;
}

/// factor * w + shift, channel by channel. A weight of 0 stays 0: a pruned model keeps its zeros.
Tensor moved(const Tensor& weight, std::int64_t axis, const std::vector<float>& factor,
             const std::vector<float>& shift) {
    const Slices slices = slices_of(weight.shape(), axis);
    Tensor result = weight.clone();
    const auto values = result.mutable_view().as<float>();
    for_each_block(slices, [&](std::size_t c, std::size_t first) {
        for (float& w : values.subspan(first, slices.inner)) w = w == 0 ? 0.0F : factor[c] * w + shift[c];
    });
    return result;
}

/// Factor and shift that give the stored weights the mean and deviation of the real ones, channel by channel.
/// Source: LPOT's recipe weight_correction (r = std(w) / std(w'), u = mean(w) - mean(r w')), repeated, because storing
/// the corrected weights rounds them once more; the round that comes nearest is kept.
void correct_weights(const Tensor& weight, std::int64_t axis, UnitNumbers& numbers) {
    constexpr int kRounds = 10;
    const Moments real = moments_of(weight, axis);
    const std::size_t channels = real.mean.size();
    // Over a channel's n products an error of the mean adds up n times, an error of the deviation sqrt(n) times.
    const double coherence = std::sqrt(static_cast<double>(weight.elements()) / static_cast<double>(channels));
    std::vector<float> factor(channels, 1.0F);
    std::vector<float> shift(channels, 0.0F);
    std::vector<double> least(channels, std::numeric_limits<double>::infinity());
    numbers.weight_factor = factor;
    numbers.weight_shift = shift;
    for (int round = 0; round <= kRounds; ++round) {
        const Tensor codes = quantize(moved(weight, axis, factor, shift), numbers.weight);
        const Moments stored = moments_of(dequantize(codes, numbers.weight), axis);
        for (std::size_t c = 0; c < channels; ++c) {
            const double distance =
                coherence * std::abs(stored.mean[c] - real.mean[c]) + std::abs(stored.deviation[c] - real.deviation[c]);
            if (distance < least[c]) {
                least[c] = distance;
                numbers.weight_factor[c] = factor[c];
                numbers.weight_shift[c] = shift[c];
            }
            // Composed with the correction so far: w' = ratio * (factor * w + shift) + (mean - ratio * stored mean).
            const double ratio = stored.deviation[c] > 0 ? real.deviation[c] / stored.deviation[c] : 1.0;
            factor[c] = static_cast<float>(static_cast<double>(factor[c]) * ratio);
            shift[c] =
                static_cast<float>(ratio * static_cast<double>(shift[c]) + real.mean[c] - ratio * stored.mean[c]);
        }
    }
}

class NumberDeriver {
public:
    NumberDeriver(const Graph& graph, const QuantPlan& plan, const RangeTable& ranges, WeightCodes& codes,
                  const WeightTreatment& treatment, const GivenNumbers* given)
        : graph_(graph), plan_(plan), ranges_(ranges), codes_(codes), treatment_(treatment), given_(given) {}

    PlanNumbers run(const std::vector<Unit>& units) {
        HALFTONE_CHECK(plan_.units.size() == units.size(), "one configuration per unit");
        find_given();
        for (const TensorPlan& tensor : plan_.tensors) {
            if (!numbers_.activations.contains(tensor.name)) ranges_of_[tensor.name] = range_of(tensor);
        }
        for (const auto& group : plan_.shared) {
            if (!numbers_.activations.contains(group.front())) unite(group);
        }
        for (const TensorPlan& tensor : plan_.tensors) {
            if (numbers_.activations.contains(tensor.name)) continue;
            const Range& range = ranges_of_.at(tensor.name);
            numbers_.activations.emplace(tensor.name,
                                         activation_params(range, tensor.config.dtype, tensor.config.scheme));
        }
        for (std::size_t u = 0; u < units.size(); ++u) {
            if (plan_.units[u].is_quantized()) add_unit(units[u], plan_.units[u]);
        }
        return std::move(numbers_);
    }

private:
    [[nodiscard]] const QuantParams* given_of(const std::string& value) const {
        if (given_ == nullptr) return nullptr;
        const auto found = given_->activations.find(value);
        return found == given_->activations.end() ? nullptr : &found->second;
    }

    /// Parameters that the file gives, for tensors whose units keep them. Values that share one range keep theirs only
    /// if the file gives the same to all of them.
    void find_given() {
        for (const TensorPlan& tensor : plan_.tensors) {
            const QuantParams* params = tensor.config.algorithm == kGiven ? given_of(tensor.name) : nullptr;
            if (params != nullptr) numbers_.activations.emplace(tensor.name, *params);
        }
        for (const auto& group : plan_.shared) {
            const auto first = numbers_.activations.find(group.front());
            const bool is_common =
                first != numbers_.activations.end() && std::all_of(group.begin(), group.end(), [&](const auto& name) {
                    const auto known = numbers_.activations.find(name);
                    return known != numbers_.activations.end() && known->second == first->second;
                });
            if (is_common) continue;
            for (const std::string& name : group) numbers_.activations.erase(name);
        }
    }

    [[nodiscard]] Range range_of(const TensorPlan& tensor) const {
        // What keeps the file's parameters is calibrated by minmax where the file has none.
        const bool is_missing = tensor.config.algorithm == kGiven;
        const Range range = ranges_.range(tensor.name, is_missing ? RangeRule{} : tensor.config.range_rule());
        if (!std::isfinite(range.low) || !std::isfinite(range.high)) {
            throw ModelError("value '" + tensor.name + "': its calibrated range is not finite");
        }
        return range;
    }

    /// Rule 4 of space/quant_plan.hpp: the inputs and the output of a Concat of codes share the union of their ranges.
    void unite(const std::vector<std::string>& group) {
        Range all = ranges_of_.at(group.front());
        for (const std::string& name : group) {
            const Range& range = ranges_of_.at(name);
            all = {std::min(all.low, range.low), std::max(all.high, range.high)};
        }
        for (const std::string& name : group) ranges_of_.at(name) = all;
    }

    /// Of the value itself, or of the top of the chain that carries its codes.
    [[nodiscard]] const QuantParams& params_of(ValueId value) const {
        while (true) {
            const auto known = numbers_.activations.find(graph_.value(value).name);
            if (known != numbers_.activations.end()) return known->second;
            const NodeId producer = graph_.producer(value);
            HALFTONE_CHECK(producer.is_valid() && is_code_transparent(graph_.node(producer)),
                           "the plan quantizes what an int8 unit reads: " + graph_.value(value).name);
            value = graph_.node(producer).inputs[0];
        }
    }

    void add_unit(const Unit& unit, const UnitConfig& unit_config) {
        WeightConfig config = unit_config.weight;
        const Tensor& weight = graph_.value(unit.weight).constant;
        const std::int64_t axis = unit.weight_channel_axis;
        UnitNumbers numbers;
        const bool keeps_codes = is_given(unit_config) && given_ != nullptr && given_->units.contains(unit.name);
        numbers.weight = keeps_codes ? given_->units.at(unit.name).weight : codes_.params(weight, config, axis);
        // Processors without VNNI add two products of codes in 16 bits, which saturate: weights that could reach that
        // get 6 bits. Verified on the codes themselves, since most weights are far from their largest sums.
        if (!keeps_codes && unit_config.reads_codes() && treatment_.verifies_range && config.scheme == Scheme::sym &&
            config.bit > kReducedBits && !pairs_fit_16_bits(codes_.codes(weight, numbers.weight))) {
            config.bit = kReducedBits;
            numbers.weight = codes_.params(weight, config, axis);
        }
        // A dynamic unit adds its bias in fp32, and its input has no scale before it runs.
        if (unit_config.is_static()) {
            const Tensor bias = bias_of(graph_, unit);
            enlarge_scales(numbers.weight, bias.is_empty() ? std::span<const float>{} : bias.as<float>(),
                           params_of(unit.input).scale[0], unit.name);
        }
        if (treatment_.corrects_weights && !keeps_codes && unit_config.reads_codes())
            correct_weights(weight, axis, numbers);
        numbers_.units.emplace(unit.name, std::move(numbers));
    }

    const Graph& graph_;
    const QuantPlan& plan_;
    const RangeTable& ranges_;
    WeightCodes& codes_;
    const WeightTreatment& treatment_;
    const GivenNumbers* given_;  ///< null if the model's file gives nothing
    std::map<std::string, Range> ranges_of_;
    PlanNumbers numbers_;
};

}  // namespace

bool operator==(const UnitNumbers& a, const UnitNumbers& b) {
    return a.weight == b.weight && a.weight_factor == b.weight_factor && a.weight_shift == b.weight_shift &&
           a.bias_shift == b.bias_shift && has_same_bytes(a.codes, b.codes);
}

PlanNumbers derive_numbers(const Graph& graph, const std::vector<Unit>& units, const QuantPlan& plan,
                           const RangeTable& ranges, WeightCodes& codes, const WeightTreatment& treatment,
                           const GivenNumbers* given) {
    return NumberDeriver(graph, plan, ranges, codes, treatment, given).run(units);
}

Tensor corrected_weight(const Graph& graph, const Unit& unit, const UnitNumbers& numbers) {
    const Tensor& weight = graph.value(unit.weight).constant;
    if (numbers.weight_factor.empty()) return weight;
    return moved(weight, unit.weight_channel_axis, numbers.weight_factor, numbers.weight_shift);
}

Tensor bias_of(const Graph& graph, const Unit& unit) {
    if (!unit.bias.is_valid()) return {};
    const Node& main = graph.node(unit.main);
    // Gemm computes alpha * A * B + beta * C; with beta in the bias the node needs no attribute (rule E.5).
    const float beta = main.op == "Gemm" ? float_attribute(main, "beta", 1.0F) : 1.0F;
    const Tensor& weight = graph.value(unit.weight).constant;
    const std::int64_t channels = weight.shape()[static_cast<std::size_t>(unit.weight_channel_axis)];
    const Tensor& bias = graph.value(unit.bias).constant;
    // ONNX lets a bias broadcast; an integer bias has one number for each channel.
    const auto given = bias.as<float>();
    if (given.size() != 1 && bias.shape() != Shape{channels} && bias.shape() != Shape{1, channels}) {
        throw ModelError("unit '" + unit.name + "': its bias " + bias.shape().to_text() + " is not one row");
    }
    std::vector<float> values(static_cast<std::size_t>(channels));
    for (std::size_t c = 0; c < values.size(); ++c) values[c] = beta * given[given.size() == 1 ? 0 : c];
    return Tensor::of<float>(Shape{channels}, values);
}

}  // namespace halftone
