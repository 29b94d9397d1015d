// What each unit can be on this machine.
//
//   UnitQuestions    turns a unit into requests and asks the kernels (ask), once for each way to store its codes
//   is_finite        a unit with NaN or infinite weights is asked nothing, because no scale fits them
//   add_options      the options of one agreed way of storing: algorithms and bits of the weights, range rules
//   capability       all of that for one unit, with the reasons of those that refused
#include "kernel/capabilities.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "graph/raise_opset.hpp"
#include "kernel/clamp.hpp"
#include "kernel/ops/find_op.hpp"
#include "tensor/affine.hpp"

namespace halftone {
namespace {

constexpr std::array kActivationDTypes{DType::u8, DType::s8};
constexpr std::array kSchemes{Scheme::asym, Scheme::sym};
constexpr std::array kWeightSchemes{Scheme::sym, Scheme::asym};
constexpr std::array kGranularities{Granularity::per_channel, Granularity::per_tensor};

/// The value's type for one sample: what kernels accept does not depend on the batch.
TensorType single(const Value& value) {
    TensorType type = value.type;
    for (std::size_t i = 0; i < type.shape.rank(); ++i) {
        if (type.shape[i] == kSymbolic) type.shape[i] = 1;
    }
    return type;
}

/// How activations are stored in the question to the kernels.
struct Stored {
    DType dtype = DType::u8;
    Scheme scheme = Scheme::asym;
};

/// Representative parameters; kernels take scales and zero points at run time, so any will do. u8 sym keeps 128 as the
/// zero point that signed activations get.
QuantParams activation(const Stored& stored) {
    const std::int32_t middle = stored.dtype == DType::u8 ? 128 : 0;
    return {
        .dtype = stored.dtype, .scale = {0.02F}, .zero_point = {stored.scheme == Scheme::sym ? middle : middle - 28}};
}

OperandEncoding codes(const Value& value, const Stored& stored) {
    return {.type = {stored.dtype, single(value).shape}, .params = activation(stored)};
}

/// A backend's yes, else the reason of oneDNN, which every unit has.
Support ask(const KernelRequest& request) {
    // oneDNN's reason is kept because it is about the machine ("needs VNNI"), while an own kernel's reason says only
    // that another kernel is better.
    Support first = Support::no("no kernel for " + request.node->op);
    bool has_reason = false;
    for (const Backend backend : backends_in_order(Backend::dnnl)) {
        const Op* op = find_op(backend, request.node->op);
        if (op == nullptr) continue;
        const Support support = op->supports(request);
        if (support.is_supported) return support;
        if (!has_reason && backend != Backend::native) {
            first = support;
            has_reason = true;
        }
    }
    return first;
}

class UnitQuestions {
public:
    /// The weight is quantized here, once for each granularity: every question of one granularity asks about the same
    /// codes, and to quantize a large weight takes longer than all questions together.
    UnitQuestions(const Graph& graph, const Unit& unit) : graph_(graph), unit_(unit) {
        const Tensor& weight = graph_.value(unit_.weight).constant;
        for (std::size_t i = 0; i < kGranularities.size(); ++i) {
            weights_[i].params = weight_params(weight, kGranularities[i], unit_.weight_channel_axis);
            weights_[i].values = quantize(weight, *weights_[i].params);
        }
    }

    /// Answers of int8() by index of kGranularities.
    [[nodiscard]] std::array<Support, kGranularities.size()> int8_by_granularity(const Stored& stored) const {
        return {int8(stored, weights_[0]), int8(stored, weights_[1])};
    }

    /// int8 as an exported file holds it: the main node alone when an Add follows, then the Add on codes.
    [[nodiscard]] Support int8(const Stored& stored, const WeightOperand& weight) const {
        const bool has_add = unit_.residual_add.is_valid();
        KernelRequest main = main_request(stored, weight);
        if (!has_add) main.epilogue.clamp = clamp();
        if (const Support support = ask(main); !support.is_supported || !has_add) return support;
        const KernelRequest add{
            .node = &graph_.node(unit_.residual_add),
            .inputs = {codes(graph_.value(unit_.main_output), stored), codes(graph_.value(unit_.residual), stored)},
            .outputs = {codes(graph_.value(unit_.output), stored)},
            .epilogue = {.clamp = clamp()}};
        return ask(add);
    }

