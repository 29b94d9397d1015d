// AlignImageChannel: pictures with `dim` channels. A grey picture is repeated, transparency is left out, and colours
// become grey by Pillow's formula (ITU-R 601-2 luma). Source: LPOT and Pillow, src/libImaging/Convert.c.

#include <fmt/format.h>

#include <array>

#include "base/error.hpp"
#include "data/picture_transform.hpp"

namespace halftone {
namespace {

/// Grey of a pixel. Bytes as Pillow rounds: weights of 16 bits, and half a unit.
std::uint8_t grey_of(const std::uint8_t* pixel) {
    return static_cast<std::uint8_t>((pixel[0] * 19595U + pixel[1] * 38470U + pixel[2] * 7471U + 0x8000U) >> 16U);
}
float grey_of(const float* pixel) { return 0.299F * pixel[0] + 0.587F * pixel[1] + 0.114F * pixel[2]; }

template <class Pixel>
Tensor aligned(const Tensor& picture, std::int64_t wanted) {
    const Shape& shape = picture.shape();
    const auto from = static_cast<std::size_t>(shape[2]);
    const auto to = static_cast<std::size_t>(wanted);
    Tensor result({picture.dtype(), Shape{shape[0], shape[1], wanted}});
    const auto in = picture.as<Pixel>();
    const auto out = result.mutable_view().as<Pixel>();
    for (std::size_t i = 0; i < in.size() / from; ++i) {
        const Pixel* pixel = in.data() + i * from;
        for (std::size_t c = 0; c < to; ++c) {
            out[i * to + c] = from == 1 ? pixel[0] : to == 1 ? grey_of(pixel) : pixel[c];
        }
    }
    return result;
}

class AlignImageChannel final : public PictureTransform {
public:
    AlignImageChannel(Reader& reader, std::int64_t channels)
        : PictureTransform(reader, "AlignImageChannel"), channels_(channels) {}

private:
    PictureSize output_size(PictureSize from) const override { return from; }
    TensorType output_type(const TensorType& picture) const override {
        const std::int64_t given = picture.shape[2];
        // Each way has one meaning only. Colours out of two channels, or a transparency out of three, would be made up.
        const bool is_clear = given == kSymbolic || given == channels_ || given == 1 ||
                              (given == 4 && channels_ == 3) || (given >= 3 && given <= 4 && channels_ == 1);
        if (!is_clear) throw DataError(fmt::format("{} channels cannot become {} in the picture", given, channels_));
        return {picture.dtype, Shape{picture.shape[0], picture.shape[1], channels_}};
    }
    std::vector<PictureStep> steps(PictureSize, std::int64_t) const override { return {}; }
    // No step moves a pixel; boxes and masks stay as they are.
    Tensor finish(Tensor picture, std::int64_t) const override {
        if (picture.shape()[2] == channels_) return picture;
        return picture.dtype() == DType::u8 ? aligned<std::uint8_t>(picture, channels_)
                                            : aligned<float>(picture, channels_);
    }

    std::int64_t channels_;
};

}  // namespace

std::unique_ptr<Transform> make_align_image_channel(const ConfigNode& node, Framework) {
    Reader reader(node);
    const std::int64_t channels = reader.integer("dim", 3, 1, 4);
    auto made = std::make_unique<AlignImageChannel>(reader, channels);
    reader.finish();
    return made;
}

}  // namespace halftone
