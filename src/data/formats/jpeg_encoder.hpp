#pragma once
// Pictures as JPEG files.

#include <string>

#include "tensor/tensor.hpp"

namespace halftone {

/// Returns the bytes of a baseline JPEG file, as libjpeg-turbo writes it: colours at half the resolution, the accurate
/// integer DCT, Huffman tables of the standard.
/// @param picture  uint8 [height, width, channels] with 1 or 3 channels  @param quality  1 to 100
/// @throws DataError when a side is 0 or more than 65500, which is JPEG's limit
[[nodiscard]] std::string encode_jpeg(const Tensor& picture, int quality);

}  // namespace halftone
