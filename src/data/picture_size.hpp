#pragma once
// Sizes of pictures, and the settings that transforms of pictures have in common.

#include <cstdint>
#include <string>
#include <vector>

#include "config/reader.hpp"
#include "data/framework.hpp"
#include "data/resample/resample.hpp"
#include "tensor/tensor.hpp"

namespace halftone {

/// Height and width in pixels. Of a type, each is kSymbolic where it differs from picture to picture.
struct PictureSize {
    std::int64_t height = 0;
    std::int64_t width = 0;
    [[nodiscard]] bool is_known() const { return height != kSymbolic && width != kSymbolic; }
    friend bool operator==(const PictureSize&, const PictureSize&) = default;
};

/// No side of a picture is longer, by config.
inline constexpr std::int64_t kMostSide = std::int64_t{1} << 16;

/// Reads `size`: one number for a square, or [height, width].
/// @throws ConfigError when it is missing, no number from 1 to 2^16, or more than 2^28 pixels
[[nodiscard]] PictureSize read_picture_size(Reader& reader);

/// Reads two sides, each from 1 to 2^16. @throws ConfigError when one is missing, or they are more than 2^28 pixels
[[nodiscard]] PictureSize read_sides(Reader& reader, std::string_view height_key, std::string_view width_key);

/// Reads a number that must be given. @throws ConfigError when it is missing or not from `lowest` to `highest`
[[nodiscard]] std::int64_t read_required_integer(Reader& reader, std::string_view key, std::int64_t lowest,
                                                 std::int64_t highest);

/// Reads `interpolation`, whose default is given, and `resampler`, whose default is that of the framework: Pillow's for
/// pytorch, TensorFlow's for tensorflow, OpenCV's for mxnet and onnxrt.
/// @throws ConfigError for words that are none, and for `area` with another resampler than opencv
[[nodiscard]] ResampleMethod read_resample_method(Reader& reader, Framework framework, Interpolation fallback);

/// Reads a list of finite numbers: one for each channel, or one for all. `fallback` where the key is absent.
[[nodiscard]] std::vector<float> read_channel_values(Reader& reader, std::string_view key,
                                                     const std::vector<double>& fallback);

/// Checks that a value is a picture: three dimensions, uint8 or fp32.
/// @throws DataError naming the transform and the shape
void require_picture(const std::string& transform, const TensorType& type);

/// Checks that a list of read_channel_values fits a picture. An open number of channels fits: each picture tells.
/// @throws DataError naming both numbers; PictureTransform adds its own name and the picture's shape
void require_channels(std::size_t values, const TensorType& picture);

/// Returns the size of a picture [height, width, channels].
[[nodiscard]] inline PictureSize size_of_picture(const TensorType& picture) {
    return {.height = picture.shape[0], .width = picture.shape[1]};
}

}  // namespace halftone
