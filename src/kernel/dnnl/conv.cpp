// Source: ONNX operator Conv, opset 11. 1-D to 3-D, grouped, depthwise; fp32 and int8, activations channels-last.
#include "kernel/dnnl/lib/engine.hpp"
#include "kernel/dnnl/lib/folded_columns.hpp"
#include "kernel/dnnl/lib/fusion.hpp"
#include "kernel/dnnl/lib/implementation.hpp"
#include "kernel/dnnl/lib/layout.hpp"
#include "kernel/dnnl/lib/weights.hpp"
#include "kernel/dnnl/lib/widened.hpp"
#include "kernel/dnnl/lib/window.hpp"
#include "kernel/shape/fast_op.hpp"

namespace halftone::onednn {
namespace {

using dnnl::memory;

std::int64_t groups_of(const KernelRequest& request) { return int_attribute(*request.node, "group", 1); }

/// [O, I/g, k…], or [g, O/g, I/g, k…] as oneDNN has it; the same bytes.
memory::dims weight_dims(const KernelRequest& request) {
    memory::dims dims = request.weight.values.shape().dims();
    const std::int64_t groups = groups_of(request);
    if (groups == 1) return dims;
    dims[0] /= groups;
    dims.insert(dims.begin(), groups);
    return dims;
}

dnnl::convolution_forward::primitive_desc describe_conv(const KernelRequest& request, const Fusion& fusion) {
    const memory::dims dims = weight_dims(request);
    const memory::dims kernel(request.weight.values.shape().dims().begin() + 2,
                              request.weight.values.shape().dims().end());
    const PoolWindow window = window_of(request, kernel, {});
    // Weights are "any": oneDNN names the packed layout that its kernel wants, and pack() makes it once per set of
    // weights. Data is channels-last and not "any", so that neighbouring steps agree without a reorder (README.md).
    const memory::desc weights(dims, stored_weight_type(request), memory::format_tag::any);
    const memory::desc bias = request.bias.is_empty()
                                  ? memory::desc()
                                  : row_major({request.weight.values.shape()[0]}, memory::data_type::f32);
    return {cpu_engine(), dnnl::prop_kind::forward_inference,
            // Direct, not Winograd: Winograd's transforms add up rounding errors, differently for each tile size, and
            // oneDNN has it for few shapes only. Results must not depend on such a choice.
            dnnl::algorithm::convolution_direct, channels_last(stored_type(request, request.inputs[0])), weights, bias,
            channels_last(stored_type(request, request.outputs[0])), window.strides, window.dilations,
            window.pads_begin, window.pads_end, fusion.attributes};
}

Fusion fuse_conv(const KernelRequest& request) {
    // The mask names the dimensions of the weights that scales run along: O, or g and O/g, which is bits 0 and 1.
    return fuse(request, groups_of(request) == 1 ? 1 : 3, request.weight.values.shape()[0]);
}

/// The convolution as it will be built.
dnnl::convolution_forward::primitive_desc describe_folded(const KernelRequest& given) {
    const std::unique_ptr<FoldedColumns> folded = fold_columns(given);
    const KernelRequest& request = folded ? folded->request : given;
    return describe_conv(request, fuse_conv(request));
}

class ConvOp final : public FastOp {
public:
    Support accepts(const KernelRequest& request) const override {
        if (request.weight.values.is_empty()) return Support::no("the weights are not constant");
        if (const Support fused = check_fused(request, request.weight.values.shape()[0], 0); !fused.is_supported)
            return fused;
        // oneDNN has no list of what it supports. The only way to ask is to try to make the descriptor.
        return as_computed(request, [](const KernelRequest& real) {
            return attempt("this convolution", [&] { return describe_folded(real); });
        });
    }

    bool loses_nan(const KernelRequest& request) const override { return epilogue_loses_nan(request); }

    std::vector<std::string> implementations(const KernelRequest& request) const override {
        return as_computed(request, [](const KernelRequest& real) { return names_of(describe_folded(real), real); });
    }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& context) const override {
        return checked(describe(*request.node), [&]() -> std::unique_ptr<Primitive> {
            apply_kernel_threads();
            if (needs_widening(request)) {
                return build_widened(request, request.weight.values.shape()[0],
                                     [&](const KernelRequest& real) { return build(real, context); });
            }
            return build_step(request, context);
        });
    }

private:
    static std::unique_ptr<Primitive> build_step(const KernelRequest& given, const BuildContext& context) {
        const std::unique_ptr<FoldedColumns> folded = fold_columns(given);
        const KernelRequest& request = folded ? folded->request : given;
        const Fusion fusion = fuse_conv(request);
        const auto descriptor = chosen([&] { return describe_conv(request, fusion); }, request, request.implementation);
        const Layout output = make_layout(stored_type(request, request.outputs[0]), descriptor.dst_desc());
        const Layout input = folded ? channels_last_layout(stored_type(given, given.inputs[0]))
                                    : make_layout(stored_type(request, request.inputs[0]), descriptor.src_desc());
        StepParts parts{.inputs = {{input, DNNL_ARG_SRC, descriptor.src_desc()}},
                        .outputs = {{output, DNNL_ARG_DST}},
                        .constants = fusion.arguments};
        // The residual shares the output's buffer where the executor can arrange it; else it is copied there before
        // the step.
        if (request.epilogue.has_residual) {
            parts.inputs.push_back({output, Slot::kCopiedToOutput});
            parts.in_place_input = 1;
        }
        const memory::desc plain = row_major(weight_dims(request), to_dnnl(request.weight.values.dtype()));
        add_weights(parts, context.weights, request.weight.values, plain, descriptor.weights_desc());
        if (!request.bias.is_empty()) {
            const std::vector<float> bias = real_bias(request, request.weight.values.shape()[0]);
            parts.constants.emplace_back(DNNL_ARG_BIAS, constant_memory(std::span<const float>(bias)));
        }
        return std::make_unique<Step>(dnnl::convolution_forward(descriptor), descriptor, std::move(parts));
    }
};

}  // namespace

const FastOp& conv_op() {
    static const ConvOp op;
    return op;
}

}  // namespace halftone::onednn
