#pragma once
// The key `size` of transforms of pictures.

#include <cstdint>
#include <string>

#include "config/reader.hpp"
#include "tensor/tensor.hpp"

namespace halftone {

struct PictureSize {
    std::int64_t height = 0;
    std::int64_t width = 0;
};

/// Reads `size`: one number for a square, or [height, width].
/// @throws ConfigError when it is missing or no number from 1 to 2^16
[[nodiscard]] PictureSize read_picture_size(Reader& reader);

/// Checks that a value is a picture: three dimensions, uint8 or fp32.
/// @throws DataError naming the transform and the shape
void require_picture(const std::string& transform, const TensorType& type);

}  // namespace halftone
