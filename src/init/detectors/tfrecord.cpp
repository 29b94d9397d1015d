// Shards of TFRecords, NAME-00000-of-00008 or *.tfrecord. What the records hold is not looked at: the model's outputs
// say whether classes, boxes or areas are wanted, and the data sets' layouts are those of LPOT.

#include <fmt/format.h>

#include <algorithm>

#include "data/dataset.hpp"
#include "init/detection_outputs.hpp"
#include "init/found_data.hpp"
#include "init/picture_input.hpp"

namespace halftone {
namespace {

/// By name only: a record file has no mark at its beginning.
bool is_record_name(const std::string& name) {
    if (has_extension(name, ".tfrecord") || has_extension(name, ".tfrecords")) return true;
    // "validation-00000-of-00128"
    const std::size_t of = name.rfind("-of-");
    const auto is_number = [](std::string_view text) {
        return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
    };
    if (of == std::string::npos || !is_number(std::string_view(name).substr(of + 4))) return false;
    const std::size_t dash = name.rfind('-', of - 1);
    return of > 0 && dash != std::string::npos && is_number(std::string_view(name).substr(dash + 1, of - dash - 1));
}

bool has_records(const FileSystem& files, const std::string& path) {
    if (!files.is_directory(path)) return is_record_name(path);
    const std::vector<std::string> names = files.list(path);
    return std::any_of(names.begin(), names.end(), is_record_name);
}

}  // namespace

std::optional<FoundData> detect_tfrecord(const DataQuery& query) {
    SplitFolder split{query.path, query.path};
    if (query.files.is_directory(query.path)) split = split_folder(query.files, query.path);
    // Folders called train and test may hold something else; then the folder itself is looked at.
    if (!has_records(query.files, split.calibration) || !has_records(query.files, split.evaluation)) {
        split = {query.path, query.path};
        if (!has_records(query.files, query.path)) return std::nullopt;
    }
    FoundData found;
    // Of three layouts the one whose labels the model's outputs could be compared with.
    std::string word = "ImageRecord";
    const auto sections = detection_sections(query.model);
    const bool has_areas = std::any_of(query.model.outputs.begin(), query.model.outputs.end(),
                                       [](const ModelPort& port) { return port.dims.size() == 4; });
    if (sections) {
        word = "COCORecord";
        found.metric = sections->metric;
        found.postprocess = sections->postprocess;
        found.targets = {{.name = "boxes", .type = {DType::f32, Shape{kSymbolic, 4}}}};
    } else if (has_areas) {
        word = "VOCRecord";
        found.targets = {{.name = "mask", .type = {DType::u8, Shape{kSymbolic, kSymbolic}}}};
    } else {
        found.targets = {{.name = "label", .type = {DType::s64, Shape{}}}};
        found.notes.emplace_back(
            "Labels are those of the records; ImageNet's begin at 1. If the model's begin at 0, add "
            "postprocess: {transform: {LabelShift: 1}} to evaluation.accuracy.");
    }
    found.what = fmt::format("shards of TFRecords, read as {}: that follows from the model's outputs", word);
    found.calibration = {word + ":", "  root: " + yaml_text(split.calibration)};
    found.evaluation = {word + ":", "  root: " + yaml_text(split.evaluation)};
    if (!split.is_divided()) found.notes.emplace_back(kSameSamples);
    // Counting the records would mean to read all files; 100 is LPOT's default.
    constexpr std::int64_t kUsual = 100;
    found.calibration_samples = kUsual;
    if (const auto input = picture_input(query.model))
        found.transforms = picture_transforms(*input, {.channels = 3}, transform_names());
    return found;
}

}  // namespace halftone
