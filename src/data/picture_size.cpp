#include "data/picture_size.hpp"

#include <fmt/format.h>

#include <cmath>

#include "base/error.hpp"

namespace halftone {
namespace {

// A picture of 65536 x 65536 pixels would need 12 GiB: such a size is a typing error, or an attack.
bool is_too_large(PictureSize size) { return size.height > kMostPixels / size.width; }
constexpr const char* kTooLarge = "has more than 2^28 pixels";

}  // namespace

// A list of one number is a number: LPOT's reader makes lists of everything that looks like one.
PictureSize read_picture_size(Reader& reader) {
    const std::vector<std::int64_t> sides = reader.integers("size", {});
    bool is_good = sides.size() == 1 || sides.size() == 2;
    for (const std::int64_t side : sides) is_good = is_good && side >= 1 && side <= kMostSide;
    if (!is_good) reader.fail("size", "must be one number from 1 to 65536, or [height, width]");
    const PictureSize size{.height = sides.front(), .width = sides.back()};
    if (is_too_large(size)) reader.fail("size", kTooLarge);
    return size;
}

std::int64_t read_required_integer(Reader& reader, std::string_view key, std::int64_t lowest, std::int64_t highest) {
    // A fallback below the range cannot be told from a given number: so the key is looked at first.
    if (reader.child(key) == nullptr) reader.fail(key, fmt::format("must be given: {} to {}", lowest, highest));
    return reader.integer(key, lowest, lowest, highest);
}

// Each side alone may be long, as in a strip; together they may not be more pixels than a picture can have.
PictureSize read_sides(Reader& reader, std::string_view height_key, std::string_view width_key) {
    const PictureSize size{.height = read_required_integer(reader, height_key, 1, kMostSide),
                           .width = read_required_integer(reader, width_key, 1, kMostSide)};
    if (is_too_large(size)) reader.fail(height_key, kTooLarge);
    return size;
}

ResampleMethod read_resample_method(Reader& reader, Framework framework, Interpolation fallback) {
    // MXNet's image operators call OpenCV.
    const Resampler usual = framework == Framework::pytorch      ? Resampler::pillow
                            : framework == Framework::tensorflow ? Resampler::tensorflow
                                                                 : Resampler::opencv;
    const ResampleMethod method{.resampler = reader.word("resampler", kResamplerNames, usual),
                                .interpolation = reader.word("interpolation", kInterpolationNames, fallback)};
    if (method.interpolation == Interpolation::area && method.resampler != Resampler::opencv) {
        reader.fail("interpolation", "area is OpenCV's: it needs 'resampler: opencv'");
    }
    return method;
}

std::vector<float> read_channel_values(Reader& reader, std::string_view key, const std::vector<double>& fallback) {
    std::vector<float> values;
    for (const double value : reader.numbers(key, fallback)) {
        if (!std::isfinite(static_cast<float>(value))) reader.fail(key, "must hold finite numbers");
        values.push_back(static_cast<float>(value));
    }
    if (values.empty()) reader.fail(key, "must hold a number, or one for each channel");
    return values;
}

void require_picture(const std::string& transform, const TensorType& type) {
    if (type.shape.rank() == 3 && (type.dtype == DType::u8 || type.dtype == DType::f32)) return;
    throw DataError(transform + ": needs a picture [height, width, channels] of uint8 or fp32, not " +
                    std::string(to_string(type.dtype)) + " " + type.shape.to_text());
}

void require_channels(std::size_t values, const TensorType& picture) {
    const std::int64_t channels = picture.shape[2];
    if (values == 1 || channels == kSymbolic || values == static_cast<std::size_t>(channels)) return;
    throw DataError(fmt::format("{} values do not fit the {} channels of the picture", values, channels));
}

}  // namespace halftone
