// Source: ONNX operator Transpose, opset 13: oneDNN's reorder between the same dimensions with permuted strides. Codes
// keep their parameters.
#include <algorithm>

#include "kernel/dnnl/lib/engine.hpp"
#include "kernel/dnnl/lib/fusion.hpp"
#include "kernel/dnnl/lib/layout.hpp"
#include "kernel/dnnl/lib/step.hpp"
#include "kernel/shape/fast_op.hpp"

namespace halftone::onednn {
namespace {

using dnnl::memory;

/// The input as it lies, its dimensions in the output's order.
memory::desc permuted(const KernelRequest& request) {
    const TensorType& input = request.inputs[0].type;
    const auto rank = static_cast<std::int64_t>(input.shape.rank());
    std::vector<std::int64_t> reversed;
    for (std::int64_t d = rank; d-- > 0;) reversed.push_back(d);
    // The trick: a descriptor with the output's dimensions and the input's strides says the same bytes are the
    // transposed tensor. The reorder to row-major then moves them, with oneDNN's blocked and vectorized copies.
    const memory::dims strides = row_major(input).get_strides();
    memory::dims dims, steps;
    for (const std::int64_t place : ints_attribute(*request.node, "perm", reversed)) {
        dims.push_back(input.shape[static_cast<std::size_t>(place)]);
        steps.push_back(strides[static_cast<std::size_t>(place)]);
    }
    return {dims, to_dnnl(input.dtype), steps};
}

dnnl::reorder::primitive_desc describe_transpose(const KernelRequest& request) {
    return {cpu_engine(), permuted(request), cpu_engine(), row_major(request.outputs[0].type), plain_attributes()};
}

class TransposeOp final : public FastOp {
public:
    Support accepts(const KernelRequest& request) const override {
        const OperandEncoding& input = request.inputs[0];
        // Codes are moved and not converted, so they must mean the same on both sides.
        if (input.params != request.outputs[0].params) return Support::no("input and output need the same parameters");
        if (!is_known(input.type.dtype)) return Support::no("oneDNN does not move this type");
        if (input.type.shape.rank() == 0 || input.type.shape.elements() == 0) return Support::no("nothing to move");
        if (const Support unfused = check_unfused(request); !unfused.is_supported) return unfused;
        return attempt("this transposition", [&] { return describe_transpose(request); });
    }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& /*context*/) const override {
        return checked(describe(*request.node), [&]() -> std::unique_ptr<Primitive> {
            apply_kernel_threads();
            const auto descriptor = describe_transpose(request);
            StepParts parts{.inputs = {{Layout(request.inputs[0].type), DNNL_ARG_FROM, permuted(request)}},
                            .outputs = {{Layout(request.outputs[0].type), DNNL_ARG_TO, {}}},
                            .constants = {}};
            return std::make_unique<Step>(dnnl::reorder(descriptor), descriptor, std::move(parts));
        });
    }
};

}  // namespace

const FastOp& transpose_op() {
    static const TransposeOp op;
    return op;
}

}  // namespace halftone::onednn
