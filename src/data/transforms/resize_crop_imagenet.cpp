// ResizeCropImagenet: the preparation of ImageNet's pictures for ResNet, VGG and their like. Source: LPOT, after
// TensorFlow's vgg_preprocessing. The shorter side becomes `resize_side`, the middle (or a random part) is cut out.
//
//   tensorflow (also mxnet, pytorch)  sides rounded to even → (x - mean_value) * scale                 [h, w, c]
//   onnxrt                            sides cut off → x / 255 → (x - mean_value) / std_value           [c, h, w]
//
// LPOT's onnxrt gives OpenCV the new height as width: pictures that are no square are squeezed. Here they keep their
// ratio, so accuracies can lie above LPOT's.

#include <algorithm>
#include <cmath>

#include "data/channel_values.hpp"
#include "data/crop.hpp"
#include "data/picture_transform.hpp"

namespace halftone {
namespace {

struct ResizeCropSettings {
    PictureSize size{};
    std::int64_t resize_side = 256;
    ResampleMethod method{};
    bool has_random_crop = false;
    bool has_random_flip = false;
    std::vector<float> mean{};
    std::vector<float> deviation{};  ///< of onnxrt
    float scale = 1;                 ///< of the others
    bool is_onnxrt = false;
};

class ResizeCropImagenet final : public PictureTransform {
public:
    ResizeCropImagenet(Reader& reader, ResizeCropSettings settings)
        : PictureTransform(reader, "ResizeCropImagenet"), settings_(std::move(settings)) {}

private:
    PictureSize output_size(PictureSize from) const override {
        if (from.is_known()) require_room(resized(from), settings_.size);
        return settings_.size;
    }
    TensorType output_type(const TensorType& picture) const override {
        require_channels(settings_.mean.size(), picture);
        require_channels(settings_.deviation.size(), picture);
        const Shape shape = PictureTransform::output_type(picture).shape;
        return {DType::f32, settings_.is_onnxrt ? Shape{shape[2], shape[0], shape[1]} : shape};
    }
    std::vector<PictureStep> steps(PictureSize from, std::int64_t sample_id) const override {
        const PictureSize size = resized(from);
        Rng random = random_numbers(sample_id);
        std::vector<PictureStep> all{ResizeStep{size, settings_.method}};
        all.push_back(settings_.has_random_crop ? random_part_of(size, settings_.size, random)
                                                : middle_of(size, settings_.size));
        if (settings_.has_random_flip && random.uniform() < 0.5) all.push_back(FlipStep{});
        // LPOT's onnxrt resizes bytes, and divides afterwards.
        all.push_back(FloatStep{.divisor = settings_.is_onnxrt ? 255.0F : 1.0F});
        return all;
    }
    Tensor finish(Tensor picture, std::int64_t) const override {
        picture = picture.clone();  // it may be shared with whoever reads the sample's original
        change_channels(picture, [&](float x, std::size_t channel) {
            const float centred = x - of_channel(settings_.mean, channel);
            return settings_.is_onnxrt ? centred / of_channel(settings_.deviation, channel) : centred * settings_.scale;
        });
        return settings_.is_onnxrt ? to_channels_first(picture) : picture;
    }

    /// The size whose shorter side is resize_side. TensorFlow computes in fp32 and rounds to even, NumPy in fp64 and
    /// cuts off; both divide by the shorter side first.
    [[nodiscard]] PictureSize resized(PictureSize from) const {
        const std::int64_t shorter = std::max<std::int64_t>(std::min(from.height, from.width), 1);
        if (settings_.is_onnxrt) {
            const double ratio = static_cast<double>(settings_.resize_side) / static_cast<double>(shorter);
            return {static_cast<std::int64_t>(static_cast<double>(from.height) * ratio),
                    static_cast<std::int64_t>(static_cast<double>(from.width) * ratio)};
        }
        const float ratio = static_cast<float>(settings_.resize_side) / static_cast<float>(shorter);
        return {static_cast<std::int64_t>(std::nearbyint(static_cast<float>(from.height) * ratio)),
                static_cast<std::int64_t>(std::nearbyint(static_cast<float>(from.width) * ratio))};
    }

    ResizeCropSettings settings_;
};

}  // namespace

std::unique_ptr<Transform> make_resize_crop_imagenet(const ConfigNode& node, Framework framework) {
    Reader reader(node);
    ResizeCropSettings settings;
    settings.is_onnxrt = framework == Framework::onnxrt;
    settings.size = read_sides(reader, "height", "width");
    settings.resize_side = reader.integer("resize_side", 256, 1, kMostSide);
    settings.method = read_resample_method(reader, framework, Interpolation::bilinear);
    settings.has_random_crop = reader.boolean("random_crop", false);
    settings.has_random_flip = reader.boolean("random_flip_left_right", false);
    settings.mean = read_channel_values(reader, "mean_value", {0});
    // Both keys are known under every framework, so that a config can change its framework. LPOT's onnxrt divides by
    // ImageNet's deviations also where the means are 0.
    settings.deviation = read_channel_values(reader, "std_value", {0.229, 0.224, 0.225});
    settings.scale = static_cast<float>(reader.number("scale", 1));
    for (const float value : settings.deviation) {
        if (value < 1e-6F) reader.fail("std_value", "must be at least 1e-6");
    }
    if (!settings.is_onnxrt) settings.deviation = {1};
    if (std::min(settings.size.height, settings.size.width) > settings.resize_side) {
        reader.fail("resize_side", "must be at least the smaller one of height and width");
    }
    auto made = std::make_unique<ResizeCropImagenet>(reader, std::move(settings));
    reader.finish();
    return made;
}

}  // namespace halftone
