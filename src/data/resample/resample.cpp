#include "data/resample/resample.hpp"

#include <fmt/format.h>

#include <cstring>

#include "base/check.hpp"
#include "base/error.hpp"
#include "data/resample/resamplers.hpp"

namespace halftone {

// tf.image.resize is the only one that changes the type: its `nearest` copies pixels, everything else is fp32.
DType resampled_type(DType picture, ResampleMethod method) {
    const bool is_weighted = method.interpolation != Interpolation::nearest;
    return method.resampler == Resampler::tensorflow && is_weighted ? DType::f32 : picture;
}

// A pixel is copied as a whole, whatever its type: no arithmetic, so no rounding.
Tensor pick_pixels(const Tensor& picture, const std::vector<std::int64_t>& rows,
                   const std::vector<std::int64_t>& columns) {
    const Shape& shape = picture.shape();
    Tensor result({picture.dtype(),
                   Shape{static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(columns.size()), shape[2]}});
    const std::size_t pixel = static_cast<std::size_t>(shape[2]) * size_of(picture.dtype());
    const std::byte* from = picture.view().data;
    std::byte* to = result.mutable_view().data;
    for (const std::int64_t y : rows) {
        for (const std::int64_t x : columns) {
            std::memcpy(to, from + static_cast<std::size_t>(y * shape[1] + x) * pixel, pixel);
            to += pixel;
        }
    }
    return result;
}

Tensor resample(const Tensor& picture, std::int64_t height, std::int64_t width, ResampleMethod method) {
    HALFTONE_CHECK(picture.shape().rank() == 3 && picture.elements() > 0, "a picture has height, width and channels");
    HALFTONE_CHECK(height > 0 && width > 0, "a picture has pixels");
    // A ratio of sides can ask for this: a picture of one row, whose shorter side becomes 256 pixels long. The pixels
    // between the two passes count, too.
    const std::int64_t rows = std::max(height, picture.shape()[0]);
    if (height > kMostPixels || width > kMostPixels / rows) {
        throw DataError(fmt::format("{} x {} pixels are too many for the picture", height, width));
    }
    switch (method.resampler) {
        case Resampler::opencv:
            return resample_as_opencv(picture, height, width, method.interpolation);
        case Resampler::tensorflow:
            return resample_as_tensorflow(picture, height, width, method.interpolation);
        default:
            return resample_as_pillow(picture, height, width, method.interpolation);
    }
}

}  // namespace halftone
