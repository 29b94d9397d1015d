#pragma once
// COCO's annotations: which picture shows what, where. The file is read once, in pieces, so that its text is never in
// memory as a whole (that of COCO's training pictures has 450 MB, nine tenths of which are outlines that nobody asks
// for here).

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/budget.hpp"

namespace halftone {

/// One entry of the list `annotations` with a box.
struct CocoBox {
    std::array<double, 4> corner_and_size{};  ///< x, y, width, height in pixels of the picture's file
    std::int64_t category = 0;                ///< its id
    double area = 0;                          ///< of the outline, in pixels; of the box where the file has none
    bool is_crowd = false;
};

/// One entry of the list `images`, with its boxes in the file's order.
struct CocoImage {
    std::int64_t id = 0;
    std::string file_name{};
    std::int64_t height = 0, width = 0;  ///< of the picture; 0 where the file does not say
    std::int64_t number = 0;             ///< of the entry in `images`, from 0; for messages
    std::vector<CocoBox> boxes{};
};

struct CocoAnnotations {
    std::vector<CocoImage> images{};                            ///< in the file's order
    std::vector<std::unique_ptr<const BudgetedBytes>> taken{};  ///< for them, from the process's budget
};

/// Reads the file at `path`.
/// @throws DataError naming file and entry: no such file, no JSON, no lists `images` and `annotations`, an entry
///         without a key that it needs, two images with one id, an annotation of an image that is not listed, or of a
///         category that the list `categories` does not have
/// @throws BudgetError when the process has no memory for it
[[nodiscard]] CocoAnnotations read_coco_json(const std::string& path);

/// Does the same with a text. @param name  stands for the path in messages
[[nodiscard]] CocoAnnotations parse_coco_json(std::string_view text, const std::string& name);

}  // namespace halftone
