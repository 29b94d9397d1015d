#include "data/detection_targets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.hpp"

namespace halftone {

void complete_detections(Detections& found, const std::string& place) {
    const std::size_t count = found.labels.size();
    if (found.crowd.empty()) found.crowd.assign(count, 0);
    if (found.area.empty()) {  // COCO's areas are those of outlines; a box's is the best guess where none is stored
        for (std::size_t b = 0; b + 3 < found.boxes.size(); b += 4) {
            found.area.push_back((found.boxes[b + 2] - found.boxes[b]) * (found.boxes[b + 3] - found.boxes[b + 1]));
        }
    }
    // Records of strangers may lack a list or have one that is too short; the lists are read side by side from here
    // on.
    if (found.boxes.size() == 4 * count && found.crowd.size() == count && found.area.size() == count) return;
    throw DataError(fmt::format("{}: has {} classes, {} numbers of boxes, {} crowd flags and {} areas", place, count,
                                found.boxes.size(), found.crowd.size(), found.area.size()));
}

std::vector<Field> detection_fields(ImageIdKind image_id) {
    Field id{.name = "image_id", .type = {DType::s64, Shape{}}};
    if (image_id == ImageIdKind::text) id = {.name = "image_id", .is_text = true};
    return {{.name = "boxes", .type = {DType::f32, Shape{kSymbolic, 4}}},
            {.name = "labels", .type = {DType::s64, Shape{kSymbolic}}},
            {.name = "crowd", .type = {DType::boolean, Shape{kSymbolic}}},
            {.name = "area", .type = {DType::f32, Shape{kSymbolic}}},
            std::move(id),
            {.name = "size", .type = {DType::s64, Shape{2}}},
            {.name = "original_size", .type = {DType::s64, Shape{2}}}};
}

std::vector<FieldValue> detection_targets(const Detections& found, FieldValue image_id, PictureSize size,
                                          PictureSize original) {
    const auto count = static_cast<std::int64_t>(found.labels.size());
    const auto pair = [](PictureSize of) {
        const std::array<std::int64_t, 2> sizes{of.height, of.width};
        return Tensor::of<std::int64_t>(Shape{2}, sizes);
    };
    Tensor crowd({DType::boolean, Shape{count}});
    std::copy(found.crowd.begin(), found.crowd.end(), crowd.mutable_view().as<std::uint8_t>().begin());
    return {Tensor::of<float>(Shape{count, 4}, found.boxes),
            Tensor::of<std::int64_t>(Shape{count}, found.labels),
            std::move(crowd),
            Tensor::of<float>(Shape{count}, found.area),
            std::move(image_id),
            pair(size),
            pair(original)};
}

}  // namespace halftone
