#include "kernel/dnnl/lib/copy.hpp"

#include <cstring>

#include "kernel/dnnl/lib/fusion.hpp"
#include "kernel/dnnl/lib/step.hpp"

namespace halftone::onednn {

Support supports_copy(const KernelRequest& request) {
    if (request.inputs.size() != 1 || request.outputs.size() != 1) return Support::no("the shape is not constant");
    const OperandEncoding& input = request.inputs[0];
    const OperandEncoding& output = request.outputs[0];
    if (input.params != output.params || input.type.dtype != output.type.dtype) {
        return Support::no("input and output need the same dtype and parameters");
    }
    // The axis of the scales would have another number, or none, in the new shape.
    if (input.params && !input.params->is_per_tensor()) return Support::no("codes have one scale for each channel");
    return check_unfused(request);
}

std::unique_ptr<Primitive> build_copy(const KernelRequest& request) {
    // Plain on both sides: "the same elements in row-major order" is what Reshape means, and a channels-last tensor
    // does not have them in that order.
    const Layout from(request.inputs[0].type);
    const auto body = [bytes = from.bytes()](auto inputs, auto outputs) {
        if (inputs[0] != outputs[0]) std::memcpy(outputs[0], inputs[0], bytes);
    };
    return std::make_unique<LoopStep>("copy", std::vector{from}, Layout(request.outputs[0].type), body, 0);
}

}  // namespace halftone::onednn
