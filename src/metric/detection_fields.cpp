// What a detector's outputs and a data set's targets mean.
//
//   bind_outputs     output_index_mapping, else names, else LPOT's order (count, boxes, scores, classes)
//   bind_targets     names of room data (boxes, labels, crowd …), else their order
//   objects, detections   one sample in COCO's words; sizes are checked here, because most of them are open until now
#include "metric/detection_fields.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <span>
#include <string_view>

#include "base/error.hpp"
#include "base/text.hpp"
#include "config/yaml_writer.hpp"
#include "metric/numbers.hpp"
#include "metric/texts.hpp"

namespace halftone {
namespace {

constexpr std::string_view kCountRole = "num_detections";

[[noreturn]] void refuse_detection(const SampleAnswer& answer, const std::string& why) {
    throw DataError("sample " + std::to_string(answer.id) + ": " + why);
}

bool is_in_name(const std::string& name, std::initializer_list<std::string_view> words) {
    std::string lower = name;
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
    return std::any_of(words.begin(), words.end(), [&](auto word) { return lower.find(word) != std::string::npos; });
}

/// The output with the role's own name, as Detect gives it; else the only one whose name holds one of the words.
/// Nothing if there are several or none.
std::optional<std::size_t> find_role(const std::vector<Field>& outputs, std::string_view role,
                                     std::initializer_list<std::string_view> words) {
    std::optional<std::size_t> found = position_of(outputs, role);
    if (found) return found;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        if (!is_in_name(outputs[i].name, words)) continue;
        // Two candidates for one role: a guess could be wrong without anybody noticing, so the names count as saying
        // nothing.
        if (found) return std::nullopt;
        found = i;
    }
    return found;
}

/// Whether a tensor of this type can hold rows of four numbers.
bool may_be_boxes(const Field& field) {
    const Shape& shape = field.type.shape;
    return !field.is_text && shape.rank() >= 1 && (shape[shape.rank() - 1] == 4 || !shape.is_static());
}

std::array<double, 4> row_of(const std::vector<double>& numbers, std::size_t row) {
    return {numbers[4 * row], numbers[4 * row + 1], numbers[4 * row + 2], numbers[4 * row + 3]};
}

/// Height and width of a picture, from a target of two numbers.
std::array<double, 2> size_at(const SampleAnswer& answer, std::size_t position) {
    const std::vector<double> size = to_numbers(number_view(answer.targets[position], answer.id));
    if (size.size() != 2 || !(size[0] > 0) || !(size[1] > 0)) {
        refuse_detection(answer, "a picture's size must be two numbers > 0, height and width");
    }
    return {size[0], size[1]};
}

/// Returns a name as a YAML scalar that can stand in {}: names of outputs often hold ':' and may hold ','.
std::string quoted_name(const std::string& name) {
    const auto is_usual = [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '_' || c == '.' || c == '-' || c == '/';
    };
    if (can_be_plain(name) && std::all_of(name.begin(), name.end(), is_usual)) return name;
    std::string quoted = "'";
    for (const char c : name) quoted += c == '\'' ? std::string("''") : std::string(1, c);
    return quoted + "'";
}

bool is_real(const Field& output) { return !output.is_text && output.type.dtype == DType::f32; }

/// Returns how to tell the postprocess Detect which of these outputs are raw boxes and scores, as text for a config.
/// Empty where nobody can guess it.
std::string detect_settings(const std::vector<Field>& outputs) {
    constexpr std::int64_t kBox = 4;
    // Two outputs: one has four numbers for each anchor, the other something for each of the same anchors.
    for (const Field& boxes : outputs) {
        const Shape shape = squeezed(boxes.type.shape);
        if (!is_real(boxes) || shape.rank() != 2 || (shape[0] != kBox && shape[1] != kBox)) continue;
        const std::int64_t anchors = shape[1] == kBox ? shape[0] : shape[1];
        for (const Field& scores : outputs) {
            const auto& dims = scores.type.shape.dims();
            if (&scores == &boxes || !is_real(scores) || std::count(dims.begin(), dims.end(), anchors) == 0) continue;
            return "boxes: " + quoted_name(boxes.name) + ", scores: " + quoted_name(scores.name);
        }
    }
    // One output: a row for each anchor as YOLOv3 to v5 write it, with a number for whether there is an object; or a
    // column for each anchor as YOLOv8 writes it, without one.
    std::vector<const Field*> tables;
    for (const Field& output : outputs) {
        if (is_real(output) && squeezed(output.type.shape).rank() == 2) tables.push_back(&output);
    }
    if (tables.size() != 1) return "";
    const Shape shape = squeezed(tables.front()->type.shape);
    const std::string name = quoted_name(tables.front()->name);
    const bool has_rows = shape[1] != kSymbolic && (shape[0] == kSymbolic || shape[1] <= shape[0]);
    if ((has_rows ? shape[1] : shape[0]) <= kBox) return "";
    return "boxes: " + name + ", scores: " + name + (has_rows ? ", objectness: true" : "");
}

/// Returns the sentence that says what to add to the config.
std::string detect_advice(const std::vector<Field>& outputs) {
    const std::string settings = detect_settings(outputs);
    const bool is_known = !settings.empty();
    return "Add to evaluation.accuracy" + std::string(is_known ? "" : ", with the names of outputs") +
           ": postprocess: {transform: {Detect: {" + (is_known ? settings : "boxes: NAME, scores: NAME") +
           "}}} (box_format, normalized and first_class say what the boxes and classes are, where they are not corners "
           "in pixels and categories from 1)";
}

}  // namespace

