#pragma once
// The two decoders behind decode_picture. Private to this folder.

#include <cstdint>
#include <string>
#include <string_view>

#include "tensor/tensor.hpp"

namespace halftone {

/// Takes room for a picture of a size that a file claims.
/// @param packed_bytes  of the file; what no file of this length can hold is refused
/// @throws DataError for no pixels, or too many of them
[[nodiscard]] Tensor make_picture(std::int64_t height, std::int64_t width, std::int64_t channels,
                                  std::size_t packed_bytes, const std::string& name);

[[nodiscard]] Tensor decode_jpeg(std::string_view bytes, const std::string& name);
[[nodiscard]] Tensor decode_png(std::string_view bytes, const std::string& name);

}  // namespace halftone
