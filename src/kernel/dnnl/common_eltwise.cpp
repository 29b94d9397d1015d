#include "kernel/dnnl/common_eltwise.hpp"

#include "kernel/dnnl/common_layout.hpp"
#include "kernel/dnnl/common_loops.hpp"
#include "kernel/dnnl/common_step.hpp"

namespace halftone::onednn {

std::unique_ptr<Primitive> build_clamp(const KernelRequest& request, const BuildContext& context, Clamp clamp) {
    const Layout layout = dense_layout(request.inputs[0].type, context.available, 0);
    const auto elements = static_cast<std::size_t>(layout.type().shape.elements());
    const auto body = [elements, clamp](auto inputs, auto outputs) {
        clamp_values(reinterpret_cast<const float*>(inputs[0]), elements, clamp, reinterpret_cast<float*>(outputs[0]));
    };
    return std::make_unique<LoopStep>("clamp", std::vector{layout}, layout, body, 0);
}

}  // namespace halftone::onednn
