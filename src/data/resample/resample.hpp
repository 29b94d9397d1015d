#pragma once
// Pictures in another size, with the results of three libraries. They all put the pixel i at i + 0.5 (half-pixel
// centres), and differ in everything else: in the filter where a picture shrinks, in rounding, in what lies beyond the
// border. A network's accuracy moves by some tenths of a percent with the library, so each is followed exactly.

#include <cstdint>

#include "base/enum_names.hpp"
#include "tensor/tensor.hpp"

namespace halftone {

enum class Interpolation : std::uint8_t { nearest, bilinear, bicubic, area };
inline constexpr EnumNames<Interpolation, 4> kInterpolationNames{{{{Interpolation::nearest, "nearest"},
                                                                   {Interpolation::bilinear, "bilinear"},
                                                                   {Interpolation::bicubic, "bicubic"},
                                                                   {Interpolation::area, "area"}}}};

/// Whose results a picture has.
/// - pillow: Image.resize. Where the picture becomes smaller, the filter becomes as much wider (antialiasing).
/// - opencv: cv2.resize. Bilinear and bicubic read 2 x 2 and 4 x 4 pixels, whatever the sizes; `area` averages.
/// - tensorflow: tf.image.resize without antialiasing. Results of bilinear and bicubic are fp32 and are not rounded.
enum class Resampler : std::uint8_t { pillow, opencv, tensorflow };
inline constexpr EnumNames<Resampler, 3> kResamplerNames{
    {{{Resampler::pillow, "pillow"}, {Resampler::opencv, "opencv"}, {Resampler::tensorflow, "tensorflow"}}}};

struct ResampleMethod {
    Resampler resampler = Resampler::pillow;
    Interpolation interpolation = Interpolation::bilinear;
};

/// More pixels than this are in no picture, as in files (formats/picture.hpp).
inline constexpr std::int64_t kMostPixels = std::int64_t{1} << 28;

/// Returns the element type of a resampled picture: fp32 for weighted results of `tensorflow`, else that of the
/// picture.
[[nodiscard]] DType resampled_type(DType picture, ResampleMethod method);

/// Returns the picture [height, width, channels] in another size. uint8 results of pillow are equal to the library's,
/// those of opencv too except for bicubic, which differs by 1 at most (its vector code rounds in another order).
/// @pre `picture` is uint8 or fp32 with three dimensions, none of them 0; height and width > 0; `area` with opencv only
/// @throws DataError when the result has more than kMostPixels; BudgetError when memory is short
[[nodiscard]] Tensor resample(const Tensor& picture, std::int64_t height, std::int64_t width, ResampleMethod method);

}  // namespace halftone
