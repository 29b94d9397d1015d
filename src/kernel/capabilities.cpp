// What each unit can be on this machine.
//
//   CapabilityFinder units that are equal to the kernels are asked about once (key_of); what they can be is shared
//   UnitQuestions    turns a unit into requests and asks the kernels (ask), once for each way to store its codes
//   is_finite        a unit with NaN or infinite weights is asked nothing, because no scale fits them
//   add_options      the options of one agreed way of storing: algorithms and bits of the weights, range rules
//   capability       all of that for one unit, with the reasons of those that refused
#include "kernel/capabilities.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "graph/raise_opset.hpp"
#include "kernel/clamp.hpp"
#include "kernel/ops/find_op.hpp"
#include "kernel/ops/machine.hpp"
#include "kernel/ops/request_fields.hpp"
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
    UnitQuestions(const Graph& graph, const Unit& unit) : graph_(graph), unit_(unit) {}

    /// The weight is quantized here, once for each granularity: every question of one granularity asks about the same
    /// codes, and to quantize a large weight takes longer than all questions together.
    void quantize_weights() {
        if (weights_[0].params) return;
        const Tensor& weight = graph_.value(unit_.weight).constant;
        for (std::size_t i = 0; i < kGranularities.size(); ++i) {
            weights_[i].params = weight_params(weight, kGranularities[i], unit_.weight_channel_axis);
            weights_[i].values = quantize(weight, *weights_[i].params);
        }
    }

    /// Returns bytes that are equal for units to which all kernels give the same answers: operators, attributes, types
    /// and what kernels see of the weights' numbers.
    [[nodiscard]] std::string key() {
        // As in fp32: the codes and parameters of all questions follow from these types.
        KernelRequest main{.node = &graph_.node(unit_.main),
                           .inputs = {{.type = single(graph_.value(unit_.input)), .params = {}}},
                           .outputs = {{.type = single(graph_.value(unit_.main_output)), .params = {}}}};
        main.weight.values = graph_.value(unit_.weight).constant;
        if (unit_.bias.is_valid()) main.bias = graph_.value(unit_.bias).constant;
        main.epilogue.clamp = clamp();
        std::string key = type_key(main);
        if (unit_.residual_add.is_valid()) {
            key += type_key({.node = &graph_.node(unit_.residual_add),
                             .inputs = {{.type = single(graph_.value(unit_.residual)), .params = {}}},
                             .outputs = {{.type = single(graph_.value(unit_.output)), .params = {}}}});
        }
        key += std::to_string(unit_.weight_channel_axis);
        if (!has_exact_int8()) {
            // What needs_widening() asks of the codes.
            quantize_weights();
            for (const WeightOperand& weight : weights_) key += pairs_fit_16_bits(weight.values) ? "+" : "-";
        }
        return key + answers_by_numbers(main);
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
    /// The answers of our own kernels for depthwise convolutions as text; empty for all other units. Only these kernels
    /// look at the weights' numbers, since their sums decide whether a result may leave int32.
    [[nodiscard]] std::string answers_by_numbers(const KernelRequest& main) {
        const Shape& weight = main.weight.values.shape();
        const Op* op = find_op(Backend::native, main.node->op);
        if (op == nullptr || main.node->op != "Conv" || weight.rank() < 2 || weight[1] != 1) return {};
        quantize_weights();
        std::string answers;
        for (const DType dtype : kActivationDTypes) {
            for (const Scheme scheme : kSchemes) {
                for (const WeightOperand& operand : weights_) {
                    KernelRequest request = main_request({dtype, scheme}, operand);
                    if (!unit_.residual_add.is_valid()) request.epilogue.clamp = clamp();
                    const Support support = op->supports(request);
                    answers += support.is_supported ? "yes" : support.why;
                }
            }
        }
        return answers;
    }

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

/// The lists of a Capability while they grow.
struct Answers {
    std::vector<UnitConfig> options;
    std::vector<Refusal> refused;
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
void add_dynamic_options(const Graph& graph, const Unit& unit, const OfferedSettings& settings, Answers& answers) {
    if (const std::string why = why_not_dynamic(graph, unit); !why.empty()) {
        answers.refused.push_back({.dtype = "int8", .why = why});
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
    answers.options.insert(answers.options.end(), options.begin(), options.end());
}

/// Options whose weights alone are codes, by blocks along the input channels: int4 first, which makes the file
/// smallest. Activations are fp32, or bf16 where the machine has it. @param why_not_blocks  why the graph's operator
/// set has none; empty if it has
void add_weight_only_options(const Graph& graph, const Unit& unit, const OfferedSettings& settings,
                             const std::string& why_not_blocks, Answers& answers) {
    std::string why = why_not_weight_only(graph, unit);
    if (why.empty()) why = why_not_blocks;
    if (!why.empty()) {
        for (const char* dtype : {"int4", "int8"}) answers.refused.push_back({.dtype = dtype, .why = why});
        return;
    }
    for (const DType dtype : {DType::s4, DType::s8}) {
        for (const Scheme scheme : kWeightSchemes) {
            for (const Algorithm& algorithm : settings.block_algorithms) {
                for (const std::int64_t group_size : settings.group_sizes) {
                    UnitConfig option = high_precision(DType::f32);
                    option.weight = {
                        .dtype = dtype, .scheme = scheme, .algorithm = algorithm, .group_size = group_size};
                    answers.options.push_back(option);
                    if (!has_bf16()) continue;
                    option.activation.dtype = DType::bf16;
                    answers.options.push_back(option);
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
    return {.options = {high_precision(DType::f32)},
            .refused = {{.dtype = "int8", .why = why}, {.dtype = "bf16", .why = why}}};
}

/// The option that keeps what the file gives, if a kernel runs it. Its scheme is that of any codes: parameters with a
/// zero point hold symmetric ones, too.
void add_given_option(const UnitQuestions& questions, const GivenUnit& given, Answers& answers) {
    const auto support_of = questions.int8_by_granularity({given.activation, Scheme::asym});
    const Granularity granularity = given.weight.is_per_tensor() ? Granularity::per_tensor : Granularity::per_channel;
    if (!support_of[granularity == kGranularities[0] ? 0 : 1].is_supported) return;
    UnitConfig option;
    option.activation = {.dtype = given.activation, .algorithm = kGiven};
    option.weight = {.dtype = DType::s8, .granularity = granularity, .algorithm = kGiven};
    answers.options.push_back(option);
}

bool is_symmetric(const QuantParams& weight) {
    const bool is_signed = weight.dtype == DType::s4 || weight.dtype == DType::s8;
    return is_signed && std::all_of(weight.zero_point.begin(), weight.zero_point.end(),
                                    [](std::int32_t zero_point) { return zero_point == 0; });
}

/// The option that keeps the blocks that the file gives: also sizes of blocks that no config can ask for.
/// @param why_not_blocks  as of add_weight_only_options
void add_given_blocks(const Graph& graph, const Unit& unit, const QuantParams& weight,
                      const std::string& why_not_blocks, Answers& answers) {
    std::string why = why_not_weight_only(graph, unit);
    if (why.empty()) why = why_not_blocks;
    const DType dtype = is_four_bit(weight.dtype) ? DType::s4 : DType::s8;
    if (!why.empty()) {
        answers.refused.push_back({.dtype = std::string(to_string(dtype)), .why = why});
        return;
    }
    UnitConfig option = high_precision(DType::f32);
    option.weight = {.dtype = dtype,
                     .scheme = is_symmetric(weight) ? Scheme::sym : Scheme::asym,
                     .algorithm = kGiven,
                     .group_size = weight.block_size};
    answers.options.push_back(option);
}

/// Options with calibrated ranges, or the kernels' reasons against them.
void add_static_options(const UnitQuestions& questions, const OfferedSettings& settings, Answers& answers) {
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
                        answers.refused.push_back({.dtype = "int8", .why = support.why});
                    }
                    if (!support.is_supported) continue;
                    add_options(stored, {.dtype = DType::s8, .scheme = weight_scheme, .granularity = granularity},
                                settings, answers.options);
                }
            }
        }
    }
}

/// Asks the kernels once about units that are equal to them. A model of 100,000 layers has a handful of
/// kinds, and one question costs as much as reading hundreds of nodes.
class CapabilityFinder {
public:
    CapabilityFinder(const Graph& graph, const OfferedSettings& settings)
        : graph_(graph), settings_(settings), why_not_blocks_(why_not_opset(graph, kBlockedOpset)) {}

    [[nodiscard]] Capability capability(const Unit& unit) {
        if (!is_finite(graph_, unit.weight)) return nan_in_weights_;
        if (!is_finite(graph_, unit.bias)) return nan_in_bias_;
        UnitQuestions questions(graph_, unit);
        const GivenUnit* given = given_of(unit);
        const std::string key = questions.key() + given_key(given);
        if (const auto known = known_.find(key); known != known_.end()) return known->second;
        Capability found = ask_all(unit, questions, given);
        // Kinds that differ in sizes alone are mostly offered the same.
        found.options = *lists_.insert(found.options).first;
        // A shape rule may name the node in its refusal, which then is no other unit's.
        const std::string name = describe(graph_.node(unit.main));
        const bool is_own = std::any_of(found.refused.begin(), found.refused.end(), [&](const Refusal& refusal) {
            return refusal.why.find(name) != std::string::npos;
        });
        if (!is_own) known_.emplace(key, found);
        return found;
    }

private:
    [[nodiscard]] const GivenUnit* given_of(const Unit& unit) const {
        if (settings_.given == nullptr) return nullptr;
        const auto found = settings_.given->units.find(unit.name);
        return found == settings_.given->units.end() ? nullptr : &found->second;
    }

    /// What add_given_option() and add_given_blocks() look at.
    [[nodiscard]] static std::string given_key(const GivenUnit* given) {
        if (given == nullptr) return {};
        if (given->is_weight_only()) {
            return "blocks" + std::string(to_string(given->weight.dtype)) + (is_symmetric(given->weight) ? "s" : "a") +
                   std::to_string(given->weight.block_size);
        }
        return "given" + std::string(to_string(given->activation)) + (given->weight.is_per_tensor() ? "1" : "n");
    }

    [[nodiscard]] Capability ask_all(const Unit& unit, UnitQuestions& questions, const GivenUnit* given) const {
        questions.quantize_weights();
        Answers answers;
        if (given != nullptr && given->is_weight_only())
            add_given_blocks(graph_, unit, given->weight, why_not_blocks_, answers);
        else if (given != nullptr && settings_.offers_static)
            add_given_option(questions, *given, answers);
        if (settings_.offers_static) add_static_options(questions, settings_, answers);
        if (settings_.offers_dynamic) add_dynamic_options(graph_, unit, settings_, answers);
        if (settings_.offers_weight_only) {
            add_weight_only_options(graph_, unit, settings_, why_not_blocks_, answers);
        }
        if (const Support support = questions.bf16(); support.is_supported) {
            answers.options.push_back(high_precision(DType::bf16));
        } else {
            answers.refused.push_back({.dtype = "bf16", .why = support.why});
        }
        answers.options.push_back(high_precision(DType::f32));
        return {.options = std::move(answers.options), .refused = std::move(answers.refused)};
    }

    const Graph& graph_;
    const OfferedSettings& settings_;
    std::string why_not_blocks_;  ///< why no weights can be stored by blocks in this graph; empty: they can
    std::map<std::string, Capability> known_;  ///< by key
    std::set<SharedList<UnitConfig>> lists_;   ///< each list of options that some unit has, once
    const Capability nan_in_weights_ = fp32_only("its weights hold NaN or an infinity");
    const Capability nan_in_bias_ = fp32_only("its bias holds NaN or an infinity");
};

}  // namespace

CapabilityTable capabilities(const Graph& graph, const std::vector<Unit>& units, const OfferedSettings& settings) {
    CapabilityFinder finder(graph, settings);
    CapabilityTable table;
    table.reserve(units.size());
    for (const Unit& unit : units) table.push_back(finder.capability(unit));
    return table;
}

}  // namespace halftone
