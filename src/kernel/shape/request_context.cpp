// Turns a fused step back into the node that it was made of, so that shape rules and run() need not know of fusion.
#include "kernel/shape/request_context.hpp"

#include "base/check.hpp"
#include "base/error.hpp"
#include "kernel/ops/reference_ops.hpp"

namespace halftone::ref {
namespace {

bool is_weighted(const KernelRequest& request) { return !request.weight.values.is_empty(); }

/// Returns the constant that stands at an input of the node; empty where data comes in. Weight and bias are fields of
/// their own in a request, because kernels pack them; a shape rule looks for them at inputs 1 and 2, as in the file.
Tensor constant_of(const KernelRequest& request, std::size_t input) {
    if (is_weighted(request) && input == 1) return request.weight.values;
    if (is_weighted(request) && input == 2) return request.bias;
    return input < request.constants.size() ? request.constants[input] : Tensor();
}

}  // namespace

RequestContext::RequestContext(const KernelRequest& request, SeenAs seen_as)
    : node_(*request.node), op_{.node = node_, .inputs = {}, .constants = {}} {
    std::size_t next_port = 0;
    // The residual is the last input of the request, but no input of the node: it belonged to the Add that was fused.
    const std::size_t ports = request.inputs.size() - (request.epilogue.has_residual ? 1 : 0);
    constants_.resize(node_.inputs.size());
    for (std::size_t i = 0; i < node_.inputs.size(); ++i) {
        constants_[i] = constant_of(request, i);
        if (constants_[i].is_empty() && is_weighted(request) && i == 2) node_.inputs[i] = {};  // the bias was dropped
        TensorType type;
        bool is_real = false;
        if (!constants_[i].is_empty()) {
            type = constants_[i].type();
            is_real = is_weighted(request) && request.weight.params.has_value();
        } else if (node_.inputs[i].is_valid()) {
            HALFTONE_CHECK(next_port < ports, "a request has a port for each data input of " + describe(node_));
            const OperandEncoding& port = request.inputs[next_port++];
            type = port.type;
            is_real = port.params.has_value();
        }
        stored_.push_back(type);
        // DequantizeLinear and QuantizeLinear are not there any more: the node sees codes where the file had fp32. A
        // rule written for fp32 must therefore be told the type that the codes stand for.
        if (is_real && seen_as == SeenAs::real) type.dtype = DType::f32;
        op_.inputs.push_back(type);
    }
    HALFTONE_CHECK(next_port == ports, "a request has a data input for each port of " + describe(node_));
    // Pointers are taken when the list has its final size, because a list that grows moves its elements.
    for (const Tensor& constant : constants_) op_.constants.push_back(constant.is_empty() ? nullptr : &constant);
}

std::vector<TensorView> RequestContext::views(std::span<const std::byte* const> data) const {
    std::vector<TensorView> views;
    std::size_t next_port = 0;
    for (std::size_t i = 0; i < node_.inputs.size(); ++i) {
        if (!constants_[i].is_empty()) {
            views.push_back(constants_[i].view());
        } else {
            views.push_back({stored_[i], node_.inputs[i].is_valid() ? data[next_port++] : nullptr});
        }
    }
    return views;
}

Support rule_accepts(const KernelRequest& request, SeenAs seen_as) {
    // A refusal is a ModelError with a message for users. Here it is an answer and no error, so it becomes the reason
    // of a Support.
    const RequestContext context(request, seen_as);
    try {
        const std::vector<TensorType> types = reference_ops().infer(context.op());
        for (std::size_t i = 0; i < types.size(); ++i) {
            TensorType wanted = request.outputs[i].type;
            if (request.outputs[i].params && seen_as == SeenAs::real) wanted.dtype = DType::f32;
            if (types[i] != wanted || !wanted.shape.is_static()) {
                return Support::no("output " + wanted.shape.to_text() + " is not what the rule gives, " +
                                   types[i].shape.to_text());
            }
        }
    } catch (const ModelError& error) {
        return Support::no(error.what());
    }
    return Support::yes();
}

}  // namespace halftone::ref