    /// bf16 is for speed: the reference kernels' rounding does not count.
    [[nodiscard]] Support bf16() const {
        const OperandEncoding input{.type = single(graph_.value(unit_.input)), .params = {}};
        const OperandEncoding output{.type = single(graph_.value(unit_.main_output)), .params = {}};
        KernelRequest request{.node = &graph_.node(unit_.main), .inputs = {input}, .outputs = {output}};
        request.weight.values = graph_.value(unit_.weight).constant;
        if (unit_.bias.is_valid()) request.bias = graph_.value(unit_.bias).constant;
        request.is_bf16 = true;
        // Asked of oneDNN alone, because a bf16 unit in the reference's loops would be slower than fp32.
        const Op* op = find_op(Backend::dnnl, request.node->op);
        return op == nullptr ? Support::no("no kernel for " + request.node->op) : op->supports(request);
    }

private:
    [[nodiscard]] KernelRequest main_request(const Stored& stored, const WeightOperand& weight) const {
        KernelRequest request{.node = &graph_.node(unit_.main),
                              .inputs = {codes(graph_.value(unit_.input), stored)},
                              .outputs = {codes(graph_.value(unit_.main_output), stored)}};
        request.weight = weight;
        if (unit_.bias.is_valid()) {
            request.bias = Tensor({DType::s32, graph_.value(unit_.bias).constant.shape()});
        }
        return request;
    }

    [[nodiscard]] Clamp clamp() const {
        return unit_.activation.is_valid() ? clamp_of(graph_, graph_.node(unit_.activation)) : Clamp{};
    }

