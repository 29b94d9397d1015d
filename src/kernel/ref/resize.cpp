// Separable resampling in double. Source: ONNX operator Resize, opset 19.
//
//   dimensions_of          output sizes and scales from scales or sizes (set_scales, set_sizes), the region (set_roi)
//   order_of               in which order the dimensions are resampled, so that nothing large arises on the way
//   ResizeOp::run          takes the memory of the intermediates from the budget, then resamples dimension by dimension
#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/budget.hpp"
#include "kernel/ref/lib/numbers.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/ref/lib/resample.hpp"
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
    cast_elements(roi.view(), {{DType::f64, roi.shape()}, reinterpret_cast<std::byte*>(values.data())});
    for (std::size_t i = 0; i < axes.size(); ++i) {
        dimensions[axes[i]].roi_start = values[i];
        dimensions[axes[i]].roi_end = values[i + axes.size()];
    }
}

/// The dimensions with output sizes and scales resolved.
std::vector<Dimension> dimensions_of(const OpContext& op) {
    const Shape& shape = op.inputs[0].shape;
    std::vector<Dimension> dimensions;
    for (const std::int64_t size : shape.dims()) dimensions.push_back({.input = size, .output = size});
    std::vector<std::int64_t> all(shape.rank());
    for (std::size_t d = 0; d < all.size(); ++d) all[d] = static_cast<std::int64_t>(d);
    std::vector<std::size_t> axes;
    for (const std::int64_t axis : ints_attribute(op.node, "axes", all))
        axes.push_back(normal_axis(op, axis, shape.rank()));
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

/// A dimension that keeps its size is skipped. Cropping may move it all the same.
bool is_skipped(const ResizeMode& mode, const Dimension& dimension) {
    return dimension.input == dimension.output && dimension.scale == 1.0 && mode.coordinates != "tf_crop_and_resize";
}

/// Returns how many elements the largest tensor has, of all that arise when the dimensions are resampled in this order,
/// the input and the output included. As a double: hostile sizes cannot overflow it.
double largest_on_the_way(const std::vector<Dimension>& dimensions, const std::vector<std::size_t>& order) {
    double elements = 1.0;
    for (const Dimension& dimension : dimensions) elements *= static_cast<double>(dimension.input);
    double largest = elements;
    for (const std::size_t d : order) {
        // An empty dimension empties every tensor, and has no ratio.
        if (dimensions[d].input == 0) return 0.0;
        elements *= static_cast<double>(dimensions[d].output) / static_cast<double>(dimensions[d].input);
        largest = std::max(largest, elements);
    }
    return largest;
}

/// Returns the dimensions in the order in which they are resampled: the last first, because that is how rounding has
/// always been done here; but those that shrink first, where the usual order would make a tensor that is larger than
/// both input and output. With the ratios rising, sizes first fall and then rise, so none in between is the largest.
std::vector<std::size_t> order_of(const std::vector<Dimension>& dimensions) {
    std::vector<std::size_t> order(dimensions.size());
    std::iota(order.rbegin(), order.rend(), std::size_t{0});
    const double at_the_ends = largest_on_the_way(dimensions, {});
    double output = 1.0;
    for (const Dimension& dimension : dimensions) output *= static_cast<double>(dimension.output);
    if (largest_on_the_way(dimensions, order) <= std::max(at_the_ends, output)) return order;
    const auto ratio = [&](std::size_t d) {
        return static_cast<double>(dimensions[d].output) / static_cast<double>(dimensions[d].input);
    };
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return ratio(a) < ratio(b); });
    return order;
}

class ResizeOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 4);
        check_outputs(op, 1);
        check_dtype(op, 0, kNumbers);
        check_dtype(op, 1, kReals);
        check_dtype(op, 2, {DType::f32});
        check_dtype(op, 3, {DType::s64});
        (void)resize_mode(op);
        std::vector<std::int64_t> dims;
        for (const Dimension& dimension : dimensions_of(op)) dims.push_back(dimension.output);
        return {{op.inputs[0].dtype, Shape(std::move(dims))}};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const ResizeMode mode = resize_mode(op);
        const std::vector<Dimension> dimensions = dimensions_of(op);
        const std::vector<std::size_t> order = order_of(dimensions);
        // Two tensors of double are alive at a time: what is read, and what is made of it.
        const double bytes = 2.0 * sizeof(double) * largest_on_the_way(dimensions, order);
        const BudgetedBytes taken(process_budget(), static_cast<std::uint64_t>(bytes), describe(op.node));
        Shape shape = inputs[0].type.shape;
        std::vector<double> values(static_cast<std::size_t>(shape.elements()));
        cast_elements(inputs[0], {{DType::f64, shape}, reinterpret_cast<std::byte*>(values.data())});
        // The weights of a resampled element are a product of one factor for each dimension, so the dimensions can be
        // resampled one after the other: the work is a sum over dimensions instead of a product.
        for (const std::size_t d : order) {
            const Dimension& dimension = dimensions[d];
            if (is_skipped(mode, dimension)) continue;
            values = resampled(mode, dimension, shape, d, values);
            shape[d] = dimension.output;
        }
        cast_elements({{DType::f64, shape}, reinterpret_cast<const std::byte*>(values.data())}, outputs[0]);
    }

private:
    static std::vector<double> resampled(const ResizeMode& mode, const Dimension& dimension, const Shape& shape,
                                         std::size_t axis, const std::vector<double>& x) {
        std::int64_t outer = 1;
        std::int64_t inner = 1;
        for (std::size_t d = 0; d < axis; ++d) outer *= shape[d];
        for (std::size_t d = axis + 1; d < shape.rank(); ++d) inner *= shape[d];
        std::vector<double> y(static_cast<std::size_t>(outer * dimension.output * inner), 0.0);
        for (std::int64_t place = 0; place < dimension.output; ++place) {
            // Places and weights depend on the output position alone, so they are found once for all rows.
            const Taps taps = taps_at(mode, dimension, place);
            for (std::int64_t o = 0; o < outer; ++o) {
                double* to = y.data() + (o * dimension.output + place) * inner;
                if (taps.places.empty()) std::fill_n(to, inner, mode.extrapolation);
                for (std::size_t t = 0; t < taps.places.size(); ++t) {
                    const double* from = x.data() + (o * dimension.input + taps.places[t]) * inner;
                    for (std::int64_t i = 0; i < inner; ++i) to[i] += taps.weights[t] * from[i];
                }
            }
        }
        return y;
    }
};

}  // namespace

const RefOp& resize_op() {
    static const ResizeOp op;
    return op;
}

}  // namespace halftone::ref
