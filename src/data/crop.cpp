#include "data/crop.hpp"

#include <fmt/format.h>

#include "base/error.hpp"

namespace halftone {

// Asked before any data is read, with the sizes of the schema, and again for every picture.
void require_room(PictureSize picture, PictureSize part) {
    const auto is_too_small = [](std::int64_t side, std::int64_t wanted) { return side != kSymbolic && side < wanted; };
    if (!is_too_small(picture.height, part.height) && !is_too_small(picture.width, part.width)) return;
    throw DataError(fmt::format("{} x {} does not fit into the picture", part.height, part.width));
}

// Integer division cuts the rest's half off, as TensorFlow's, Gluon's and LPOT's centre crops do. torchvision's rounds
// (transforms/center_crop).
CropStep middle_of(PictureSize picture, PictureSize part) {
    return {.top = (picture.height - part.height) / 2,
            .left = (picture.width - part.width) / 2,
            .height = part.height,
            .width = part.width};
}

CropStep random_part_of(PictureSize picture, PictureSize part, Rng& random) {
    // below() is unbiased: a remainder would favour the upper left by a little.
    const auto offset = [&](std::int64_t side, std::int64_t wanted) {
        return static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(side - wanted + 1)));
    };
    // Two statements: in one list of arguments the compiler may choose the order of the draws.
    const std::int64_t top = offset(picture.height, part.height);
    const std::int64_t left = offset(picture.width, part.width);
    return {.top = top, .left = left, .height = part.height, .width = part.width};
}

// In fp64, as Python computes it; in fp32 a side would sometimes differ by 2 pixels.
PictureSize central_size(PictureSize picture, double fraction) {
    const auto share = [&](std::int64_t side) {
        if (side == kSymbolic) return kSymbolic;
        const auto exact = static_cast<double>(side);
        return side - 2 * static_cast<std::int64_t>((exact - exact * fraction) / 2);
    };
    return {.height = share(picture.height), .width = share(picture.width)};
}

}  // namespace halftone