void DetectionFields::bind(const MetricFields& fields) {
    layout_ = fields.boxes.value_or(BoxLayout{});
    // A user may say it twice, in the postprocess and here; two different answers would be a silent error.
    const bool contradicts = (settings_.box_format && *settings_.box_format != layout_.format) ||
                             (settings_.is_normalized && *settings_.is_normalized != layout_.is_normalized);
    if (fields.boxes && contradicts) {
        throw ConfigError("its box_format or normalized is not that of the postprocess before it; leave them out");
    }
    layout_.format = settings_.box_format.value_or(layout_.format);
    layout_.is_normalized = settings_.is_normalized.value_or(layout_.is_normalized);
    bind_outputs(fields.outputs);
    bind_targets(fields.targets);
    if (layout_.is_normalized && !size_) {
        throw ConfigError(
            "its boxes are shares of the picture, and the data set has no target 'size'; with boxes in pixels say "
            "normalized: false");
    }
}

void DetectionFields::bind_outputs(const std::vector<Field>& outputs) {
    const auto mapped = [&](std::string_view role) -> std::optional<std::size_t> {
        const auto found = settings_.output_mapping.find(std::string(role));
        if (found == settings_.output_mapping.end() || found->second < 0) return std::nullopt;
        if (std::cmp_less(found->second, outputs.size())) return static_cast<std::size_t>(found->second);
        throw ConfigError("its output_index_mapping names output " + std::to_string(found->second) + ", there are " +
                          std::to_string(outputs.size()));
    };
    auto boxes = mapped("boxes");
    auto scores = mapped("scores");
    auto classes = mapped("classes");
    count_ = mapped(kCountRole);
    // TensorFlow's, torchvision's and most YOLO exports name their outputs so, in different orders.
    if (settings_.output_mapping.empty()) {
        boxes = find_role(outputs, "boxes", {"box"});
        scores = find_role(outputs, "scores", {"score"});
        classes = find_role(outputs, "classes", {"class", "label"});
        count_ = find_role(outputs, kCountRole, {"num"});
    }
    if (!(boxes && scores && classes) && settings_.output_mapping.empty() &&
        (outputs.size() == 3 || outputs.size() == 4)) {
        // LPOT's order. With four outputs a count comes first.
        const std::size_t first = outputs.size() - 3;
        boxes = first;
        scores = first + 1;
        classes = first + 2;
        count_ = first == 1 ? std::optional<std::size_t>(0) : std::nullopt;
    }
    if (!boxes || !scores || !classes) {
        throw ConfigError(
            "it needs outputs for boxes, scores and classes: name them with output_index_mapping (positions among the "
            "outputs), or make them with the postprocess Detect. " +
            detect_advice(outputs));
    }
    boxes_ = *boxes;
    scores_ = *scores;
    classes_ = *classes;
    if (!may_be_boxes(outputs[boxes_])) throw ConfigError("output '" + outputs[boxes_].name + "' holds no boxes");
}

void DetectionFields::bind_targets(const std::vector<Field>& targets) {
    auto boxes = position_of(targets, "boxes");
    auto labels = position_of(targets, "labels");
    crowd_ = position_of(targets, "crowd");
    area_ = position_of(targets, "area");
    image_id_ = position_of(targets, "image_id");
    size_ = position_of(targets, "size");
    original_size_ = position_of(targets, "original_size");
    if (image_id_ && targets[*image_id_].is_text) image_id_.reset();  // COCORecord's names have no order of COCO's
    // Arrays of the user's own may have any names.
    if (!boxes && !labels && targets.size() >= 2) {
        boxes = 0;
        labels = 1;
    }
    if (!boxes || !labels || targets[*boxes].is_text || targets[*labels].is_text || !may_be_boxes(targets[*boxes])) {
        throw ConfigError(
            "it needs targets 'boxes' (y1, x1, y2, x2 in pixels) and 'labels' (categories), as COCORaw has");
    }
    true_boxes_ = *boxes;
    labels_ = *labels;
}

