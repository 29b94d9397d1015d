// BilinearImagenet: the preparation of ImageNet's pictures for Inception, MobileNet and their like. Source: LPOT, after
// TensorFlow's inception_preprocessing.
//
//   x / 255 → the middle with `central_fraction` of each side → bilinear → (x - 0.5) * 2 → (x - mean_value) * scale
//
// The frameworks differ in the resampler only: TensorFlow's reads 2 x 2 pixels, and so does OpenCV's.

#include "data/channel_values.hpp"
#include "data/crop.hpp"
#include "data/picture_transform.hpp"

namespace halftone {
namespace {

struct BilinearSettings {
    PictureSize size{};
    double central_fraction = 1;
    ResampleMethod method{};
    std::vector<float> mean{};
    float scale = 1;
};

class BilinearImagenet final : public PictureTransform {
public:
    BilinearImagenet(Reader& reader, BilinearSettings settings)
        : PictureTransform(reader, "BilinearImagenet"), settings_(std::move(settings)) {}

private:
    PictureSize output_size(PictureSize) const override { return settings_.size; }
    TensorType output_type(const TensorType& picture) const override {
        require_channels(settings_.mean.size(), picture);
        return {DType::f32, PictureTransform::output_type(picture).shape};
    }
    // The crop comes before the division, which it does not change: so fewer pixels are divided. The division comes
    // before the resampler, because that one would round bytes.
    std::vector<PictureStep> steps(PictureSize from, std::int64_t) const override {
        return {middle_of(from, central_size(from, settings_.central_fraction)), FloatStep{},
                ResizeStep{settings_.size, settings_.method}};
    }
    Tensor finish(Tensor picture, std::int64_t) const override {
        // The resampler returns the picture itself where its size is right, and that may belong to someone else.
        picture = picture.clone();
        change_channels(picture, [&](float x, std::size_t channel) {
            return ((x - 0.5F) * 2.0F - of_channel(settings_.mean, channel)) * settings_.scale;
        });
        return picture;
    }

    BilinearSettings settings_;
};

}  // namespace

std::unique_ptr<Transform> make_bilinear_imagenet(const ConfigNode& node, Framework framework) {
    Reader reader(node);
    BilinearSettings settings;
    settings.size = read_sides(reader, "height", "width");
    settings.central_fraction = reader.number("central_fraction", 0.875);
    // LPOT's 0 leaves the crop out.
    if (settings.central_fraction == 0) settings.central_fraction = 1;
    if (!(settings.central_fraction > 0 && settings.central_fraction <= 1)) {
        reader.fail("central_fraction", "must be a number from 0 to 1");
    }
    settings.method = read_resample_method(reader, framework, Interpolation::bilinear);
    settings.mean = read_channel_values(reader, "mean_value", {0});
    settings.scale = static_cast<float>(reader.number("scale", 1));
    auto made = std::make_unique<BilinearImagenet>(reader, std::move(settings));
    reader.finish();
    return made;
}

}  // namespace halftone
