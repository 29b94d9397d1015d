#include "data/formats/picture.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "data/formats/picture_kinds.hpp"

namespace halftone {
namespace {

constexpr std::string_view kJpegBegin = "\xFF\xD8\xFF";
constexpr std::string_view kPngBegin = "\x89PNG\r\n\x1A\n";
// More than any camera makes. Pillow refuses pictures from 1.8 * 10^8 pixels on as decompression bombs.
constexpr std::int64_t kMostPixels = std::int64_t{1} << 28;
// A PNG file of zeros has 1032 bytes for each packed one (deflate). A JPEG block of 64 pixels takes two bits at least,
// and a colour may be stored for four pixels: 1024 values for each byte.
constexpr std::size_t kMostPictureRatio = 1032;

}  // namespace

Tensor make_picture(std::int64_t height, std::int64_t width, std::int64_t channels, std::size_t packed_bytes,
                    const std::string& name) {
    if (height < 1 || width < 1 || width > kMostPixels / height) {
        throw DataError(fmt::format("{}: claims {} x {} pixels; at most 2^28 are read", name, width, height));
    }
    // Seven bits of each byte may be missing: a black-and-white PNG has eight pixels in a byte.
    const auto least = static_cast<std::size_t>(height) * static_cast<std::size_t>(width) / 8 / kMostPictureRatio;
    if (least > packed_bytes) {
        throw DataError(
            fmt::format("{}: claims {} x {} pixels, which {} bytes cannot hold", name, width, height, packed_bytes));
    }
    return Tensor({DType::u8, Shape{height, width, channels}});
}

bool is_picture(std::string_view bytes) { return bytes.starts_with(kJpegBegin) || bytes.starts_with(kPngBegin); }

Tensor decode_picture(std::string_view bytes, const std::string& name) {
    if (bytes.starts_with(kJpegBegin)) return decode_jpeg(bytes, name);
    if (bytes.starts_with(kPngBegin)) return decode_png(bytes, name);
    throw DataError(name + ": is neither a JPEG nor a PNG file");
}

Tensor decode_rgb_picture(std::string_view bytes, const std::string& name) {
    Tensor picture = decode_picture(bytes, name);
    if (picture.shape()[2] == 3) return picture;
    Tensor rgb({DType::u8, Shape{picture.shape()[0], picture.shape()[1], 3}});
    const auto grey = picture.as<std::uint8_t>();
    const auto out = rgb.mutable_view().as<std::uint8_t>();
    for (std::size_t i = 0; i < grey.size(); ++i)
        std::fill_n(out.begin() + static_cast<std::ptrdiff_t>(3 * i), 3, grey[i]);
    return rgb;
}

}  // namespace halftone
