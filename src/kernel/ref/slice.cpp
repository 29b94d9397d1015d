// Part of a tensor: from start to end in steps, for some of its axes; steps may be negative. Numbers beyond the ends
// are cut, as in Python, so that a huge end means "to the end". Source: ONNX operator Slice, opset 13.
#include "kernel/ref/lib/moving_op.hpp"
#include "kernel/ref/lib/strided_copy.hpp"
#include "kernel/shape/slice_ranges.hpp"

namespace halftone::ref {
namespace {

class SliceOp final : public MovingOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 3, 5);
        check_outputs(op, 1);
        std::vector<std::int64_t> dims;
        for (const SliceRange& range : slice_ranges(op)) dims.push_back(range.count);
        return {{op.inputs[0].dtype, Shape(std::move(dims))}};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        if (outputs[0].elements() == 0) return;
        std::vector<std::int64_t> steps = row_major_steps(inputs[0].type.shape);
        const std::vector<SliceRange> ranges = slice_ranges(op);
        std::int64_t start = 0;
        for (std::size_t d = 0; d < steps.size(); ++d) {
            // A slice is a view of the input: another start, and steps that are multiples of the input's own. Negative
            // steps walk backwards.
            start += ranges[d].first * steps[d];
            steps[d] *= ranges[d].step;
        }
        gather_strided(inputs[0], start, steps, outputs[0]);
    }
};

}  // namespace

const RefOp& slice_op() {
    static const SliceOp op;
    return op;
}

}  // namespace halftone::ref
