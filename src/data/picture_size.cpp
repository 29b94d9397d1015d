#include "data/picture_size.hpp"

#include "base/error.hpp"

namespace halftone {

PictureSize read_picture_size(Reader& reader) {
    constexpr std::int64_t kMostSide = std::int64_t{1} << 16;
    const std::vector<std::int64_t> sides = reader.integers("size", {});
    bool is_good = sides.size() == 1 || sides.size() == 2;
    for (const std::int64_t side : sides) is_good = is_good && side >= 1 && side <= kMostSide;
    if (!is_good) reader.fail("size", "must be one number from 1 to 65536, or [height, width]");
    return {.height = sides.front(), .width = sides.back()};
}

void require_picture(const std::string& transform, const TensorType& type) {
    if (type.shape.rank() == 3 && (type.dtype == DType::u8 || type.dtype == DType::f32)) return;
    throw DataError(transform + ": needs a picture [height, width, channels] of uint8 or fp32, not " +
                    std::string(to_string(type.dtype)) + " " + type.shape.to_text());
}

}  // namespace halftone