// A picture that was only resized has its objects at the same place, in other pixels. COCO's areas are in its own.
DetectionFields::Scale DetectionFields::original_scale(const SampleAnswer& answer) const {
    if (!size_ || !original_size_) return {};
    const auto [height, width] = size_at(answer, *size_);
    const auto [original_height, original_width] = size_at(answer, *original_size_);
    // Factors from pixels of the resized picture to those of the original one.
    return {.x = original_width / width, .y = original_height / height};
}

DetectionFields::Scale DetectionFields::output_scale(const SampleAnswer& answer) const {
    Scale scale = original_scale(answer);
    if (!layout_.is_normalized) return scale;
    const auto [height, width] = size_at(answer, size_.value());
    scale.x *= width;
    scale.y *= height;
    return scale;
}

std::optional<std::int64_t> DetectionFields::category_of(double number, std::int64_t sample) const {
    const std::int64_t found = to_class(number, sample);
    // A class without a category, such as a background, is no detection.
    if (settings_.categories.empty()) return found;
    if (found < 0 || std::cmp_greater_equal(found, settings_.categories.size())) return std::nullopt;
    return settings_.categories[static_cast<std::size_t>(found)];
}

std::vector<CocoObject> DetectionFields::objects(const SampleAnswer& answer) const {
    const std::vector<double> labels = to_numbers(number_view(answer.targets[labels_], answer.id));
    const std::vector<double> boxes = to_numbers(number_view(answer.targets[true_boxes_], answer.id));
    const auto numbers_at = [&](std::optional<std::size_t> position, std::string_view name) {
        if (!position) return std::vector<double>();
        std::vector<double> numbers = to_numbers(number_view(answer.targets[*position], answer.id));
        if (numbers.size() != labels.size()) {
            refuse_detection(answer, "there are " + std::to_string(numbers.size()) + " values of '" +
                                         std::string(name) + "' for " + std::to_string(labels.size()) + " labels");
        }
        return numbers;
    };
    const std::vector<double> crowd = numbers_at(crowd_, "crowd");
    const std::vector<double> area = numbers_at(area_, "area");
    if (boxes.size() != 4 * labels.size()) {
        refuse_detection(answer, "there are " + std::to_string(labels.size()) + " labels for " +
                                     std::to_string(boxes.size()) + " numbers of boxes");
    }
    const Scale scale = original_scale(answer);
    std::vector<CocoObject> objects;
    for (std::size_t i = 0; i < labels.size(); ++i) {
        const std::int64_t label = to_class(labels[i], answer.id);
        if (label < 0) continue;
        const std::array<double, 4> row = row_of(boxes, i);
        const Box box = scaled(box_of(row, BoxFormat::yxyx), scale.x, scale.y);
        objects.push_back({.box = box,
                           .category = label,
                           .is_crowd = !crowd.empty() && crowd[i] != 0,
                           .area = area.empty() ? box.area() : area[i]});
    }
    return objects;
}

std::vector<CocoDetection> DetectionFields::detections(const SampleAnswer& answer) const {
    const std::vector<double> boxes = to_numbers(answer.outputs[boxes_]);
    const std::vector<double> scores = to_numbers(answer.outputs[scores_]);
    const std::vector<double> classes = to_numbers(answer.outputs[classes_]);
    if (boxes.size() != 4 * scores.size() || classes.size() != scores.size()) {
        refuse_detection(answer, "the outputs hold " + std::to_string(boxes.size()) + " numbers of boxes, " +
                                     std::to_string(scores.size()) + " scores and " + std::to_string(classes.size()) +
                                     " classes; one score and one class belong to four numbers");
    }
    std::size_t count = scores.size();
    if (count_) {
        const std::vector<double> given = to_numbers(answer.outputs[*count_]);
        if (given.size() != 1) refuse_detection(answer, "the number of detections is no single number");
        // Rows behind it are padding. A model that counts more than there is room for has filled all of it.
        count = static_cast<std::size_t>(std::clamp(given[0], 0.0, static_cast<double>(count)));
    }
    const Scale scale = output_scale(answer);
    std::vector<CocoDetection> detections;
    for (std::size_t i = 0; i < count; ++i) {
        const std::array<double, 4> row = row_of(boxes, i);
        const bool is_finite = std::all_of(row.begin(), row.end(), [](double x) { return std::isfinite(x); });
        // NaN compares with nothing: such a box would be found everywhere, and such a score has no rank.
        if (!is_finite || !std::isfinite(scores[i])) continue;
        const auto category = category_of(classes[i], answer.id);
        if (!category) continue;
        detections.push_back(
            {.box = scaled(box_of(row, layout_.format), scale.x, scale.y), .category = *category, .score = scores[i]});
    }
    return detections;
}

std::int64_t DetectionFields::picture_id(const SampleAnswer& answer) const {
    if (!image_id_) return answer.id;
    const std::vector<double> id = to_numbers(number_view(answer.targets[*image_id_], answer.id));
    if (id.size() != 1) refuse_detection(answer, "its 'image_id' is no single number");
    return to_class(id[0], answer.id);
}

}  // namespace halftone