    const Graph& graph_;
    const Unit& unit_;
    std::array<WeightOperand, kGranularities.size()> weights_;  ///< by index of kGranularities
};

/// Options of one kind of storage, which the kernels have agreed to.
void add_options(const Stored& stored, const WeightConfig& stored_weight, const OfferedSettings& settings,
                 std::vector<UnitConfig>& options) {
    for (const Algorithm algorithm : settings.weight_algorithms) {
        for (const float bit : settings.bits) {
            for (const RangeRule& rule : settings.activation_rules) {
                UnitConfig config;
                config.activation = {.dtype = stored.dtype,
                                     .scheme = stored.scheme,
                                     .algorithm = rule.algorithm,
                                     .percentile = rule.percentile};
                config.weight = stored_weight;
                config.weight.algorithm = algorithm;
                config.weight.bit = bit;
                options.push_back(config);
            }
        }
    }
}

/// Options whose activations are quantized at run time: always uint8 with a zero point, which is all that ONNX's
/// DynamicQuantizeLinear gives.
void add_dynamic_options(const Graph& graph, const Unit& unit, const OfferedSettings& settings,
                         Capability& capability) {
    if (const std::string why = why_not_dynamic(graph, unit); !why.empty()) {
        capability.refused.push_back({.dtype = "int8", .why = why});
        return;
    }
    OfferedSettings weights = settings;
    weights.activation_rules = {RangeRule{}};
    std::vector<UnitConfig> options;
    for (const Scheme scheme : kWeightSchemes) {
        for (const Granularity granularity : kGranularities) {
            add_options({}, {.dtype = DType::s8, .scheme = scheme, .granularity = granularity}, weights, options);
        }
    }
    for (UnitConfig& option : options) option.activation.when = When::at_run_time;
    capability.options.insert(capability.options.end(), options.begin(), options.end());
}

/// Options whose weights alone are codes, by blocks along the input channels: int4 first, which makes the file
/// smallest.
void add_weight_only_options(const Graph& graph, const Unit& unit, const OfferedSettings& settings,
                             Capability& capability) {
    std::string why = why_not_weight_only(graph, unit);
    if (why.empty()) why = why_not_opset(graph, kBlockedOpset);
    if (!why.empty()) {
        for (const char* dtype : {"int4", "int8"}) capability.refused.push_back({.dtype = dtype, .why = why});
        return;
    }
    for (const DType dtype : {DType::s4, DType::s8}) {
        for (const Scheme scheme : kWeightSchemes) {
            for (const Algorithm& algorithm : settings.block_algorithms) {
                for (const std::int64_t group_size : settings.group_sizes) {
                    UnitConfig option = high_precision(DType::f32);
                    option.weight = {
                        .dtype = dtype, .scheme = scheme, .algorithm = algorithm, .group_size = group_size};
                    capability.options.push_back(option);
                }
            }
        }
    }
}

/// No scale fits NaN or an infinity. Elsewhere in a model they are data (a mask, a limit that does not limit).
bool is_finite(const Graph& graph, ValueId id) {
    if (!id.is_valid() || graph.value(id).constant.dtype() != DType::f32) return true;
    const auto values = graph.value(id).constant.as<float>();
    return std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
}

/// The capability of a unit that can only stay in fp32.
Capability fp32_only(const std::string& why) {
    Capability capability;
    for (const char* dtype : {"int8", "bf16"}) capability.refused.push_back({.dtype = dtype, .why = why});
    capability.options.push_back(high_precision(DType::f32));
    return capability;
}

/// The option that keeps what the file gives, if a kernel runs it. Its scheme is that of any codes: parameters with a
/// zero point hold symmetric ones, too.
void add_given_option(const UnitQuestions& questions, const GivenUnit& given, Capability& capability) {
    const auto support_of = questions.int8_by_granularity({given.activation, Scheme::asym});
    const Granularity granularity = given.weight.is_per_tensor() ? Granularity::per_tensor : Granularity::per_channel;
    if (!support_of[granularity == kGranularities[0] ? 0 : 1].is_supported) return;
    UnitConfig option;
    option.activation = {.dtype = given.activation, .algorithm = kGiven};
    option.weight = {.dtype = DType::s8, .granularity = granularity, .algorithm = kGiven};
    capability.options.push_back(option);
}

/// The option that keeps the blocks that the file gives: also sizes of blocks that no config can ask for.
void add_given_blocks(const Graph& graph, const Unit& unit, const QuantParams& weight, Capability& capability) {
    std::string why = why_not_weight_only(graph, unit);
    if (why.empty()) why = why_not_opset(graph, kBlockedOpset);
    const DType dtype = is_four_bit(weight.dtype) ? DType::s4 : DType::s8;
    if (!why.empty()) {
        capability.refused.push_back({.dtype = std::string(to_string(dtype)), .why = why});
        return;
    }
    const bool is_signed = weight.dtype == DType::s4 || weight.dtype == DType::s8;
    const bool is_symmetric = is_signed && std::all_of(weight.zero_point.begin(), weight.zero_point.end(),
                                                       [](std::int32_t zero_point) { return zero_point == 0; });
    UnitConfig option = high_precision(DType::f32);
    option.weight = {.dtype = dtype,
                     .scheme = is_symmetric ? Scheme::sym : Scheme::asym,
                     .algorithm = kGiven,
                     .group_size = weight.block_size};
    capability.options.push_back(option);
}

/// Options with calibrated ranges, or the kernels' reasons against them.
void add_static_options(const UnitQuestions& questions, const OfferedSettings& settings, Capability& capability) {
    std::set<std::string> reasons;
    for (const DType dtype : kActivationDTypes) {
        for (const Scheme scheme : kSchemes) {
            const Stored stored{dtype, scheme};
            // The weights' scheme does not change the question: kernels are asked about symmetric codes only.
            const auto support_of = questions.int8_by_granularity(stored);
            for (const Scheme weight_scheme : kWeightSchemes) {
                for (std::size_t i = 0; i < kGranularities.size(); ++i) {
                    const Granularity granularity = kGranularities[i];
                    const Support& support = support_of[i];
                    if (!support.is_supported && reasons.insert(support.why).second) {
                        capability.refused.push_back({.dtype = "int8", .why = support.why});
                    }
                    if (!support.is_supported) continue;
                    add_options(stored, {.dtype = DType::s8, .scheme = weight_scheme, .granularity = granularity},
                                settings, capability.options);
                }
            }
        }
    }
}

Capability capability(const Graph& graph, const Unit& unit, const OfferedSettings& settings) {
    if (!is_finite(graph, unit.weight)) return fp32_only("its weights hold NaN or an infinity");
    if (!is_finite(graph, unit.bias)) return fp32_only("its bias holds NaN or an infinity");
    const UnitQuestions questions(graph, unit);
    Capability capability;
    if (settings.given != nullptr && settings.given->units.contains(unit.name)) {
        const GivenUnit& given = settings.given->units.at(unit.name);
        if (given.is_weight_only())
            add_given_blocks(graph, unit, given.weight, capability);
        else if (settings.offers_static)
            add_given_option(questions, given, capability);
    }
    if (settings.offers_static) add_static_options(questions, settings, capability);
    if (settings.offers_dynamic) add_dynamic_options(graph, unit, settings, capability);
    if (settings.offers_weight_only) add_weight_only_options(graph, unit, settings, capability);
    if (const Support support = questions.bf16(); support.is_supported) {
        capability.options.push_back(high_precision(DType::bf16));
    } else {
        capability.refused.push_back({.dtype = "bf16", .why = support.why});
    }
    capability.options.push_back(high_precision(DType::f32));
    return capability;
}

}  // namespace

CapabilityTable capabilities(const Graph& graph, const std::vector<Unit>& units, const OfferedSettings& settings) {
    CapabilityTable table;
    for (const Unit& unit : units) table.push_back(capability(graph, unit, settings));
    return table;
}

}  // namespace halftone
