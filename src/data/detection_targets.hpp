#pragma once
// The targets of samples for object detection, which COCORaw, COCONpy and COCORecord have in common. README.md of this
// room lists them.

#include <cstdint>
#include <string>
#include <vector>

#include "data/picture_size.hpp"
#include "tensor/field.hpp"

namespace halftone {

/// The objects of one picture.
struct Detections {
    std::vector<float> boxes{};          ///< y1, x1, y2, x2 of each, in pixels
    std::vector<std::int64_t> labels{};  ///< category ids
    std::vector<std::uint8_t> crowd{};   ///< 1: the box is around a crowd; empty: none of them is
    std::vector<float> area{};           ///< in pixels of the original picture; empty: those of the boxes
};

/// Fills in what is empty (`crowd`, `area`), and checks that every list has a value for each object.
/// @throws DataError "<place>: …"
void complete_detections(Detections& found, const std::string& place);

/// What `image_id` is: COCO's JSON has numbers, its records have texts.
enum class ImageIdKind { number, text };

/// Returns the fields: boxes, labels, crowd, area, image_id, size, original_size. The number of objects is open.
[[nodiscard]] std::vector<Field> detection_fields(ImageIdKind image_id);

/// Returns the values of these fields.
/// @param size      of the picture as it is in the sample, which `boxes` fit
/// @param original  of the picture in the file
[[nodiscard]] std::vector<FieldValue> detection_targets(const Detections& found, FieldValue image_id, PictureSize size,
                                                        PictureSize original);

}  // namespace halftone
