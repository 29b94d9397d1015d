#pragma once
// Private to this folder: one function for each library. All have the conditions of resample().

#include "data/resample/resample.hpp"

namespace halftone {

[[nodiscard]] Tensor resample_as_pillow(const Tensor& picture, std::int64_t height, std::int64_t width,
                                        Interpolation method);
[[nodiscard]] Tensor resample_as_opencv(const Tensor& picture, std::int64_t height, std::int64_t width,
                                        Interpolation method);
[[nodiscard]] Tensor resample_as_tensorflow(const Tensor& picture, std::int64_t height, std::int64_t width,
                                            Interpolation method);

/// Copies of pixels, each from the row rows[y] and the column columns[x] of the picture: what every library makes of
/// `nearest`, once it has chosen the positions. @pre positions lie in the picture
[[nodiscard]] Tensor pick_pixels(const Tensor& picture, const std::vector<std::int64_t>& rows,
                                 const std::vector<std::int64_t>& columns);

}  // namespace halftone
