#pragma once
// Answers with any number of outputs and targets, for tests of metrics and postprocesses.

#include <memory>
#include <string>
#include <vector>

#include "metric/metric.hpp"
#include "support/metric_samples.hpp"

namespace halftone::test {

struct AnswerSet {
    struct Answer {
        std::vector<Tensor> outputs{};
        std::vector<FieldValue> targets{};
        std::vector<Tensor> baseline{};
    };
    MetricFields fields{};
    std::vector<Answer> answers{};

    [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(answers.size()); }

    /// Calls `body` with one sample as a metric sees it.
    template <class Body>
    auto with(std::int64_t index, Body&& body) const {
        const Answer& answer = answers.at(static_cast<std::size_t>(index));
        const std::vector<TensorView> outputs = views_of(answer.outputs);
        const std::vector<TensorView> baseline = views_of(answer.baseline);
        return body(SampleAnswer{.id = index, .outputs = outputs, .targets = answer.targets, .baseline = baseline});
    }

    /// Returns the state of the samples [first, last). @pre the metric is bound
    [[nodiscard]] std::unique_ptr<Accumulator> state(const Metric& metric, std::int64_t first,
                                                     std::int64_t last) const {
        auto state = metric.start();
        for (std::int64_t i = first; i < last; ++i) {
            with(i, [&](const SampleAnswer& answer) { (void)state->add(answer); });
        }
        return state;
    }

    /// Binds the metric and returns its value over all samples.
    [[nodiscard]] double value(Metric& metric) const {
        metric.bind(fields);
        return state(metric, 0, size())->value();
    }

    static std::vector<TensorView> views_of(const std::vector<Tensor>& tensors) {
        std::vector<TensorView> views;
        for (const Tensor& tensor : tensors) views.push_back(tensor.view());
        return views;
    }
};

/// The same samples, whose target stands for the fp32 model's output where they have no baseline.
inline AnswerSet answer_set(const MetricSamples& samples, const Metric& metric) {
    AnswerSet set{.fields = samples.fields(metric)};
    for (std::size_t i = 0; i < samples.outputs.size(); ++i) {
        const Tensor& fp32 = samples.baseline.empty() ? std::get<Tensor>(samples.targets[i]) : samples.baseline[i];
        set.answers.push_back({{samples.outputs[i]}, {samples.targets[i]}, {fp32}});
        if (metric.targets() == Takes::none) set.answers.back().targets.clear();
    }
    return set;
}

template <class T>
Tensor row_tensor(Shape shape, const std::vector<T>& values) {
    return Tensor::of<T>(std::move(shape), values);
}

/// The fields of a detector with the outputs boxes, scores, classes and the targets of COCO's data sets.
inline MetricFields detection_fields() {
    return {.outputs = {{.name = "boxes", .type = {DType::f32, Shape{kSymbolic, 4}}},
                        {.name = "scores", .type = {DType::f32, Shape{kSymbolic}}},
                        {.name = "classes", .type = {DType::s64, Shape{kSymbolic}}}},
            .targets = {{.name = "boxes", .type = {DType::f32, Shape{kSymbolic, 4}}},
                        {.name = "labels", .type = {DType::s64, Shape{kSymbolic}}},
                        {.name = "crowd", .type = {DType::boolean, Shape{kSymbolic}}},
                        {.name = "area", .type = {DType::f32, Shape{kSymbolic}}},
                        {.name = "image_id", .type = {DType::s64, Shape{}}},
                        {.name = "size", .type = {DType::s64, Shape{2}}},
                        {.name = "original_size", .type = {DType::s64, Shape{2}}}}};
}

/// One picture of such a detector. Lists of boxes have four numbers each.
struct DetectionRow {
    std::vector<float> boxes{};
    std::vector<float> scores{};
    std::vector<std::int64_t> classes{};
    std::vector<float> true_boxes{};  ///< y1, x1, y2, x2 in pixels
    std::vector<std::int64_t> labels{};
    std::vector<bool> crowd{};  ///< empty: none
    std::vector<float> area{};  ///< empty: of the boxes
    std::int64_t image_id = 0;
    std::vector<std::int64_t> size{100, 200};           ///< height, width
    std::vector<std::int64_t> original_size{100, 200};  ///< height, width
};

inline AnswerSet::Answer detection_answer(const DetectionRow& row) {
    const auto found = static_cast<std::int64_t>(row.scores.size());
    const auto objects = static_cast<std::int64_t>(row.labels.size());
    Tensor crowd({DType::boolean, Shape{objects}});
    std::vector<float> area = row.area;
    for (std::size_t i = 0; i < row.labels.size(); ++i) {
        crowd.mutable_view().as<std::uint8_t>()[i] = !row.crowd.empty() && row.crowd[i] ? 1 : 0;
        const float* box = row.true_boxes.data() + 4 * i;
        if (row.area.empty()) area.push_back((box[2] - box[0]) * (box[3] - box[1]));
    }
    return {.outputs = {row_tensor(Shape{found, 4}, row.boxes), row_tensor(Shape{found}, row.scores),
                        row_tensor(Shape{found}, row.classes)},
            .targets = {row_tensor(Shape{objects, 4}, row.true_boxes), row_tensor(Shape{objects}, row.labels), crowd,
                        row_tensor(Shape{objects}, area), Tensor::scalar(row.image_id), row_tensor(Shape{2}, row.size),
                        row_tensor(Shape{2}, row.original_size)}};
}

}  // namespace halftone::test
