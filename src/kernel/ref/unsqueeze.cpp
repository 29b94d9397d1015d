// Dimensions of size 1 come in at the axes, which count in the output's rank; the elements stay where they are.
// Source: ONNX operator Unsqueeze, opset 13.
#include "kernel/ref/lib/moving_op.hpp"
#include "kernel/shape/axes.hpp"

namespace halftone::ref {
namespace {

class UnsqueezeOp final : public MovingOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 2);
        check_outputs(op, 1);
        // The axes are numbers of the output, whose rank is known only when they are counted.
        const std::size_t count = number_of_axes(op);
        const std::size_t rank = op.inputs[0].shape.rank() + count;
        const Axes axes = axes_of(op, 1, rank);
        std::vector<bool> is_new(rank, false);
        for (const std::size_t place : axes.places) is_new[place] = true;
        std::vector<std::int64_t> dims;
        std::size_t next = 0;
        for (std::size_t d = 0; d < rank; ++d) dims.push_back(is_new[d] ? 1 : op.inputs[0].shape[next++]);
        return {{op.inputs[0].dtype, Shape(std::move(dims))}};
    }

    void run(const OpContext&, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        copy_bytes(inputs[0], outputs[0]);
    }

private:
    static std::size_t number_of_axes(const OpContext& op) {
        if (!op.has_input(1)) return ints_attribute(op.node, "axes", {}).size();
        check_rank(op, 1, 0, 1);
        return static_cast<std::size_t>(constant_input(op, 1, "axes").elements());
    }
};

}  // namespace

const RefOp& unsqueeze_op() {
    static const UnsqueezeOp op;
    return op;
}

}  // namespace halftone::ref
