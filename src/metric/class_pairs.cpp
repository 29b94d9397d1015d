// Which of the three kinds an output is follows from its shape and that of the target, as in LPOT's Accuracy: an output
// with one dimension more than the target has a number for each class. Dimensions of size 1 never decide.
#include "metric/class_pairs.hpp"

#include "base/error.hpp"
#include "metric/numbers.hpp"

namespace halftone {
namespace {

/// The dimensions that are not known to be 1, by index.
std::vector<std::size_t> counting_axes(const Shape& shape) {
    std::vector<std::size_t> axes;
    for (std::size_t i = 0; i < shape.rank(); ++i) {
        if (shape[i] != 1) axes.push_back(i);
    }
    return axes;
}

/// The sizes of these dimensions. @pre every axis is below the shape's rank
Shape sizes_of(const Shape& shape, const std::vector<std::size_t>& axes) {
    std::vector<std::int64_t> sizes;
    for (const std::size_t axis : axes) sizes.push_back(shape[axis]);
    return Shape(std::move(sizes));
}

/// The shape without one of its dimensions.
Shape without_axis(const Shape& shape, std::size_t axis) {
    std::vector<std::int64_t> dims = shape.dims();
    dims.erase(dims.begin() + static_cast<std::ptrdiff_t>(axis));
    return Shape(std::move(dims));
}

/// Whether all dimensions are equal or open, one by one.
bool fits(const Shape& a, const Shape& b) {
    // An open dimension fits every size; whether it really does is seen with each sample.
    if (a.rank() != b.rank()) return false;
    for (std::size_t i = 0; i < a.rank(); ++i) {
        if (a[i] != b[i] && a[i] != kSymbolic && b[i] != kSymbolic) return false;
    }
    return true;
}

/// Returns the dimension of the output that counts classes: the one without which the output has the target's shape.
/// The first such dimension counts, because ONNX models have their channels first. -1: there is none.
int find_class_axis(const Shape& output, const Shape& target) {
    if (output.rank() != target.rank() + 1) return -1;
    // An open dimension fits any size, so it is matched with an open one first: of tokens [open, 3] and tags [open] the
    // classes are the 3.
    for (std::size_t axis = 0; axis < output.rank(); ++axis) {
        if (without_axis(output, axis) == target) return static_cast<int>(axis);
    }
    for (std::size_t axis = 0; axis < output.rank(); ++axis) {
        if (fits(without_axis(output, axis), target)) return static_cast<int>(axis);
    }
    return -1;
}

}  // namespace

void ClassPairs::bind(const MetricFields& fields) {
    const TensorType& output = fields.outputs[0].type;
    const TensorType& target = fields.targets[0].type;
    if (fields.targets[0].is_text) throw ConfigError("it needs a target of numbers");
    has_fixed_size_ = output.shape.is_static();
    output_axes_ = counting_axes(output.shape);
    target_axes_ = counting_axes(target.shape);
    const Shape out = sizes_of(output.shape, output_axes_);
    const Shape wanted = sizes_of(target.shape, target_axes_);
    // One dimension more decides before equal shapes could: the two cases exclude one another.
    if (const int axis = find_class_axis(out, wanted); axis >= 0) {
        kind_ = ClassKind::multiclass;
        class_axis_ = static_cast<std::size_t>(axis);
        classes_ = out[class_axis_];
        return;
    }
    if (!fits(out, wanted)) {
        throw ConfigError("it needs an output of the target's shape, or with one more dimension for the classes");
    }
    // A real number is below the threshold or not; how many classes integers can name, only the data know.
    kind_ = out.rank() == 0 ? ClassKind::binary : ClassKind::multilabel;
    classes_ = is_integer(output.dtype) ? kSymbolic : 2;
}

ClassPairs::Pair ClassPairs::read(const SampleAnswer& answer) const {
    const TensorView target = number_view(answer.targets[0], answer.id);
    const TensorView output = answer.outputs[0];
    const bool is_multiclass = kind_ == ClassKind::multiclass;
    // Open dimensions are known only now, and a data set may give another shape than it said.
    const auto has_axes = [](const TensorView& view, const std::vector<std::size_t>& axes) {
        return axes.empty() || axes.back() < view.type.shape.rank();
    };
    const auto refuse = [&] {
        throw DataError("sample " + std::to_string(answer.id) + ": the output is " + output.type.shape.to_text() +
                        ", the target is " + target.type.shape.to_text());
    };
    if (!has_axes(output, output_axes_) || !has_axes(target, target_axes_) || output.elements() == 0) refuse();
    const Shape out = sizes_of(output.type.shape, output_axes_);
    const Shape wanted = is_multiclass ? without_axis(out, class_axis_) : out;
    if (wanted != sizes_of(target.type.shape, target_axes_) || out.elements() != output.elements() ||
        wanted.elements() != target.elements()) {
        refuse();
    }
    // Labels may be stored as real numbers, as NumPy likes to, but each must be an integer.
    Pair pair;
    for (const double number : to_numbers(target)) pair.wanted.push_back(to_class(number, answer.id));
    const std::vector<double> numbers = to_numbers(output);
    if (is_multiclass) {
        pair.answer = arg_max_along(numbers, out, class_axis_);
        return pair;
    }
    const bool is_class = is_integer(output.type.dtype);
    for (const double number : numbers) {
        // NaN is below every threshold: an answer that is none counts as class 0.
        pair.answer.push_back(is_class ? to_class(number, answer.id) : (number >= threshold_ ? 1 : 0));
    }
    return pair;
}

ClassPairs::Pair ClassPairs::read_known(const SampleAnswer& answer) const {
    Pair pair = read(answer);
    // `read` has seen that the output has this dimension; where it was open, only the sample knows its size.
    const std::int64_t classes =
        kind_ == ClassKind::multiclass ? answer.outputs[0].type.shape[output_axes_[class_axis_]] : classes_;
    // Of pixels and tokens, some usually have a label that stands for none (255, -100): they count as wrong.
    const bool may_be_none = kind_ == ClassKind::multiclass && pair.wanted.size() > 1;
    if (classes == kSymbolic || may_be_none) return pair;
    for (const std::int64_t label : pair.wanted) require_class(label, classes, answer.id);
    return pair;
}

}  // namespace halftone
