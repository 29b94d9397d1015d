// The choice goes by shapes: a class number beside scores for classes, a map of classes beside a map of scores, numbers
// beside numbers of the same shape. Where nothing fits, fp32's own answers are the measure.
#include "init/metric_choice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.hpp"

namespace halftone {
namespace {

/// A label that counts classes is an integer, whatever its width.
bool is_integer_type(DType dtype) { return dtype != DType::f32 && dtype != DType::f64 && dtype != DType::f16; }

/// Scores are real numbers. An output of integers has chosen already, and no metric of classes compares it.
bool is_real_output(const ModelPort& port) { return port.type == "fp32" || port.type == "fp16" || port.type == "bf16"; }

/// "output: NAME" where the model has several outputs and must be told which.
std::string output_key(const ModelSurvey& model, const ModelPort& port) {
    return model.outputs.size() > 1 ? "output: " + yaml_text(port.name) : "";
}

/// Dimensions of one sample's target, without those of size 1: a label in an array of one number is a label.
std::vector<std::int64_t> squeezed_dims(const Field& target) {
    std::vector<std::int64_t> dims;
    for (const std::int64_t size : target.type.shape.dims()) {
        if (size != 1) dims.push_back(size);
    }
    return dims;
}

/// The number of classes is compared with that of the folders: one more is the background that TensorFlow's models
/// have.
ConfigLines topk(const ModelSurvey& model, const ModelPort& output, const FoundData& data, bool is_one_hot) {
    ConfigLines lines;
    lines.comment(0, fmt::format("The share of samples whose label has the highest score in {}: the label is {}, and "
                                 "the output has a score for each class.",
                                 output.name, is_one_hot ? "a row of zeros with a 1 at its class" : "one number"));
    const auto classes = output.dims.empty() ? std::nullopt : parse_int(output.dims.back());
    if (classes && data.classes > 0 && *classes != data.classes) {
        lines.comment(0, fmt::format("LOOK HERE: the model has {} classes, the data have {}.{}", *classes, data.classes,
                                     *classes == data.classes + 1 ? " If class 0 of the model is the background, the "
                                                                    "labels must be shifted by one (LabelShift)."
                                                                  : ""));
    }
    const std::string key = output_key(model, output);
    lines.add(0, "topk", key.empty() ? "1" : "{k: 1, " + key + "}");
    return lines;
}

/// Whether a target is one class for each sample: an integer, or real numbers that are whole and below `classes`.
/// Numpy's users often store labels as fp32.
bool is_class_number(const Field& target, const LabelForm& form, std::int64_t classes) {
    if (!squeezed_dims(target).empty()) return false;
    return is_integer_type(target.type.dtype) || (form.largest >= 0 && form.largest < classes);
}

/// Whether a target is a row of zeros with a 1 at its class.
bool is_one_hot(const Field& target, const LabelForm& form, std::int64_t classes) {
    const std::vector<std::int64_t> dims = squeezed_dims(target);
    return form.is_one_hot && dims.size() == 1 && dims[0] == classes;
}

std::string braces(const std::string& key) { return "{" + key + "}"; }

/// Of the outputs, the one that fits this target, with its metric. Nothing if none does.
std::optional<ConfigLines> metric_for(const ModelSurvey& model, const ModelPort& output, const Field& target,
                                      const FoundData& data) {
    if (!is_real_output(output) || output.dims.empty() || target.is_text) return std::nullopt;
    const std::vector<std::int64_t> wanted = squeezed_dims(target);
    const std::size_t rank = output.dims.size() - 1;
    const auto last = parse_int(output.dims.back());
    // Only the first target's values were looked at.
    const LabelForm form = &target == data.targets.data() ? data.labels : LabelForm{};
    const bool has_scores = rank == 1 && last != 1;
    const bool is_hot = has_scores && is_one_hot(target, form, last.value_or(0));
    if (has_scores && (is_hot || is_class_number(target, form, last.value_or(0))))
        return topk(model, output, data, is_hot);
    const std::string key = output_key(model, output);
    ConfigLines lines;
    if ((rank == 0 || last == 1) && is_class_number(target, form, 2)) {
        lines.comment(0,
                      "The share of samples that are on the right side of 0.5: the label is one number, and so is the "
                      "output. ROC would look at the order of the scores only.");
        lines.add(0, "Accuracy", braces(key));
        return lines;
    }
    // [N, classes, height, width] beside [height, width]: a map of areas.
    const std::int64_t classes = rank == 3 ? parse_int(output.dims[1]).value_or(0) : 0;
    if (is_integer_type(target.type.dtype) && wanted.size() == 2 && classes > 1) {
        lines.comment(0, "Intersection over union: the target is a map of classes, the output a map of scores.");
        lines.add(0, "mIOU", braces(fmt::format("num_classes: {}{}{}", classes, key.empty() ? "" : ", ", key)));
        return lines;
    }
    if (!is_integer_type(target.type.dtype) && target.type.shape.rank() == rank) {
        lines.comment(0, "The mean of squared differences; lower is better. The target has the output's shape.");
        lines.add(0, "MSE", braces(key));
        return lines;
    }
    return std::nullopt;
}

/// The first pair that fits: data sets put the label first, and models their main output.
std::optional<ConfigLines> known_metric(const ModelSurvey& model, const FoundData& data) {
    if (data.metric) return data.metric;
    for (const Field& target : data.targets) {
        for (const ModelPort& output : model.outputs) {
            if (auto lines = metric_for(model, output, target, data)) return lines;
        }
    }
    return std::nullopt;
}

}  // namespace

bool has_metric(const ModelSurvey& model, const FoundData& data) { return known_metric(model, data).has_value(); }

ConfigLines choose_metric(const ModelSurvey& model, const FoundData& data) {
    if (auto known = known_metric(model, data)) return *std::move(known);
    ConfigLines lines;
    lines.comment(0, data.targets.empty()
                         ? "The data have no labels, so the quantized model is compared with the fp32 model: the share "
                           "of samples for which both give the same answer."
                         : "No metric is known for these labels and outputs (docs/configuration.md#metrics), so the "
                           "quantized model is compared with the fp32 model. A program of your own is a metric, too: "
                           "command.");
    lines.add(0, "agreement", "{}");
    return lines;
}

}  // namespace halftone
