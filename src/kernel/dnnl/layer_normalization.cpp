// Source: ONNX operator LayerNormalization, opset 17. fp32, over the last dimension, constant scale and B.
#include <algorithm>

#include "kernel/dnnl/lib/engine.hpp"
#include "kernel/dnnl/lib/fusion.hpp"
#include "kernel/dnnl/lib/layout.hpp"
#include "kernel/dnnl/lib/step.hpp"
#include "kernel/shape/fast_op.hpp"

namespace halftone::onednn {
namespace {

using dnnl::memory;

/// Leading dimensions as one: a tensor of any rank is a stack of rows, and the plain layout makes that the same memory.
memory::desc row_descriptor(const TensorType& type) {
    const std::int64_t columns = type.shape[type.shape.rank() - 1];
    return row_major({type.shape.elements() / columns, columns}, memory::data_type::f32);
}

bool has_constant_vector(const KernelRequest& request, std::size_t input) {
    const Shape& shape = request.inputs[0].type.shape;
    return input < request.constants.size() && request.constants[input].shape() == Shape{shape[shape.rank() - 1]};
}

bool has_bias(const KernelRequest& request) { return request.constants.size() > 2 && !request.constants[2].is_empty(); }

dnnl::layer_normalization_forward::primitive_desc describe_normalization(const KernelRequest& request) {
    auto flags = dnnl::normalization_flags::use_scale;
    if (has_bias(request)) flags |= dnnl::normalization_flags::use_shift;
    const memory::desc rows = row_descriptor(request.inputs[0].type);
    return {cpu_engine(),
            dnnl::prop_kind::forward_inference,
            rows,
            rows,
            float_attribute(*request.node, "epsilon", 1e-5F),
            flags,
            plain_attributes()};
}

class LayerNormalizationOp final : public FastOp {
public:
    Support accepts(const KernelRequest& request) const override {
        if (const Support unary = check_f32_unary(request); !unary.is_supported) return unary;
        const auto rank = static_cast<std::int64_t>(request.inputs[0].type.shape.rank());
        const std::int64_t axis = int_attribute(*request.node, "axis", -1);
        // Over several dimensions scale and B would be tensors of that shape. Transformers normalize the last one only.
        if ((axis < 0 ? axis + rank : axis) != rank - 1) return Support::no("over the last dimension only");
        if (request.inputs[0].type.shape.elements() == 0) return Support::no("the tensor is empty");
        if (!has_constant_vector(request, 1) || (has_bias(request) && !has_constant_vector(request, 2))) {
            return Support::no("scale and B must be constants with one value for each element of a row");
        }
        return attempt("this normalization", [&] { return describe_normalization(request); });
    }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& /*context*/) const override {
        return checked(describe(*request.node), [&]() -> std::unique_ptr<Primitive> {
            apply_kernel_threads();
            const auto descriptor = describe_normalization(request);
            // Rows must lie together, so the layout is the plain one whatever the input's is.
            const Layout layout(request.inputs[0].type);
            const memory::desc rows = row_descriptor(request.inputs[0].type);
            StepParts parts{.inputs = {{layout, DNNL_ARG_SRC, rows}},
                            .outputs = {{layout, DNNL_ARG_DST, rows}},
                            .constants = {},
                            .in_place_input = 0};
            parts.constants.emplace_back(DNNL_ARG_SCALE, constant_memory(request.constants[1].as<float>()));
            if (has_bias(request)) {
                parts.constants.emplace_back(DNNL_ARG_SHIFT, constant_memory(request.constants[2].as<float>()));
            }
            return std::make_unique<Step>(dnnl::layer_normalization_forward(descriptor), descriptor, std::move(parts));
        });
    }
};

}  // namespace

const FastOp& layer_normalization_op() {
    static const LayerNormalizationOp op;
    return op;
}

}  // namespace halftone::onednn
