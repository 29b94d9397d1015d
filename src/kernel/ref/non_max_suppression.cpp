// Of boxes that overlap, the one with the highest score stays: rows (batch, class, box), for each batch and class in
// the order of falling scores. How many rows there are is data, so all inputs must be known. Boxes of equal scores keep
// the order of their numbers, and a box without an area suppresses nothing, both as in ONNX Runtime. Source: ONNX
// operator NonMaxSuppression, opset 11.
#include <algorithm>
#include <numeric>

#include "kernel/ref/lib/numbers.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

struct Box {
    float top = 0, left = 0, bottom = 0, right = 0;
    [[nodiscard]] float area() const { return (bottom - top) * (right - left); }
};

/// The input as corners in order: files may give any two that lie opposite, or the middle and the size.
Box box_of(const float* four, bool is_centre) {
    if (is_centre) {
        const float x = four[0], y = four[1], half_width = four[2] / 2, half_height = four[3] / 2;
        return {y - half_height, x - half_width, y + half_height, x + half_width};
    }
    const auto [top, bottom] = std::minmax(four[0], four[2]);
    const auto [left, right] = std::minmax(four[1], four[3]);
    return {top, left, bottom, right};
}

bool overlap(const Box& a, const Box& b, float threshold) {
    const float height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
    const float width = std::min(a.right, b.right) - std::max(a.left, b.left);
    if (height <= 0 || width <= 0 || a.area() <= 0 || b.area() <= 0) return false;
    const float shared = height * width;
    const float all = a.area() + b.area() - shared;
    return all > 0 && shared / all > threshold;
}

template <class T>
T scalar_input(const OpContext& op, std::size_t input, const char* name, T fallback) {
    if (!op.has_input(input)) return fallback;
    const Tensor& tensor = constant_input(op, input, name);
    if (tensor.elements() != 1) refuse(op, std::string(name) + " is not a single number");
    return tensor.as<T>()[0];
}

/// All rows of the result. @pre the inputs are known, and their shapes were checked
std::vector<std::int64_t> suppress(const OpContext& op) {
    const Tensor& boxes = constant_input(op, 0, "boxes");
    const Tensor& scores = constant_input(op, 1, "scores");
    // ONNX's defaults: no box at all without max_output_boxes_per_class, and any overlap suppresses without a
    // threshold.
    const auto most = scalar_input<std::int64_t>(op, 2, "max_output_boxes_per_class", 0);
    const auto threshold = scalar_input<float>(op, 3, "iou_threshold", 0);
    const auto least_score = scalar_input<float>(op, 4, "score_threshold", -std::numeric_limits<float>::infinity());
    const bool is_centre = int_attribute(op.node, "center_point_box", 0) != 0;
    const std::int64_t count = boxes.shape()[1];
    const std::int64_t classes = scores.shape()[1];
    std::vector<std::int64_t> rows;
    std::vector<Box> all(static_cast<std::size_t>(count));
    for (std::int64_t batch = 0; batch < boxes.shape()[0]; ++batch) {
        const float* four = boxes.as<float>().data() + batch * count * 4;
        for (std::int64_t i = 0; i < count; ++i) all[static_cast<std::size_t>(i)] = box_of(four + i * 4, is_centre);
        for (std::int64_t c = 0; c < classes; ++c) {
            const float* score = scores.as<float>().data() + (batch * classes + c) * count;
            std::vector<std::int64_t> order;
            for (std::int64_t i = 0; i < count; ++i) {
                if (!op.has_input(4) || score[i] > least_score) order.push_back(i);
            }
            std::stable_sort(order.begin(), order.end(),
                             [&](std::int64_t a, std::int64_t b) { return score[a] > score[b]; });
            // Greedy: a box is compared with those that were kept before it, and a suppressed box suppresses none.
            std::vector<Box> kept;
            for (const std::int64_t i : order) {
                if (static_cast<std::int64_t>(kept.size()) >= most) break;
                const Box& box = all[static_cast<std::size_t>(i)];
                const auto hides = [&](const Box& other) { return overlap(box, other, threshold); };
                if (std::any_of(kept.begin(), kept.end(), hides)) continue;
                kept.push_back(box);
                rows.insert(rows.end(), {batch, c, i});
            }
        }
    }
    return rows;
}

class NonMaxSuppressionOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 2, 5);
        check_outputs(op, 1);
        for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
            check_dtype(op, i, {DType::f32});
            check_rank(op, i, 3, 3);
        }
        if (op.has_input(2)) check_dtype(op, 2, {DType::s64});
        for (const std::size_t i : {std::size_t{3}, std::size_t{4}}) {
            if (op.has_input(i)) check_dtype(op, i, {DType::f32});
        }
        const Shape& boxes = op.inputs[0].shape;
        const Shape& scores = op.inputs[1].shape;
        if (boxes[2] != 4 || boxes[0] != scores[0] || boxes[1] != scores[2]) {
            refuse(op, "boxes " + boxes.to_text() + " and scores " + scores.to_text() + " do not fit one another");
        }
        // The number of rows is a result, so the shape rule has to do the whole work. run() does it again: the
        // operator is rare, and a cache behind a const function is not allowed.
        return {{DType::s64, Shape{static_cast<std::int64_t>(suppress(op).size() / 3), 3}}};
    }

    void run(const OpContext& op, std::span<const TensorView>, std::span<const MutableView> outputs) const override {
        const std::vector<std::int64_t> rows = suppress(op);
        std::copy(rows.begin(), rows.end(), reinterpret_cast<std::int64_t*>(outputs[0].data));
    }
};

}  // namespace

const RefOp& non_max_suppression_op() {
    static const NonMaxSuppressionOp op;
    return op;
}

}  // namespace halftone::ref
