// One input cut along an axis into several outputs. Lengths are given as a constant input, or all but the last are
// equal. Source: ONNX operator Split, opset 18.
#include <algorithm>

#include "kernel/ref/lib/moving_op.hpp"
#include "kernel/ref/lib/strided_copy.hpp"
#include "kernel/shape/shape_input.hpp"

namespace halftone::ref {
namespace {

std::size_t split_axis(const OpContext& op) {
    return normal_axis(op, int_attribute(op.node, "axis", 0), op.inputs[0].shape.rank());
}

/// Length of each output along the axis: given, or equal parts of which the last may be shorter.
std::vector<std::int64_t> lengths_of(const OpContext& op) {
    const std::size_t axis = split_axis(op);
    const std::int64_t size = op.inputs[0].shape[axis];
    if (size == kSymbolic) refuse(op, "cannot split the symbolic batch");
    const auto count = static_cast<std::int64_t>(op.node.outputs.size());
    std::vector<std::int64_t> lengths;
    if (op.has_input(1)) {
        lengths = number_input(op, 1, "split");
    } else {
        // Before opset 18 parts had to be equal; num_outputs came with it, and allows a shorter last part.
        const std::int64_t parts = int_attribute(op.node, "num_outputs", count);
        const bool may_be_uneven = op.node.attributes.contains("num_outputs");
        if (parts != count || (size % count != 0 && !may_be_uneven)) {
            refuse(op, std::to_string(size) + " places cannot be split into " + std::to_string(count) + " equal parts");
        }
        // Rounded up, so that only the last parts can be shorter, as the standard wants it.
        const std::int64_t part = (size + count - 1) / count;
        for (std::int64_t i = 0; i < count; ++i) {
            lengths.push_back(std::clamp<std::int64_t>(size - i * part, 0, part));
        }
    }
    std::int64_t total = 0;
    for (const std::int64_t length : lengths) {
        if (length < 0 || length > size)
            refuse(op, "split " + text_of(lengths) + " has a number outside 0 to " + std::to_string(size));
        total += length;
    }
    // Each length was checked to be at most `size`, so the total of a few of them cannot overflow.
    if (total != size || static_cast<std::int64_t>(lengths.size()) != count) {
        refuse(op, "split " + text_of(lengths) + " does not give its " + std::to_string(count) + " outputs the " +
                       std::to_string(size) + " places of axis " + std::to_string(axis));
    }
    return lengths;
}

class SplitOp final : public MovingOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 2);
        if (op.node.outputs.empty()) refuse(op, "has no output");
        std::vector<TensorType> types;
        const std::size_t axis = split_axis(op);
        for (const std::int64_t length : lengths_of(op)) {
            types.push_back(op.inputs[0]);
            types.back().shape[axis] = length;
        }
        return types;
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const std::size_t axis = split_axis(op);
        const std::vector<std::int64_t> steps = row_major_steps(inputs[0].type.shape);
        std::int64_t start = 0;
        for (const MutableView& output : outputs) {
            gather_strided(inputs[0], start, steps, output);
            // The outputs lie one behind the other along the axis, and a cut is a start offset with the same steps.
            start += output.type.shape[axis] * steps[axis];
        }
    }
};

}  // namespace

const RefOp& split_op() {
    static const SplitOp op;
    return op;
}

}  // namespace halftone::ref
