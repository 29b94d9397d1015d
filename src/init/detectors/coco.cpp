// A COCO tree: annotations/instances_NAME.json, and beside it a folder NAME, images/NAME or images with the pictures.

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "data/dataset.hpp"
#include "init/detection_outputs.hpp"
#include "init/found_data.hpp"
#include "init/picture_input.hpp"

namespace halftone {
namespace {

constexpr std::string_view kInstances = "instances_";

/// One annotation file with the folder of its pictures, both relative to the tree.
struct CocoSplit {
    std::string annotations, pictures;
};

/// The folder of a split's pictures; empty if none of the usual ones exists.
std::string coco_pictures(const FileSystem& files, const std::string& root, const std::string& name) {
    for (const std::string& folder : {name, "images/" + name, std::string("images")}) {
        if (files.is_directory(below(root, folder))) return folder;
    }
    return {};
}

/// Annotation files without a folder of pictures are passed over: COCO's archive has six of them.
std::vector<CocoSplit> coco_splits(const FileSystem& files, const std::string& root) {
    std::vector<CocoSplit> splits;
    const std::string folder = below(root, "annotations");
    if (!files.is_directory(folder)) return splits;
    for (const std::string& file : files.list(folder)) {
        if (!file.starts_with(kInstances) || !has_extension(file, ".json")) continue;
        const std::string name =
            file.substr(kInstances.size(), file.size() - kInstances.size() - std::string_view(".json").size());
        const std::string pictures = coco_pictures(files, root, name);
        if (!pictures.empty()) splits.push_back({"annotations/" + file, pictures});
    }
    return splits;
}

/// Paths are relative to the root, as LPOT writes them.
std::vector<std::string> coco_lines(const std::string& root, const CocoSplit& split) {
    return {"COCORaw:", "  root: " + yaml_text(root), "  img_dir: " + yaml_text(split.pictures),
            "  anno_dir: " + yaml_text(split.annotations)};
}

}  // namespace

std::optional<FoundData> detect_coco(const DataQuery& query) {
    if (!query.files.is_directory(query.path)) return std::nullopt;
    const std::vector<CocoSplit> splits = coco_splits(query.files, query.path);
    if (splits.empty()) return std::nullopt;
    // COCO names its files by split and year: instances_train2017.json, instances_val2017.json.
    const auto is_training = [](const CocoSplit& split) {
        return split.annotations.find("train") != std::string::npos;
    };
    const auto training = std::find_if(splits.begin(), splits.end(), is_training);
    const auto testing = std::find_if_not(splits.begin(), splits.end(), is_training);
    FoundData found;
    found.what = "a COCO tree: pictures with boxes in " + splits.front().annotations;
    found.calibration = coco_lines(query.path, training != splits.end() ? *training : *testing);
    found.evaluation = coco_lines(query.path, testing != splits.end() ? *testing : *training);
    if (found.calibration == found.evaluation) found.notes.emplace_back(kSameSamples);
    // Counting would mean to read all annotations; the run takes what there is.
    constexpr std::int64_t kUsual = 100;
    found.calibration_samples = kUsual;
    if (const auto input = picture_input(query.model)) {
        found.transforms = picture_transforms(*input, {.channels = 3}, transform_names());
    }
    // A model without boxes may still be calibrated on these pictures, and compared with fp32.
    const auto sections = detection_sections(query.model);
    if (!sections) {
        found.notes.emplace_back(
            "No output of the model has boxes (a last dimension of 4), so the boxes of the data cannot be compared.");
        return found;
    }
    found.metric = sections->metric;
    found.postprocess = sections->postprocess;
    found.targets = {{.name = "boxes", .type = {DType::f32, Shape{kSymbolic, 4}}}};
    return found;
}

}  // namespace halftone
