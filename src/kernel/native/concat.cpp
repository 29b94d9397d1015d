// Joins tensors along an axis: runs of bytes, channels-last, or plain when all inputs are.
// Source: ONNX operator Concat, opset 13.
#include <algorithm>

#include "kernel/native/lib/axis_parts.hpp"
#include "kernel/ops/loop_step.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::native {
namespace {

class ConcatOp final : public FastOp {
public:
    Support accepts(const KernelRequest& request) const override {
        // A constant among the inputs is rare, and ref takes it.
        if (request.inputs.size() != request.node->inputs.size()) return Support::no("an input is constant");
        return parts_are_bytes(request);
    }

    ref::SeenAs seen_as() const override { return ref::SeenAs::stored; }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& context) const override {
        const TensorType& type = request.outputs[0].type;
        const ref::RequestContext seen(request, ref::SeenAs::stored);
        const std::size_t axis =
            ref::normal_axis(seen.op(), int_attribute(*request.node, "axis", 0), type.shape.rank());
        // Only when every input lies plain anyway: one channels-last input would have to be reordered.
        const bool is_plain =
            !context.available.empty() && std::all_of(context.available.begin(), context.available.end(),
                                                      [](const Layout& layout) { return layout.is_plain(); });
        const bool is_channels_last = !is_plain && may_be_channels_last(type.dtype);
        const Layout output = part_layout(type, is_channels_last);
        std::vector<Layout> inputs;
        std::vector<std::int64_t> lengths;
        for (const OperandEncoding& port : request.inputs) {
            inputs.push_back(part_layout(port.type, is_channels_last));
            lengths.push_back(port.type.shape[axis]);
        }
        const auto body = [parts = axis_parts(output, axis, lengths)](auto pieces, auto wholes) {
            join_parts(parts, pieces, wholes[0]);
        };
        return std::make_unique<LoopStep>("native_concat", inputs, output, body);
    }
};

}  // namespace

const FastOp& concat_op() {
    static const ConcatOp op;
    return op;
}

}  // namespace halftone::native
