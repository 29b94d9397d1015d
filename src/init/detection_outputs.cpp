// Two kinds of detectors are known by the shapes of their outputs. One gives every box with a score for each class
// ([N, boxes, 4] and [N, boxes, classes]) and needs suppression behind it (postprocess Detect). The other has chosen
// the boxes itself ([N, boxes, 4] and [N, boxes]), and only needs names for its outputs.
#include "init/detection_outputs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <vector>

#include "base/text.hpp"

namespace halftone {
namespace {

/// COCO's 80 categories have numbers up to 90; ten of them were never used.
constexpr std::array<int, 10> kUnusedCategories{12, 26, 29, 30, 45, 66, 68, 69, 71, 83};
constexpr int kLastCategory = 90;
constexpr std::int64_t kUsedCategories = 80;

bool is_real_port(const ModelPort& port) { return port.type == "fp32" || port.type == "fp16"; }

bool has_word(const std::string& name, std::string_view word) {
    std::string lower = name;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return lower.find(word) != std::string::npos;
}

std::size_t index_of(const ModelSurvey& model, const ModelPort* port) {
    return static_cast<std::size_t>(port - model.outputs.data());
}

/// Corners or centre and size: four numbers either way.
const ModelPort* find_boxes(const ModelSurvey& model) {
    for (const ModelPort& port : model.outputs) {
        // An open dimension is a word here, and parse_int finds no number in it.
        if (is_real_port(port) && port.dims.size() >= 2 && parse_int(port.dims.back()) == 4) return &port;
    }
    return nullptr;
}

/// Models with 80 scores number the used categories without gaps, COCO's files do not.
std::string category_list() {
    std::vector<std::string> ids;
    for (int id = 1; id <= kLastCategory; ++id) {
        const bool is_unused =
            std::find(kUnusedCategories.begin(), kUnusedCategories.end(), id) != kUnusedCategories.end();
        if (!is_unused) ids.push_back(std::to_string(id));
    }
    return "[" + join(ids, ", ") + "]";
}

/// Which category the first class is: 91 scores begin with the background, 90 with category 1, 80 leave out the unused.
void add_classes(ConfigLines& lines, const ModelPort& scores) {
    const auto classes = parse_int(scores.dims.back());
    if (classes == kUsedCategories) {
        lines.comment(1, "80 scores: assumed to be COCO's 80 categories in the order of their ids.");
        lines.add(1, "categories", category_list());
        return;
    }
    lines.comment(1, fmt::format("{} scores: the first is assumed to be {}.", scores.dims.back(),
                                 classes == kLastCategory + 1 ? "the background, category 0" : "category 1"));
    lines.add(1, "first_class", classes == kLastCategory + 1 ? "0" : "1");
}

/// The usual form of exporters that leave suppression to the user.
DetectionSections with_all_boxes(const ModelPort& boxes, const ModelPort& scores) {
    DetectionSections sections;
    sections.metric.comment(0, "COCO's mean average precision, over ten overlaps.");
    sections.metric.add(0, "COCOmAP", "{}");
    ConfigLines lines;
    lines.comment(0,
                  "The outputs hold every box, so the best are chosen here, class by class. LOOK HERE: that boxes are "
                  "corners x1, y1, x2, y2 in pixels is an assumption. If they are yxyx, xywh or cxcywh, put that "
                  "word in the place of xyxy; if they are shares of the picture's size, write normalized: true.");
    lines.add(0, "Detect");
    lines.add(1, "boxes", yaml_text(boxes.name));
    lines.add(1, "scores", yaml_text(scores.name));
    lines.add(1, "box_format", "xyxy");
    lines.add(1, "normalized", "false");
    add_classes(lines, scores);
    sections.postprocess = lines;
    return sections;
}

/// The form of TensorFlow's and torchvision's detectors.
DetectionSections with_chosen_boxes(const ModelSurvey& model, const ModelPort& boxes,
                                    const std::vector<const ModelPort*>& others) {
    std::string mapping = fmt::format("boxes: {}", index_of(model, &boxes));
    // Outputs are named by position, because the metric's own rule for names (metric/detection_fields) would not know
    // all the words of exporters that are tried here.
    const auto add = [&](std::string_view key, const ModelPort* port) {
        if (port != nullptr) mapping += fmt::format(", {}: {}", key, index_of(model, port));
    };
    const auto named = [&](const std::vector<std::string_view>& words) -> const ModelPort* {
        for (const ModelPort* port : others) {
            for (const std::string_view word : words) {
                if (has_word(port->name, word)) return port;
            }
        }
        return nullptr;
    };
    const ModelPort* scores = named({"score", "conf"});
    const ModelPort* classes = named({"class", "label"});
    // Names that say nothing: torchvision's order is boxes, labels, scores.
    if (scores == nullptr && classes == nullptr && others.size() >= 2) {
        classes = others[0];
        scores = others[1];
    }
    add("classes", classes);
    add("scores", scores);
    // If a model gives the number of its detections, the rows behind it are padding and must not count.
    add("num_detections", named({"num"}));
    DetectionSections sections;
    sections.metric.comment(
        0,
        "COCO's mean average precision. The graph chooses its boxes itself. LOOK HERE: which output "
        "is which was taken from their names, and that boxes are corners x1, y1, x2, y2 in "
        "pixels is an assumption (box_format: yxyx, normalized: true for TensorFlow's models).");
    sections.metric.add(0, "COCOmAP");
    sections.metric.add(1, "box_format", "xyxy");
    sections.metric.add(1, "normalized", "false");
    sections.metric.add(1, "output_index_mapping", "{" + mapping + "}");
    return sections;
}

}  // namespace

std::optional<DetectionSections> detection_sections(const ModelSurvey& model) {
    const ModelPort* boxes = find_boxes(model);
    if (boxes == nullptr) return std::nullopt;
    std::vector<const ModelPort*> others;
    for (const ModelPort& port : model.outputs) {
        if (&port == boxes) continue;
        // As many scores as boxes, and a dimension more than one number for each: all classes of every box.
        const bool is_beside = port.dims.size() == boxes->dims.size() && is_real_port(port) &&
                               port.dims[port.dims.size() - 2] == boxes->dims[boxes->dims.size() - 2];
        if (is_beside) return with_all_boxes(*boxes, port);
        others.push_back(&port);
    }
    if (others.empty()) return std::nullopt;
    return with_chosen_boxes(model, *boxes, others);
}

}  // namespace halftone
