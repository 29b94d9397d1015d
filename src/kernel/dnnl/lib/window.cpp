#include "kernel/dnnl/lib/window.hpp"

#include "kernel/dnnl/lib/engine.hpp"
#include "kernel/dnnl/lib/layout.hpp"
#include "kernel/dnnl/lib/step.hpp"
#include "kernel/shape/request_context.hpp"

namespace halftone::onednn {
namespace {

dnnl::pooling_forward::primitive_desc describe_pool(const KernelRequest& request, dnnl::algorithm algorithm,
                                                    const PoolWindow& window) {
    return {cpu_engine(),
            dnnl::prop_kind::forward_inference,
            algorithm,
            channels_last(request.inputs[0].type),
            channels_last(request.outputs[0].type),
            window.strides,
            window.kernel,
            window.dilations,
            window.pads_begin,
            window.pads_end,
            plain_attributes()};
}

}  // namespace

PoolWindow window_of(const KernelRequest& request, const dnnl::memory::dims& kernel, ref::WindowRule rule) {
    const ref::RequestContext context(request, ref::SeenAs::stored);
    const ref::Window found = ref::resolve_window(context.op(), request.inputs[0].type.shape, kernel, rule);
    PoolWindow window{.kernel = kernel, .strides = {}, .dilations = {}, .pads_begin = {}, .pads_end = {}};
    for (std::size_t i = 3 - found.rank; i < 3; ++i) {
        const std::int64_t extent = (found.kernel[i] - 1) * found.dilations[i] + 1;
        // oneDNN computes the output size from the padding and checks it, so the end is derived from the output's size.
        // It is less than the file's where a stride leaves a rest, and more with ceil_mode.
        const std::int64_t end =
            (found.output[i] - 1) * found.strides[i] + extent - found.input[i] - found.pads_begin[i];
        window.strides.push_back(found.strides[i]);
        // oneDNN counts the gaps between taps: 0 is a dense window.
        window.dilations.push_back(found.dilations[i] - 1);
        window.pads_begin.push_back(found.pads_begin[i]);
        window.pads_end.push_back(end);
        window.passes_padding = window.passes_padding || end > found.pads_end[i];
    }
    return window;
}

PoolWindow pool_window_of(const KernelRequest& request) {
    const ref::RequestContext context(request, ref::SeenAs::stored);
    const std::size_t rank = request.inputs[0].type.shape.rank();
    return window_of(request, ref::pool_kernel(context.op(), rank - 2),
                     {.has_ceil_mode = true, .padding_is_less_than_kernel = true});
}

Support supports_pool(const KernelRequest& request, dnnl::algorithm algorithm, const PoolWindow& window) {
    return attempt("this pooling", [&] { return describe_pool(request, algorithm, window); });
}

std::unique_ptr<Primitive> build_pool(const KernelRequest& request, dnnl::algorithm algorithm,
                                      const PoolWindow& window) {
    return checked(describe(*request.node), [&] {
        apply_kernel_threads();
        const auto descriptor = describe_pool(request, algorithm, window);
        StepParts parts{.inputs = {{make_layout(request.inputs[0].type, descriptor.src_desc()), DNNL_ARG_SRC}},
                        .outputs = {{make_layout(request.outputs[0].type, descriptor.dst_desc()), DNNL_ARG_DST}},
                        .constants = {}};
        return std::make_unique<Step>(dnnl::pooling_forward(descriptor), descriptor, std::move(parts));
    });
}

}  // namespace halftone::onednn
