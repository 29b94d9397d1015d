// Output sizes of Resize: from scales or from sizes (set_scales, set_sizes), and the region of interest (set_roi).
#include "kernel/shape/resize_dimensions.hpp"

#include <algorithm>
#include <cmath>

#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

void set_output(const OpContext& op, Dimension& dimension, double size) {
    if (dimension.input == kSymbolic) {
        if (size != 1.0) refuse(op, "cannot resize the symbolic batch");
        return;
    }
    if (!(size >= 0.0 && size < static_cast<double>(kMaxElements))) refuse(op, "an output size is outside 0 to 2^31");
    dimension.output = static_cast<std::int64_t>(size);
}

/// Output sizes from scales: floor(input * scale), as the standard says. The scale itself, and not the quotient of the
/// sizes, is what the coordinates are computed with.
void set_scales(const OpContext& op, const std::vector<std::size_t>& axes, std::vector<Dimension>& dimensions) {
    const auto scales = constant_input(op, 2, "scales").as<float>();
    if (scales.size() != axes.size()) refuse(op, "scales does not have " + std::to_string(axes.size()) + " numbers");
    for (std::size_t i = 0; i < axes.size(); ++i) {
        Dimension& dimension = dimensions[axes[i]];
        dimension.scale = static_cast<double>(scales[i]);
        if (!(dimension.scale > 0.0)) refuse(op, "a scale is not > 0");
        const bool is_batch = dimension.input == kSymbolic;
        set_output(op, dimension,
                   is_batch ? dimension.scale : std::floor(dimension.scale * static_cast<double>(dimension.input)));
    }
}

/// The input 'sizes'. Exporters compute it from a shape, so the batch stands in it too: kSymbolic where it keeps the
/// batch of the input.
std::vector<std::int64_t> wanted_sizes(const OpContext& op, const std::vector<std::size_t>& axes) {
    const PartialInts* partial = op.partial(3);
    if (op.constants[3] != nullptr || partial == nullptr) {
        const auto sizes = constant_input(op, 3, "sizes").as<std::int64_t>();
        return {sizes.begin(), sizes.end()};
    }
    std::vector<std::int64_t> sizes;
    for (std::size_t i = 0; i < partial->size(); ++i) {
        const PartialInt& size = (*partial)[i];
        const bool is_batch =
            size.kind == PartialInt::Kind::batch && i < axes.size() && op.inputs[0].shape[axes[i]] == kSymbolic;
        if (!is_batch && size.kind != PartialInt::Kind::number) refuse(op, "the sizes depend on the batch");
        sizes.push_back(is_batch ? kSymbolic : size.number);
    }
    return sizes;
}

/// Output sizes as given. keep_aspect_ratio_policy chooses one common scale, so that the result fits into the sizes
/// (not_larger) or covers them (not_smaller), and rounds each size by it.
void set_sizes(const OpContext& op, const std::vector<std::size_t>& axes, std::vector<Dimension>& dimensions) {
    const std::vector<std::int64_t> sizes = wanted_sizes(op, axes);
    if (sizes.size() != axes.size()) refuse(op, "sizes does not have " + std::to_string(axes.size()) + " numbers");
    const std::string policy = string_attribute(op.node, "keep_aspect_ratio_policy", "stretch");
    if (policy != "stretch" && policy != "not_larger" && policy != "not_smaller") {
        refuse(op, "keep_aspect_ratio_policy '" + policy + "' is none of stretch not_larger not_smaller");
    }
    const bool keeps_batch = std::find(sizes.begin(), sizes.end(), kSymbolic) != sizes.end();
    if (keeps_batch && policy != "stretch") refuse(op, "one scale for all sizes needs a known batch");
    double common = 0.0;
    for (std::size_t i = 0; i < axes.size(); ++i) {
        if (sizes[i] == kSymbolic) continue;
        if (dimensions[axes[i]].input < 1) refuse(op, "sizes need known dimensions of at least 1");
        const double scale = static_cast<double>(sizes[i]) / static_cast<double>(dimensions[axes[i]].input);
        const bool is_better = policy == "not_larger" ? scale < common : scale > common;
        // One scale for all axes keeps the picture's proportions: the smallest if the result must fit inside the
        // sizes, the largest if it must cover them.
        if (i == 0 || is_better) common = scale;
    }
    for (std::size_t i = 0; i < axes.size(); ++i) {
        Dimension& dimension = dimensions[axes[i]];
        if (sizes[i] == kSymbolic) continue;  // the batch stays as it is
        const auto input = static_cast<double>(dimension.input);
        if (policy == "stretch") {
            set_output(op, dimension, static_cast<double>(sizes[i]));
            dimension.scale = static_cast<double>(sizes[i]) / input;
        } else {
            set_output(op, dimension, std::floor(common * input + 0.5));
            dimension.scale = common;
        }
        if (!(dimension.scale > 0.0)) refuse(op, "sizes must be at least 1");
    }
}

/// The region of interest, in parts of the input: only tf_crop_and_resize reads it. Starts of all axes come first, then
/// the ends.
void set_roi(const OpContext& op, const std::vector<std::size_t>& axes, std::vector<Dimension>& dimensions) {
    if (!op.has_input(1)) refuse(op, "tf_crop_and_resize needs the input 'roi'");
    const Tensor& roi = constant_input(op, 1, "roi");
    std::vector<double> values(static_cast<std::size_t>(roi.elements()));
    if (values.size() != 2 * axes.size()) refuse(op, "roi does not have two numbers for each axis");
    if (roi.dtype() == DType::f32) {
        std::copy(roi.as<float>().begin(), roi.as<float>().end(), values.begin());
    } else {
        std::copy(roi.as<double>().begin(), roi.as<double>().end(), values.begin());
    }
    for (std::size_t i = 0; i < axes.size(); ++i) {
        dimensions[axes[i]].roi_start = values[i];
        dimensions[axes[i]].roi_end = values[i + axes.size()];
    }
}

}  // namespace

std::vector<Dimension> resize_dimensions(const OpContext& op) {
    const Shape& shape = op.inputs[0].shape;
    std::vector<Dimension> dimensions;
    for (const std::int64_t size : shape.dims()) dimensions.push_back({.input = size, .output = size});
    std::vector<std::int64_t> all(shape.rank());
    for (std::size_t d = 0; d < all.size(); ++d) all[d] = static_cast<std::int64_t>(d);
    std::vector<std::size_t> axes;
    for (const std::int64_t axis : ints_attribute(op.node, "axes", all))
        axes.push_back(normal_axis(op, axis, shape.rank()));
    // Exporters write an empty list for the input that is not used.
    const bool has_scales = op.has_input(2) && op.inputs[2].shape != Shape{0};
    if (has_scales == op.has_input(3)) refuse(op, "needs either scales or sizes");
    if (has_scales) {
        set_scales(op, axes, dimensions);
    } else {
        set_sizes(op, axes, dimensions);
    }
    if (string_attribute(op.node, "coordinate_transformation_mode", "") == "tf_crop_and_resize")
        set_roi(op, axes, dimensions);
    return dimensions;
}

}  // namespace halftone::ref
