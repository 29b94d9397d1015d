#include "kernel/shape/pad_margins.hpp"

#include <algorithm>

#include "kernel/shape/shape_input.hpp"

namespace halftone::ref {

PadMargins pad_margins(const OpContext& op) {
    const Shape& shape = op.inputs[0].shape;
    const std::vector<std::int64_t> pads = number_input(op, 1, "pads");
    PadMargins margins{std::vector<std::int64_t>(shape.rank(), 0), std::vector<std::int64_t>(shape.rank(), 0)};
    // Without the input axes, pads name all dimensions in order: first all begins, then all ends.
    std::vector<std::int64_t> axes;
    for (std::size_t d = 0; d < shape.rank(); ++d) axes.push_back(static_cast<std::int64_t>(d));
    if (op.has_input(3)) axes = number_input(op, 3, "axes");
    if (pads.size() != 2 * axes.size())
        refuse(op, "pads " + text_of(pads) + " do not have two numbers for each of " + std::to_string(axes.size()) +
                       " axes");
    for (std::size_t i = 0; i < axes.size(); ++i) {
        const std::size_t axis = normal_axis(op, axes[i], shape.rank());
        margins.begin[axis] = pads[i];
        margins.end[axis] = pads[i + axes.size()];
    }
    return margins;
}

std::int64_t pad_source(std::int64_t place, std::int64_t size, const std::string& mode) {
    if (place >= 0 && place < size) return place;
    if (mode == "edge") return std::clamp<std::int64_t>(place, 0, size - 1);
    if (mode == "wrap") return (place % size + size) % size;
    if (mode != "reflect") return -1;
    if (size == 1) return 0;
    // Reflection repeats the row and its mirror image, without doubling the ends: a period of 2 (size - 1).
    const std::int64_t period = 2 * (size - 1);
    const std::int64_t turned = (place % period + period) % period;
    return turned < size ? turned : period - turned;
}

}  // namespace halftone::ref
