// Which axes an operator reduces, squeezes or inserts, and the offsets of the elements that a reduction combines.
#include "kernel/shape/axes.hpp"

#include <algorithm>

namespace halftone::ref {
namespace {

/// Offsets of all places of the dimensions that are `wanted`, row-major.
std::vector<std::int64_t> offsets_of(const Shape& shape, const std::vector<bool>& is_reduced, bool wanted) {
    std::vector<std::int64_t> offsets{0};
    std::int64_t step = 1;
    // The step of a dimension is the product of the ones behind it: start with all and divide.
    for (std::size_t d = 0; d < shape.rank(); ++d) step *= shape[d];
    for (std::size_t d = 0; d < shape.rank(); ++d) {
        step = shape[d] == 0 ? 0 : step / shape[d];
        if (is_reduced[d] != wanted) continue;
        // Each dimension multiplies the list: every offset so far, with every place of this one.
        std::vector<std::int64_t> next;
        next.reserve(offsets.size() * static_cast<std::size_t>(shape[d]));
        for (const std::int64_t offset : offsets) {
            for (std::int64_t i = 0; i < shape[d]; ++i) next.push_back(offset + i * step);
        }
        offsets = std::move(next);
    }
    return offsets;
}

}  // namespace

Axes axes_of(const OpContext& op, std::size_t input, std::size_t rank) {
    std::vector<std::int64_t> numbers;
    Axes axes;
    if (op.has_input(input)) {
        check_dtype(op, input, {DType::s64});
        // A list. onnx's own functions write a single axis as a scalar, and ONNX Runtime takes that.
        check_rank(op, input, 0, 1);
        const auto given = constant_input(op, input, "axes").as<std::int64_t>();
        numbers.assign(given.begin(), given.end());
        // An empty list means the same as none: all axes, or none of them (noop_with_empty_axes); the operator decides.
        axes.is_given = !numbers.empty();
    } else if (op.node.attributes.contains("axes")) {
        numbers = ints_attribute(op.node, "axes", {});
        axes.is_given = !numbers.empty();
    }
    for (const std::int64_t number : numbers) axes.places.push_back(normal_axis(op, number, rank));
    std::sort(axes.places.begin(), axes.places.end());
    if (std::adjacent_find(axes.places.begin(), axes.places.end()) != axes.places.end()) {
        refuse(op, "axes " + text_of(numbers) + " name one axis twice");
    }
    return axes;
}

// Lists of offsets instead of nested loops: any set of axes, in any rank, is then one double loop.
Reduction reduction(const Shape& shape, const std::vector<bool>& is_reduced) {
    return {offsets_of(shape, is_reduced, false), offsets_of(shape, is_reduced, true)};
}

Shape reduced_shape(const Shape& shape, const std::vector<bool>& is_reduced, bool keeps_dims) {
    std::vector<std::int64_t> dims;
    for (std::size_t d = 0; d < shape.rank(); ++d) {
        if (!is_reduced[d]) {
            dims.push_back(shape[d]);
        } else if (keeps_dims) {
            dims.push_back(1);
        }
    }
    return Shape(std::move(dims));
}

}  // namespace halftone::ref
