// What the two operators take, and how their axis lies in the layout of the input. The loops are in along_axis_loops.
#include "kernel/native/lib/along_axis.hpp"

#include "kernel/ops/loop_step.hpp"

namespace halftone::native {
namespace {

/// Axes count from the end where they are negative. Operator sets below 13 meant something else; the importer rewrites
/// those.
std::size_t softmax_axis(const KernelRequest& request) {
    const auto rank = static_cast<std::int64_t>(request.inputs[0].type.shape.rank());
    const std::int64_t axis = int_attribute(*request.node, "axis", -1);
    return static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
}

}  // namespace

Support SoftmaxLikeOp::accepts(const KernelRequest& request) const {
    if (request.is_fused()) return Support::no("the op fuses nothing");
    if (request.inputs.size() != 1 || request.inputs[0].params || request.outputs[0].params)
        return Support::no("fp32 only");
    if (request.inputs[0].type.dtype != DType::f32) return Support::no("fp32 only");
    if (request.inputs[0].type.shape.elements() == 0) return Support::no("the tensor is empty");
    if (request.inputs[0].type.shape.rank() == 0) return Support::no("a scalar has no axis");
    return Support::yes();
}

std::unique_ptr<Primitive> SoftmaxLikeOp::build(const KernelRequest& request, const BuildContext& context) const {
    const TensorType& type = request.inputs[0].type;
    // Any dense layout will do: the step of the axis in memory says all that the loops need.
    const Layout layout = context.available.empty() ? Layout(type) : dense_layout(type, context.available, 0);
    const std::size_t axis = softmax_axis(request);
    AxisLoops loops{.blocks = 1, .count = type.shape[axis], .step = layout_steps(layout)[axis]};
    // In a dense layout everything inside the axis has smaller steps, so what is left lies outside of it. An axis of
    // size 1 may have any step; its elements are independent then.
    if (loops.count == 1) loops.step = 1;
    loops.blocks = type.shape.elements() / (loops.count * loops.step);
    const auto body = [loops, is_log = is_log_](auto inputs, auto outputs) {
        softmax_along_axis(loops, is_log, reinterpret_cast<const float*>(inputs[0]),
                           reinterpret_cast<float*>(outputs[0]));
    };
    return std::make_unique<LoopStep>("native_softmax", std::vector{layout}, layout, body, 0);
}

}  // namespace halftone::native
