// The heads of attention, and the borders of networks that keep channels last. The input is taken in whatever dense
// layout it lies: a Transpose to channels-last of a tensor that lies so already is a plain copy, or none.
// Source: ONNX operator Transpose, opset 13. Codes keep their parameters.
#include <cstring>

#include "kernel/native/lib/permuted_copy.hpp"
#include "kernel/ops/loop_step.hpp"
#include "kernel/shape/fast_op.hpp"

namespace halftone::native {
namespace {

class TransposeOp final : public FastOp {
public:
    Support accepts(const KernelRequest& request) const override {
        const OperandEncoding& input = request.inputs[0];
        // Codes are moved and not converted, so they must mean the same on both sides.
        if (input.params != request.outputs[0].params) return Support::no("input and output need the same parameters");
        if (input.params && !input.params->is_per_tensor()) return Support::no("codes have one scale for each channel");
        if (request.is_fused()) return Support::no("the op fuses nothing");
        if (input.type.shape.rank() == 0 || input.type.shape.elements() == 0) return Support::no("nothing to move");
        const std::size_t size = size_of(input.type.dtype);
        if (size != 1 && size != 2 && size != 4 && size != 8) return Support::no("elements have another width");
        return Support::yes();
    }

    ref::SeenAs seen_as() const override { return ref::SeenAs::stored; }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& context) const override {
        const TensorType& type = request.inputs[0].type;
        Layout input(type);
        const bool is_image = type.dtype == DType::f32 || type.dtype == DType::u8 || type.dtype == DType::s8;
        if (is_image && !context.available.empty()) input = dense_layout(type, context.available, 0);
        const std::vector<std::int64_t> own_steps = layout_steps(input);
        std::vector<std::int64_t> order;
        for (std::size_t d = type.shape.rank(); d-- > 0;) order.push_back(static_cast<std::int64_t>(d));
        // Seen from the output, its dimension i walks the input by the step of dimension perm[i].
        WalkedOperand source{request.outputs[0].type.shape, {}};
        for (const std::int64_t place : ints_attribute(*request.node, "perm", order))
            source.steps.push_back(own_steps[static_cast<std::size_t>(place)]);
        PermutedCopy copy{strided_walk({source}, source.shape, row_major_steps(source.shape)), size_of(type.dtype)};
        // One long row that is read in order: nothing moves, and the output may be the input.
        const bool is_still = copy.walk.dimensions[0].size == 1 && copy.walk.dimensions.size() == 2 &&
                              copy.walk.dimensions[1].steps[0] <= 1;
        const auto body = [copy = std::move(copy), is_still, bytes = input.bytes()](auto inputs, auto outputs) {
            if (!is_still) return run_permuted_copy(copy, inputs[0], outputs[0]);
            if (inputs[0] != outputs[0]) std::memcpy(outputs[0], inputs[0], bytes);
        };
        return std::make_unique<LoopStep>("native_transpose", std::vector{input}, Layout(request.outputs[0].type), body,
                                          is_still ? 0 : -1);
    }
};

}  // namespace

const FastOp& transpose_op() {
    static const TransposeOp op;
    return op;
}

}  // namespace halftone::native
