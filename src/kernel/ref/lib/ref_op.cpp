#include "kernel/ref/lib/ref_op.hpp"

#include <algorithm>

#include "kernel/ref/lib/moving_op.hpp"
#include "kernel/ref/lib/step.hpp"
#include "kernel/shape/request_context.hpp"

namespace halftone {
namespace {

/// run() as a step: nothing fused.
class RunPrimitive final : public ref::RefPrimitive {
public:
    RunPrimitive(const RefOp& op, const KernelRequest& request)
        : RefPrimitive(request),
          op_(op),
          context_(request, ref::SeenAs::stored),
          output_count_(request.outputs.size()) {}

    void execute(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs, std::byte*) override {
        std::vector<MutableView> views;
        for (std::size_t i = 0; i < output_count_; ++i) views.push_back({output_layout(i).type(), outputs[i]});
        op_.run(context_.op(), context_.views(inputs), views);
    }

private:
    const RefOp& op_;
    ref::RequestContext context_;
    std::size_t output_count_;
};

bool has_params(const OperandEncoding& port) { return port.params.has_value(); }

}  // namespace

// The default is for operators that compute: they know fp32 and their own integers, but no codes.
Support RefOp::supports(const KernelRequest& request) const {
    if (request.is_fused()) return Support::no(request.node->op + " is not fused with anything");
    if (std::any_of(request.inputs.begin(), request.inputs.end(), has_params) ||
        std::any_of(request.outputs.begin(), request.outputs.end(), has_params)) {
        return Support::no("no int8 kernel for " + request.node->op);
    }
    return ref::rule_accepts(request, ref::SeenAs::stored);
}

std::unique_ptr<Primitive> RefOp::build(const KernelRequest& request) const {
    return std::make_unique<RunPrimitive>(*this, request);
}

namespace ref {

// Moving codes is right as long as they mean the same everywhere: all parameters must be equal.
Support MovingOp::supports(const KernelRequest& request) const {
    if (request.is_fused()) return Support::no(request.node->op + " is not fused with anything");
    const OperandEncoding* first = request.inputs.empty() ? nullptr : &request.inputs[0];
    const auto differs = [&](const OperandEncoding& port) {
        return first == nullptr ? port.params.has_value() : port.params != first->params;
    };
    if (std::any_of(request.inputs.begin(), request.inputs.end(), differs) ||
        std::any_of(request.outputs.begin(), request.outputs.end(), differs)) {
        return Support::no("the quantization parameters of its inputs and outputs differ");
    }
    return rule_accepts(request, SeenAs::stored);
}

std::vector<TensorType> CopyingOp::infer(const OpContext& op) const {
    check_inputs(op, 1, 1);
    check_outputs(op, 1);
    return {op.inputs[0]};
}

void CopyingOp::run(const OpContext& /*op*/, std::span<const TensorView> inputs,
                    std::span<const MutableView> outputs) const {
    copy_bytes(inputs[0], outputs[0]);
}

}  // namespace ref
}  // namespace halftone
