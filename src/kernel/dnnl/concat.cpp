// Source: ONNX operator Concat, opset 13. fp32, or codes of one kind; channels-last, or plain when all inputs are.
#include <algorithm>

#include "kernel/dnnl/lib/engine.hpp"
#include "kernel/dnnl/lib/fusion.hpp"
#include "kernel/dnnl/lib/layout.hpp"
#include "kernel/dnnl/lib/step.hpp"
#include "kernel/shape/fast_op.hpp"

namespace halftone::onednn {
namespace {

using dnnl::memory;

struct Descs {
    std::vector<memory::desc> inputs;
    memory::desc output;
};

Descs descs_of(const KernelRequest& request, bool is_plain) {
    const auto desc = [is_plain](const OperandEncoding& port) {
        return is_plain ? row_major(port.type) : channels_last(port.type);
    };
    Descs descs{{}, desc(request.outputs[0])};
    for (const OperandEncoding& input : request.inputs) descs.inputs.push_back(desc(input));
    return descs;
}

dnnl::concat::primitive_desc describe_concat(const KernelRequest& request, const Descs& descs) {
    const auto rank = static_cast<std::int64_t>(request.outputs[0].type.shape.rank());
    // The axis counts logical dimensions; where the channels lie in memory is the descriptors' matter.
    const std::int64_t axis = int_attribute(*request.node, "axis", 0);
    return {cpu_engine(), descs.output, static_cast<int>(axis < 0 ? axis + rank : axis), descs.inputs,
            plain_attributes()};
}

class ConcatOp final : public FastOp {
public:
    Support accepts(const KernelRequest& request) const override {
        if (const Support unfused = check_unfused(request); !unfused.is_supported) return unfused;
        const OperandEncoding& output = request.outputs[0];
        // A constant among the inputs is rare, and ref takes it.
        if (request.inputs.size() != request.node->inputs.size()) return Support::no("an input is constant");
        const DType dtype = output.type.dtype;
        if (dtype != DType::f32 && dtype != DType::u8 && dtype != DType::s8)
            return Support::no("fp32, uint8, int8 only");
        for (const OperandEncoding& input : request.inputs) {
            // Bytes are copied, so a code must mean the same before and after.
            if (input.params != output.params) return Support::no("inputs and output need the same parameters");
            if (input.type.shape.elements() == 0) return Support::no("an input is empty");
        }
        return attempt("this concatenation", [&] { return describe_concat(request, descs_of(request, false)); });
    }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& context) const override {
        return checked(describe(*request.node), [&]() -> std::unique_ptr<Primitive> {
            apply_kernel_threads();
            // Only when every input lies plain anyway: one channels-last input would have to be reordered.
            const bool is_plain =
                !context.available.empty() && std::all_of(context.available.begin(), context.available.end(),
                                                          [](const Layout& layout) { return layout.is_plain(); });
            const Descs descs = descs_of(request, is_plain);
            StepParts parts{.inputs = {},
                            .outputs = {{make_layout(request.outputs[0].type, descs.output), DNNL_ARG_DST, {}}},
                            .constants = {}};
            for (std::size_t i = 0; i < descs.inputs.size(); ++i) {
                parts.inputs.push_back({make_layout(request.inputs[i].type, descs.inputs[i]),
                                        DNNL_ARG_MULTIPLE_SRC + static_cast<int>(i),
                                        {}});
            }
            const auto descriptor = describe_concat(request, descs);
            return std::make_unique<Step>(dnnl::concat(descriptor), descriptor, std::move(parts));
        });
    }
};

}  // namespace

const FastOp& concat_op() {
    static const ConcatOp op;
    return op;
}

}  // namespace halftone::onednn
