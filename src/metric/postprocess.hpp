#pragma once
// Postprocess: what turns a model's outputs and a data set's targets into what a metric compares: other labels, texts
// in place of logits, a list of objects in place of all anchors. The steps of a config run between model and metrics,
// for the fp32 model and for candidates alike.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/run_config.hpp"
#include "metric/metric.hpp"

namespace halftone {

/// One sample's answer on its way through the steps.
struct ProcessedAnswer {
    std::int64_t id = 0;
    std::vector<TensorView> outputs{};
    std::vector<FieldValue> targets{};
    std::vector<Tensor> made{};  ///< owns the outputs that a step made

    /// Keeps the tensor, and returns the view that stands for it among the outputs.
    TensorView keep(Tensor tensor) {
        made.push_back(std::move(tensor));
        return made.back().view();
    }
};

class Postprocess {
public:
    virtual ~Postprocess() = default;
    /// Takes note of what every answer holds, and returns what it will hold after apply(). Called once.
    /// @throws ConfigError  with the reason only, when the step cannot work on these fields
    [[nodiscard]] virtual MetricFields bind(const MetricFields& fields) = 0;
    /// Changes one answer. @pre bind() was called
    /// @throws DataError, naming the sample, when its sizes do not fit
    virtual void apply(ProcessedAnswer& answer) const = 0;
};

/// Makes the step of a name. @throws ConfigError for an unknown name or bad settings
[[nodiscard]] std::unique_ptr<Postprocess> make_postprocess(const std::string& name, const ConfigNode& node);
[[nodiscard]] std::vector<std::string> postprocess_names();

/// The steps of a config, in the order of the file.
class PostprocessChain {
public:
    /// @throws ConfigError for an unknown name or bad settings
    explicit PostprocessChain(const std::vector<PluginConfig>& steps);

    [[nodiscard]] bool is_empty() const { return steps_.empty(); }
    /// Returns what answers hold behind the last step. @throws ConfigError that names the step's place, and lists
    /// outputs and targets as they come to it
    [[nodiscard]] MetricFields bind(MetricFields fields);

    /// Calls `body` with the answer behind the last step, and returns what it returns. The fp32 model's outputs, where
    /// there are any, go through the same steps.
    template <class Body>
    auto with(const SampleAnswer& answer, Body&& body) const {
        if (is_empty()) return body(answer);
        const ProcessedAnswer own = processed(answer, answer.outputs);
        ProcessedAnswer fp32;
        if (!answer.baseline.empty()) fp32 = processed(answer, answer.baseline);
        return body(
            SampleAnswer{.id = answer.id, .outputs = own.outputs, .targets = own.targets, .baseline = fp32.outputs});
    }

private:
    struct Step {
        Mark mark;         ///< of the step's name in the config
        std::string path;  ///< "evaluation.accuracy.postprocess.transform.Detect"
        std::unique_ptr<Postprocess> step;
    };
    [[nodiscard]] ProcessedAnswer processed(const SampleAnswer& answer, std::span<const TensorView> outputs) const;

    std::vector<Step> steps_;
};

/// Removes the fields at these positions, puts the made ones in front, and leaves the others in their order. So a step
/// hands on what it does not use.
template <class Element>
void replace_elements(std::vector<Element>& all, const std::vector<std::size_t>& used, std::vector<Element> made) {
    for (std::size_t i = 0; i < all.size(); ++i) {
        bool is_used = false;
        for (const std::size_t position : used) is_used = is_used || position == i;
        if (!is_used) made.push_back(std::move(all[i]));
    }
    all = std::move(made);
}

}  // namespace halftone
