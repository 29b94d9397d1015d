#pragma once
// Pictures in files: JPEG by libjpeg-turbo, PNG by libpng. Whatever the file holds, the result has 8 bits for each
// value.

#include <string>
#include <string_view>

#include "tensor/tensor.hpp"

namespace halftone {

/// Returns the picture in the bytes of a JPEG or PNG file: uint8 [height, width, channels] with 1 channel for a grey
/// picture, else 3 (red, green, blue). The kind of file is known by its first bytes.
/// - JPEG: baseline and progressive, with the accurate integer DCT, as Pillow decodes it. CMYK becomes RGB by Pillow's
///   formula.
/// - PNG: palettes become RGB, 16 bits the higher 8, fewer bits than 8 the full scale; transparency is left out.
/// `name` is the file's, for messages.
/// @throws DataError   neither of the two kinds, damaged or truncated, or more than 2^28 pixels
/// @throws BudgetError when the process has no memory for it
[[nodiscard]] Tensor decode_picture(std::string_view bytes, const std::string& name);

/// Returns the picture with three channels: a grey one has its channel three times. @throws as decode_picture
[[nodiscard]] Tensor decode_rgb_picture(std::string_view bytes, const std::string& name);

/// Returns the numbers that the pixels of a PNG file are stored as, uint8 [height, width]: of a palette's entries, or
/// grey values. Masks of classes are stored so, and their colours are only for the eye.
/// @throws DataError as decode_picture, and for a picture with colours of its own, or of 16 bits
[[nodiscard]] Tensor decode_class_mask(std::string_view bytes, const std::string& name);

/// Returns whether the bytes begin as a JPEG or PNG file does.
[[nodiscard]] bool is_picture(std::string_view bytes);

}  // namespace halftone
