#include "kernel/capabilities.hpp"

#include <array>
#include <set>

#include "kernel/clamp.hpp"
#include "kernel/op.hpp"
#include "tensor/affine.hpp"

namespace halftone {
namespace {

constexpr std::array kSchemes{Scheme::asym, Scheme::sym};
constexpr std::array kGranularities{Granularity::per_channel, Granularity::per_tensor};

/// The value's type for one sample: what kernels accept does not depend on the batch.
TensorType single(const Value& value) {
    TensorType type = value.type;
    for (std::size_t i = 0; i < type.shape.rank(); ++i) {
        if (type.shape[i] == kSymbolic) type.shape[i] = 1;
    }
    return type;
}

/// Representative parameters; kernels take scales and zero points at run time, so any will do. sym keeps 128 as the
/// zero point that signed activations get.
QuantParams activation(Scheme scheme) {
    return {.dtype = DType::u8, .scale = {0.02F}, .zero_point = {scheme == Scheme::sym ? 128 : 100}};
}

Port codes(const Value& value, Scheme scheme) {
    return {.type = {DType::u8, single(value).shape}, .params = activation(scheme)};
}

/// A backend's yes, else the reason of oneDNN, which every unit has.
Support ask(const KernelRequest& request) {
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

    /// int8 as an exported file holds it: the main node alone when an Add follows, then the Add on codes.
    [[nodiscard]] Support int8(Scheme scheme, Granularity granularity) const {
        const bool has_add = unit_.residual_add.is_valid();
        KernelRequest main = main_request(scheme, granularity);
        if (!has_add) main.clamp = clamp();
        if (const Support support = ask(main); !support.is_supported || !has_add) return support;
        const KernelRequest add{
            .node = &graph_.node(unit_.residual_add),
            .inputs = {codes(graph_.value(unit_.main_output), scheme), codes(graph_.value(unit_.residual), scheme)},
            .outputs = {codes(graph_.value(unit_.output), scheme)},
            .clamp = clamp()};
        return ask(add);
    }

private:
    [[nodiscard]] KernelRequest main_request(Scheme scheme, Granularity granularity) const {
        const Tensor& weight = graph_.value(unit_.weight).constant;
        KernelRequest request{.node = &graph_.node(unit_.main),
                              .inputs = {codes(graph_.value(unit_.input), scheme)},
                              .outputs = {codes(graph_.value(unit_.main_output), scheme)}};
        request.weight_params = weight_params(weight, granularity, unit_.weight_channel_axis);
        request.weight = quantize(weight, *request.weight_params);
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
};

Capability capability(const Graph& graph, const Unit& unit, const std::vector<Algorithm>& algorithms) {
    const UnitQuestions questions(graph, unit);
    Capability capability;
    std::set<std::string> reasons;
    const auto refuse_int8 = [&](const std::string& why) {
        if (reasons.insert(why).second) capability.refused.push_back({.dtype = "int8", .why = why});
    };
    for (const Scheme scheme : kSchemes) {
        for (const Granularity granularity : kGranularities) {
            if (const Support support = questions.int8(scheme, granularity); !support.is_supported) {
                refuse_int8(support.why);
                continue;
            }
            for (const Algorithm algorithm : algorithms) {
                UnitConfig config;
                config.activation = {.dtype = DType::u8, .scheme = scheme, .algorithm = algorithm};
                config.weight = {.dtype = DType::s8, .granularity = granularity};
                capability.options.push_back(config);
            }
        }
    }
    capability.refused.push_back({.dtype = "bf16", .why = "no bf16 kernels in this build"});
    capability.options.push_back(high_precision(DType::f32));
    return capability;
}

}  // namespace

CapabilityTable capabilities(const Graph& graph, const std::vector<Unit>& units,
                             const std::vector<Algorithm>& algorithms) {
    CapabilityTable table;
    for (const Unit& unit : units) table.push_back(capability(graph, unit, algorithms));
    return table;
}

}  // namespace halftone
