// Part of a tensor: from start to end in steps, for some of its axes; steps may be negative. Numbers beyond the ends
// are cut, as in Python, so that a huge end means "to the end". Source: ONNX operator Slice, opset 13.
#include <algorithm>
#include <cstdlib>

#include "kernel/ref/lib/moving_op.hpp"
#include "kernel/ref/lib/strided_copy.hpp"
#include "kernel/shape/shape_input.hpp"

namespace halftone::ref {
namespace {

// Exporters write 2^63-1, 2^31-1 or 10^9 for "to the end". No batch has so many samples.
constexpr std::int64_t kToTheEnd = 1'000'000'000;

/// For each dimension of the input: first place, step and number of places.
struct Range {
    std::int64_t first = 0;
    std::int64_t step = 1;
    std::int64_t count = 0;
};

/// `bound` counted from the front and clamped; the batch, and anything beyond it, is the end.
std::int64_t placed(const PartialInt& bound, std::int64_t size, std::int64_t low, std::int64_t high) {
    if (bound.kind == PartialInt::Kind::batch) return high;
    // Before the addition, so that the least numbers, which mean "as far as there is", cannot overflow.
    const std::int64_t number = std::clamp<std::int64_t>(bound.number, -kMaxElements, kMaxElements);
    return std::clamp(number < 0 ? number + size : number, low, high);
}

Range range_of(const OpContext& op, std::int64_t size, const PartialInt& start, const PartialInt& end,
               std::int64_t step) {
    if (step == 0) refuse(op, "a step is 0");
    if (size == kSymbolic) {
        // Only the whole batch can be kept without knowing it.
        const bool is_from_start = start.kind == PartialInt::Kind::number && start.number == 0;
        const bool is_to_end = end.kind == PartialInt::Kind::batch || end.number >= kToTheEnd;
        if (!is_from_start || !is_to_end || step != 1) refuse(op, "cannot cut the symbolic batch");
        return {0, 1, kSymbolic};
    }
    step = std::clamp<std::int64_t>(step, -kMaxElements, kMaxElements);
    const std::int64_t last = std::max<std::int64_t>(size - 1, 0);
    Range range{.step = step};
    range.first = step > 0 ? placed(start, size, 0, size) : placed(start, size, 0, last);
    // With a negative step, -1 is the place in front of the first element: the end that is not included.
    const std::int64_t until = step > 0 ? placed(end, size, 0, size) : placed(end, size, -1, size - 1);
    const std::int64_t reach = step > 0 ? until - range.first : range.first - until;
    const std::int64_t stride = std::abs(step);
    range.count = size == 0 || reach <= 0 ? 0 : (reach + stride - 1) / stride;
    return range;
}

std::vector<Range> ranges_of(const OpContext& op) {
    const Shape& shape = op.inputs[0].shape;
    const auto starts = shape_input(op, 1, "starts");
    const auto ends = shape_input(op, 2, "ends");
    std::vector<std::int64_t> axes;
    for (std::size_t i = 0; i < starts.size(); ++i) axes.push_back(static_cast<std::int64_t>(i));
    if (op.has_input(3)) axes = number_input(op, 3, "axes");
    std::vector<std::int64_t> steps(starts.size(), 1);
    if (op.has_input(4)) steps = number_input(op, 4, "steps");
    if (ends.size() != starts.size() || axes.size() != starts.size() || steps.size() != starts.size()) {
        refuse(op, "starts, ends, axes and steps do not have the same length");
    }
    std::vector<Range> ranges;
    for (std::size_t d = 0; d < shape.rank(); ++d) ranges.push_back({0, 1, shape[d]});
    std::vector<bool> is_cut(shape.rank(), false);
    for (std::size_t i = 0; i < axes.size(); ++i) {
        const std::size_t axis = normal_axis(op, axes[i], shape.rank());
        if (is_cut[axis]) refuse(op, "axes " + text_of(axes) + " name one axis twice");
        is_cut[axis] = true;
        ranges[axis] = range_of(op, shape[axis], starts[i], ends[i], steps[i]);
    }
    return ranges;
}

class SliceOp final : public MovingOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 3, 5);
        check_outputs(op, 1);
        std::vector<std::int64_t> dims;
        for (const Range& range : ranges_of(op)) dims.push_back(range.count);
        return {{op.inputs[0].dtype, Shape(std::move(dims))}};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        if (outputs[0].elements() == 0) return;
        std::vector<std::int64_t> steps = row_major_steps(inputs[0].type.shape);
        const std::vector<Range> ranges = ranges_of(op);
        std::int64_t start = 0;
        for (std::size_t d = 0; d < steps.size(); ++d) {
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
