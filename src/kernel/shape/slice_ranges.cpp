#include "kernel/shape/slice_ranges.hpp"

#include <algorithm>
#include <cstdlib>

#include "kernel/shape/shape_input.hpp"

namespace halftone::ref {
namespace {

// Exporters write 2^63-1, 2^31-1 or 10^9 for "to the end". No batch has so many samples.
constexpr std::int64_t kToTheEnd = 1'000'000'000;

/// `bound` counted from the front and clamped; the batch, and anything beyond it, is the end.
std::int64_t slice_bound(const PartialInt& bound, std::int64_t size, std::int64_t low, std::int64_t high) {
    if (bound.kind == PartialInt::Kind::batch) return high;
    // Before the addition, so that the least numbers, which mean "as far as there is", cannot overflow.
    const std::int64_t number = std::clamp<std::int64_t>(bound.number, -kMaxElements, kMaxElements);
    return std::clamp(number < 0 ? number + size : number, low, high);
}

SliceRange slice_range(const OpContext& op, std::int64_t size, const PartialInt& start, const PartialInt& end,
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
    SliceRange range{.step = step};
    range.first = step > 0 ? slice_bound(start, size, 0, size) : slice_bound(start, size, 0, last);
    // With a negative step, -1 is the place in front of the first element: the end that is not included.
    const std::int64_t until = step > 0 ? slice_bound(end, size, 0, size) : slice_bound(end, size, -1, size - 1);
    const std::int64_t reach = step > 0 ? until - range.first : range.first - until;
    const std::int64_t stride = std::abs(step);
    range.count = size == 0 || reach <= 0 ? 0 : (reach + stride - 1) / stride;
    return range;
}

}  // namespace

std::vector<SliceRange> slice_ranges(const OpContext& op) {
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
    std::vector<SliceRange> ranges;
    for (std::size_t d = 0; d < shape.rank(); ++d) ranges.push_back({0, 1, shape[d]});
    std::vector<bool> is_cut(shape.rank(), false);
    for (std::size_t i = 0; i < axes.size(); ++i) {
        const std::size_t axis = normal_axis(op, axes[i], shape.rank());
        if (is_cut[axis]) refuse(op, "axes " + text_of(axes) + " name one axis twice");
        is_cut[axis] = true;
        ranges[axis] = slice_range(op, shape[axis], starts[i], ends[i], steps[i]);
    }
    return ranges;
}

}  // namespace halftone::ref
