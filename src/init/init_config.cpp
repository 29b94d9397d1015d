// The text of a first config.
//
//   no_data          noise in the model's shapes, where the user gave no data
//   add_model … add_tuning   the sections, each with the reasons for what stands in it
//
// Reasons are comments in the file and not messages: the file is what the user reads when something is wrong.
#include "init/init_config.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "init/found_data.hpp"
#include "init/metric_choice.hpp"
#include "init/picture_input.hpp"
#include "kernel/ops/reference_ops.hpp"

namespace halftone {
namespace {

/// Ranges hardly change with more samples than this, and calibration stays a matter of seconds.
constexpr std::int64_t kMostCalibration = 500;
constexpr std::int64_t kNoiseSamples = 100;
/// Sizes for open dimensions of a model without data: that of most picture models, and a short text.
constexpr std::int64_t kUsualPicture = 224;
constexpr std::int64_t kUsualLength = 128;

/// "image fp32 [N, 3, 224, 224]", as inspect shows it.
std::string port_text(const ModelPort& port) {
    return fmt::format("{} {} [{}]", port.name, port.type, fmt::join(port.dims, ", "));
}

/// The shape of one sample of noise; open dimensions get a usual size.
std::vector<std::int64_t> noise_shape(const ModelPort& port, bool& has_open) {
    std::vector<std::int64_t> shape;
    for (std::size_t d = 1; d < port.dims.size(); ++d) {
        const auto size = parse_int(port.dims[d]);
        if (!size) has_open = true;
        shape.push_back(size.value_or(port.dims.size() == 4 ? kUsualPicture : kUsualLength));
    }
    // dummy needs a dimension of its own for each sample.
    if (shape.empty()) shape.push_back(1);
    return shape;
}

/// Noise in the shapes of the model's inputs: enough to try the machine, and nothing else.
FoundData no_data(const ModelSurvey& model) {
    FoundData found;
    found.what = "no data: random numbers in the shapes of the model's inputs";
    found.notes.emplace_back(
        "LOOK HERE: without data, ranges and results mean nothing. Run init again with --data DIR, or see "
        "docs/data.md.");
    bool has_open = false;
    std::vector<std::string> shapes;
    std::vector<std::string> dtypes;
    bool has_integers = false;
    for (const ModelPort& port : model.inputs) {
        shapes.push_back(fmt::format("[{}, {}]", kNoiseSamples, fmt::join(noise_shape(port, has_open), ", ")));
        // Random words and masks: integers below 1 are zeros, which every table of words has.
        const bool is_integer = port.type.find("int") != std::string::npos || port.type == "bool";
        dtypes.emplace_back(is_integer ? (port.type == "bool" ? "uint8" : port.type) : "float32");
        has_integers |= is_integer;
    }
    if (has_open)
        found.notes.emplace_back("Sizes that the model leaves open are assumed: 224 for pictures, 128 for all others.");
    // dummy takes one shape, or a list of them for several inputs; dtype follows the same rule.
    const bool is_one = shapes.size() == 1;
    const auto listed = [&](const std::vector<std::string>& items) {
        return is_one ? items.front() : "[" + join(items, ", ") + "]";
    };
    std::string settings = fmt::format("shape: {}, low: 0.0, high: 1.0", listed(shapes));
    if (has_integers) settings += fmt::format(", dtype: {}", listed(dtypes));
    found.calibration = {"dummy: {" + settings + "}"};
    found.evaluation = found.calibration;
    found.calibration_samples = kNoiseSamples;
    return found;
}

/// What the detectors find; an error lists what they look for, because a user cannot guess that.
FoundData look_at_data(const InitRequest& request, const FileSystem& files, const ModelSurvey& model) {
    if (request.data.empty()) return no_data(model);
    if (!files.exists(request.data)) throw DataError(request.data + ": no such file or folder");
    if (auto found = find_data({.files = files, .path = request.data, .model = model})) return *found;
    const std::string what = files.is_directory(request.data) && files.list(request.data).empty()
                                 ? ": the folder is empty. init knows: "
                                 : ": there are no data here that init knows. It knows: ";
    throw DataError(
        request.data + what +
        "a folder for each class with JPEG or PNG pictures; a COCO tree (annotations/instances_*.json beside "
        "the pictures); a folder of pictures and one with their masks (images and masks); IDX files as MNIST has them; "
        ".npy files; an .npz archive; an HDF5 file; shards of "
        "TFRecords; a .csv or .txt file of names and labels. For other data, run init without --data and "
        "write the data sets yourself (docs/data.md)");
}

/// The first lines say what the file is and what to do with it, for whoever finds it in a year.
void add_head(ConfigLines& out, const InitRequest& request) {
    out.comment(0, "Written by: " + request.command);
    out.comment(0,
                "Comments say what was found, and what was assumed and why. Check the assumptions first: the dry run "
                "shows what the model gets, and 'halftone eval' measures the fp32 model's accuracy, which must be the "
                "one that you know from training.");
    out.comment(0, "Next: halftone tune THIS_FILE --dry-run, then halftone tune THIS_FILE");
    out.comment(0, "Relative paths are relative to the folder of this file. All keys: docs/configuration.md");
    out.blank();
}

/// The ports stand beside the path: whoever writes transforms needs them in view.
void add_model(ConfigLines& out, const InitRequest& request, const ModelSurvey& model) {
    for (const ModelPort& port : model.inputs) out.comment(0, "The model takes " + port_text(port));
    for (const ModelPort& port : model.outputs) out.comment(0, "The model gives " + port_text(port));
    out.add(0, "model");
    out.add(1, "path", yaml_text(request.model_path));
    out.blank();
}

/// A dataloader is the same for both purposes but for the level at which it stands.
void add_dataloader(ConfigLines& out, int level, const std::vector<std::string>& dataset,
                    const ConfigLines& transforms) {
    out.add(level, "dataloader");
    out.add(level + 1, "dataset");
    out.block(level + 2, dataset);
    if (transforms.lines().empty()) return;
    out.add(level + 1, "transform");
    out.block(level + 2, transforms.lines());
}

/// Lines without their comments: the reasons stand once, above.
ConfigLines without_comments(const ConfigLines& lines) {
    ConfigLines bare;
    for (const std::string& line : lines.lines()) {
        if (!line.starts_with('#')) bare.block(0, {line});
    }
    return bare;
}

/// Calibration comes first in the file, so what was found about the data is said here.
void add_quantization(ConfigLines& out, const FoundData& data) {
    out.comment(0, "Data: " + data.what + ".");
    for (const std::string& note : data.notes) out.comment(0, note);
    out.add(0, "quantization");
    out.add(1, "calibration");
    out.comment(2, "This many samples decide the ranges of values. Their labels are not used.");
    out.add(2, "sampling_size",
            std::to_string(std::clamp<std::int64_t>(data.calibration_samples, 1, kMostCalibration)));
    add_dataloader(out, 2, data.calibration, data.transforms);
    out.comment(
        1,
        "Where the loss is too large, the search also tries preparations of the model: equalization, smoothing, "
        "corrections.");
    out.add(1, "recipes", "auto");
    out.blank();
}

/// The same transforms as above, without their reasons: a second copy of the comments would only hide the metric.
/// @param trial  what the fp32 model reached when the config was tried; empty: nothing to say
void add_evaluation(ConfigLines& out, const ModelSurvey& model, const FoundData& data, const std::string& trial) {
    if (!trial.empty()) out.comment(0, trial);
    out.add(0, "evaluation");
    out.add(1, "accuracy");
    out.add(2, "metric");
    out.block(3, choose_metric(model, data).lines());
    add_dataloader(out, 2, data.evaluation, without_comments(data.transforms));
    if (data.postprocess) {
        out.add(2, "postprocess");
        out.add(3, "transform");
        out.block(4, data.postprocess->lines());
    }
    out.blank();
}

/// A goal that most users accept, the strategy that searches best by itself, and a word about other machines.
/// @param is_agreement  there are no labels, and fp32's own answers are the measure
void add_tuning(ConfigLines& out, const InitRequest& request, bool is_agreement) {
    out.add(0, "tuning");
    out.add(1, "strategy");
    out.add(2, "name", first_strategy(request.strategies));
    out.comment(
        1, is_agreement
               ? "The goal: the quantized model may give another answer than the fp32 model for 1 % of the samples."
               : "The goal: the quantized model may lose 1 % of what the fp32 model reaches. 'absolute: 0.003' "
                 "would allow 0.3 percentage points instead.");
    out.add(1, "accuracy_criterion");
    out.add(2, "relative", "0.01");
    out.blank();
    out.comment(0,
                "The speed of int8 depends on the instruction set, and so do the last bits of its results. If the "
                "model will run on machines of another kind, run the search on one of those. With the line below, a "
                "search refuses every other instruction set. The name is that of the machine where init ran; 'halftone "
                "doctor' shows that of another machine.");
    out.comment(0, fmt::format("cluster: {{isa: {}}}", request.isa));
}

}  // namespace

std::string first_strategy(const std::vector<std::string>& strategies) {
    const bool has_auto = std::find(strategies.begin(), strategies.end(), "auto") != strategies.end();
    return has_auto ? "auto" : "sensitivity";
}

std::string init_config(const InitRequest& request, const FileSystem& files) {
    const ModelSurvey model =
        survey_onnx(request.model_bytes, request.model_path, reference_ops(), {}, request.model_bytes.keeper());
    // Faults of the model are left to the dry run, which lists all of them; here only its ports matter.
    if (model.inputs.empty()) throw ModelError(request.model_path + ": the model has no inputs");
    const FoundData data = look_at_data(request, files, model);
    const std::vector<std::string> metric = choose_metric(model, data).lines();
    const bool is_agreement = std::any_of(metric.begin(), metric.end(),
                                          [](const std::string& line) { return line.starts_with("agreement"); });
    const auto config_text = [&](const std::string& trial) {
        // In the order in which a config is usually read: model, data, metric, search.
        ConfigLines out;
        add_head(out, request);
        add_model(out, request, model);
        add_quantization(out, data);
        add_evaluation(out, model, data, trial);
        add_tuning(out, request, is_agreement);
        return out.text();
    };
    const std::string untried = config_text({});
    if (request.data.empty() || !request.try_out) return untried;
    const std::string trial = request.try_out(untried);
    return trial.empty() ? untried : config_text(trial);
}

}  // namespace halftone
