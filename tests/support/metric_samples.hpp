#pragma once
// Samples for tests of metrics: outputs, targets and fp32's outputs of one field each, and what a metric makes of them.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/config_node.hpp"
#include "metric/metric.hpp"

namespace halftone::test {

/// Makes a metric from the YAML text of its section, as it stands behind "name:".
inline std::unique_ptr<Metric> metric_of(const std::string& name, const std::string& yaml = "{}") {
    const ConfigNode root = parse_yaml(name + ": " + yaml, "m.yaml");
    return make_metric(name, *root.find(name));
}

/// Answers with one output and one target each, all of the same type. Where `baseline` is empty, the target stands for
/// the fp32 model's output.
struct MetricSamples {
    std::vector<Tensor> outputs;
    std::vector<FieldValue> targets;
    std::vector<Tensor> baseline = {};

    [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(outputs.size()); }

    [[nodiscard]] MetricFields fields(const Metric& metric) const {
        MetricFields fields;
        fields.outputs.push_back({.name = "y", .type = outputs.front().type()});
        if (metric.targets() == Takes::none) return fields;
        Field target{.name = "label"};
        if (const auto* tensor = std::get_if<Tensor>(&targets.front())) {
            target.type = tensor->type();
        } else {
            target.is_text = true;
        }
        fields.targets.push_back(target);
        return fields;
    }

    /// Calls `body` with one sample as a metric sees it.
    template <class Body>
    auto with(std::int64_t index, Body&& body) const {
        const auto i = static_cast<std::size_t>(index);
        const TensorView output = outputs[i].view();
        const TensorView fp32 = baseline.empty() ? std::get<Tensor>(targets[i]).view() : baseline[i].view();
        return body(SampleAnswer{.id = index,
                                 .outputs = std::span(&output, 1),
                                 .targets = std::span(&targets[i], 1),
                                 .baseline = std::span(&fp32, 1)});
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
    [[nodiscard]] std::unique_ptr<Accumulator> state(const Metric& metric) const { return state(metric, 0, size()); }

    /// Binds the metric and returns its value over all samples.
    [[nodiscard]] double value(Metric& metric) const {
        metric.bind(fields(metric));
        return state(metric)->value();
    }
};

/// Samples from flat lists: `rows` numbers for each output. A target is an integer (is_label) or a real number.
inline MetricSamples metric_samples(const Shape& output, const Shape& target, bool is_label,
                                    const std::vector<double>& outputs, const std::vector<double>& targets) {
    MetricSamples samples;
    const auto fill = [](Tensor& tensor, const std::vector<double>& from, std::size_t index) {
        const auto count = static_cast<std::size_t>(tensor.elements());
        for (std::size_t i = 0; i < count; ++i) {
            const double number = from.at(index * count + i);
            if (tensor.dtype() == DType::f32) {
                tensor.mutable_view().as<float>()[i] = static_cast<float>(number);
            } else {
                tensor.mutable_view().as<std::int64_t>()[i] = static_cast<std::int64_t>(number);
            }
        }
    };
    const auto count = outputs.size() / static_cast<std::size_t>(output.elements());
    for (std::size_t i = 0; i < count; ++i) {
        Tensor row({DType::f32, output});
        fill(row, outputs, i);
        Tensor label({is_label ? DType::s64 : DType::f32, target});
        fill(label, targets, i);
        samples.outputs.push_back(std::move(row));
        samples.targets.emplace_back(std::move(label));
    }
    return samples;
}

}  // namespace halftone::test
