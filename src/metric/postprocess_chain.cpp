// Every step sees one answer at a time. Outputs stay views into the session's memory until a step makes new ones.
#include "metric/postprocess.hpp"

#include "base/error.hpp"

namespace halftone {

PostprocessChain::PostprocessChain(const std::vector<PluginConfig>& steps) {
    for (const PluginConfig& step : steps) {
        steps_.push_back({step.node.key_mark, step.node.path, make_postprocess(step.name, step.node)});
    }
}

MetricFields PostprocessChain::bind(MetricFields fields) {
    for (const Step& step : steps_) {
        try {
            fields = step.step->bind(fields);
        } catch (const ConfigError& error) {
            // The fields are those in front of this step, which is what a user must compare with its settings.
            throw ConfigError(step.mark.to_text() + ": " + step.path + " does not fit model and data: " + error.what() +
                              "\n       the outputs that it gets for a sample: " + to_text(fields.outputs) +
                              "\n       the targets that it gets: " + to_text(fields.targets));
        }
    }
    return fields;
}

ProcessedAnswer PostprocessChain::processed(const SampleAnswer& answer, std::span<const TensorView> outputs) const {
    ProcessedAnswer processed{.id = answer.id};
    processed.outputs.assign(outputs.begin(), outputs.end());
    // Tensors share their buffers, so a copy of the targets copies no numbers.
    processed.targets.assign(answer.targets.begin(), answer.targets.end());
    for (const Step& step : steps_) step.step->apply(processed);
    return processed;
}

}  // namespace halftone
