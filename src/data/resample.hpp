#pragma once
// Pictures in another size, with the results of Pillow's Image.resize.

#include <cstdint>

#include "base/enum_names.hpp"
#include "tensor/tensor.hpp"

namespace halftone {

enum class Interpolation : std::uint8_t { nearest, bilinear, bicubic };
inline constexpr EnumNames<Interpolation, 3> kInterpolationNames{{{{Interpolation::nearest, "nearest"},
                                                                   {Interpolation::bilinear, "bilinear"},
                                                                   {Interpolation::bicubic, "bicubic"}}}};

/// Returns the picture [height, width, channels] in another size, in the same type. Where it becomes smaller, the
/// filter becomes as much wider, so that every pixel has its share (antialiasing). uint8 results are those of Pillow
/// bit for bit; those of fp32 are computed in double, as Pillow does for its mode F.
/// @pre `picture` is uint8 or fp32 with three dimensions, none of them 0; height and width > 0
[[nodiscard]] Tensor resample(const Tensor& picture, std::int64_t height, std::int64_t width, Interpolation method);

}  // namespace halftone
