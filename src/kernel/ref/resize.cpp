// Separable resampling in double. Source: ONNX operator Resize, opset 19.
//
//   resize_dimensions      (shape) output sizes and scales of each dimension
//   order_of               in which order the dimensions are resampled, so that nothing large arises on the way
//   ResizeOp::run          takes the memory of the intermediates from the budget, then resamples dimension by dimension
#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/budget.hpp"
#include "kernel/ref/lib/numbers.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/resize_dimensions.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

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
        for (const Dimension& dimension : resize_dimensions(op)) dims.push_back(dimension.output);
        return {{op.inputs[0].dtype, Shape(std::move(dims))}};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const ResizeMode mode = resize_mode(op);
        const std::vector<Dimension> dimensions = resize_dimensions(op);
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
