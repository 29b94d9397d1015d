// What the reductions take, and how a shape with some reduced axes becomes four nested loops. Most networks reduce the
// last dimensions, or the first, or the middle ones: four loops hold all of these.
#include "kernel/native/lib/reduction.hpp"

#include <optional>

#include "kernel/ops/loop_step.hpp"
#include "kernel/shape/axes.hpp"

namespace halftone::native {
namespace {

/// Nothing where kept and reduced dimensions alternate more often than the loops do.
std::optional<ReductionLoops> reduction_loops(const KernelRequest& request) {
    const Shape& shape = request.inputs[0].type.shape;
    const ref::RequestContext context(request, ref::SeenAs::stored);
    const ref::Axes axes = ref::axes_of(context.op(), 1, shape.rank());
    // Without axes all dimensions are reduced, unless the node says that none is.
    if (!axes.is_given && int_attribute(*request.node, "noop_with_empty_axes", 0) != 0) return std::nullopt;
    std::vector<bool> is_reduced(shape.rank(), !axes.is_given);
    for (const std::size_t place : axes.places) is_reduced[place] = true;
    ReductionLoops loops;
    std::int64_t* const sizes[] = {&loops.kept_outer, &loops.reduced_outer, &loops.kept, &loops.reduced};
    std::size_t at = 4;  // from the last dimension to the first; even places are kept, odd ones are reduced
    for (std::size_t d = shape.rank(); d-- > 0;) {
        if (shape[d] == 1) continue;
        const std::size_t kind = is_reduced[d] ? 1 : 0;
        if (at == 4) {
            at = 2 + kind;
        } else if (at % 2 != kind) {
            if (at == 0) return std::nullopt;
            --at;
        }
        *sizes[at] *= shape[d];
    }
    return loops;
}

}  // namespace

Support ReductionOp::accepts(const KernelRequest& request) const {
    if (request.is_fused()) return Support::no("the op fuses nothing");
    const bool is_constant = !request.constants.empty() && !request.constants[0].is_empty();
    if (request.inputs.size() != 1 || is_constant) return Support::no("only the first input may be data");
    const OperandEncoding& input = request.inputs[0];
    if (input.params || input.type.dtype != DType::f32 || request.outputs[0].params) return Support::no("fp32 only");
    if (input.type.shape.elements() == 0) return Support::no("the tensor is empty");
    return reduction_loops(request) ? Support::yes() : Support::no("kept and reduced dimensions alternate too often");
}

std::unique_ptr<Primitive> ReductionOp::build(const KernelRequest& request, const BuildContext& /*context*/) const {
    const auto body = [kind = kind_, loops = *reduction_loops(request)](auto inputs, auto outputs) {
        run_reduction(kind, loops, reinterpret_cast<const float*>(inputs[0]), reinterpret_cast<float*>(outputs[0]));
    };
    return std::make_unique<LoopStep>("native_reduction", std::vector{Layout(request.inputs[0].type)},
                                      Layout(request.outputs[0].type), body);
}

}  // namespace halftone::native
