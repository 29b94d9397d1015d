#pragma once
// The categories of COCO's detection task.

#include <cstdint>
#include <optional>
#include <string_view>

namespace halftone {

/// Returns the id of a category by its name, such as 18 for "dog"; nothing for any other name. Of the ids 1 to 90,
/// ten were never used. Source: cocodataset.org, `categories` of instances_val2017.json.
[[nodiscard]] std::optional<std::int64_t> coco_category(std::string_view name);

}  // namespace halftone
