// The halves of a block's channels (YOLOv8), and queries, keys and values that one product made. The input is taken
// plain or channels-last, as it lies. Source: ONNX operator Split, opset 18.
#include "kernel/native/lib/axis_parts.hpp"
#include "kernel/ops/machine.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::native {
namespace {

class SplitStep final : public Primitive {
public:
    SplitStep(const KernelRequest& request, std::size_t axis, bool is_channels_last)
        : input_(part_layout(request.inputs[0].type, is_channels_last)) {
        std::vector<std::int64_t> lengths;
        for (const OperandEncoding& port : request.outputs) {
            outputs_.push_back(part_layout(port.type, is_channels_last));
            lengths.push_back(port.type.shape[axis]);
        }
        parts_ = axis_parts(input_, axis, lengths);
    }

    [[nodiscard]] const Layout& input_layout(std::size_t /*i*/) const override { return input_; }
    [[nodiscard]] const Layout& output_layout(std::size_t i) const override { return outputs_.at(i); }
    [[nodiscard]] std::string implementation() const override { return "native_split"; }
    void execute(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
                 std::byte* /*scratch*/) override {
        apply_kernel_threads();
        cut_parts(parts_, inputs[0], outputs);
    }

private:
    Layout input_;
    std::vector<Layout> outputs_;
    AxisParts parts_;
};

class SplitOp final : public FastOp {
public:
    Support accepts(const KernelRequest& request) const override {
        // The shape rule has read the lengths, which are a constant; the outputs' shapes say what they are.
        if (request.inputs.size() != 1) return Support::no("the lengths are not constant");
        return parts_are_bytes(request);
    }

    ref::SeenAs seen_as() const override { return ref::SeenAs::stored; }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& context) const override {
        const TensorType& type = request.inputs[0].type;
        const ref::RequestContext seen(request, ref::SeenAs::stored);
        const std::size_t axis =
            ref::normal_axis(seen.op(), int_attribute(*request.node, "axis", 0), type.shape.rank());
        const bool is_channels_last = may_be_channels_last(type.dtype) && !context.available.empty() &&
                                      !context.available[0].is_plain() &&
                                      context.available[0] == channels_last_layout(type);
        return std::make_unique<SplitStep>(request, axis, is_channels_last);
    }
};

}  // namespace

const FastOp& split_op() {
    static const SplitOp op;
    return op;
}

}  // namespace halftone::native
