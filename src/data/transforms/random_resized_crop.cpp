// RandomResizedCrop: a part of random size, ratio and position, resized. Source:
// torchvision.transforms.RandomResizedCrop (get_params). The sample's number decides the draws.

#include <algorithm>
#include <cmath>

#include "data/crop.hpp"
#include "data/picture_transform.hpp"

namespace halftone {
namespace {

struct NumberRange {
    double low = 0, high = 0;
};

struct ResizedCropSettings {
    PictureSize size{};
    NumberRange scale{};  ///< share of the picture's area
    NumberRange ratio{};  ///< width / height
    ResampleMethod method{};
};

class RandomResizedCrop final : public PictureTransform {
public:
    RandomResizedCrop(Reader& reader, const ResizedCropSettings& settings)
        : PictureTransform(reader, "RandomResizedCrop"), settings_(settings) {}

private:
    PictureSize output_size(PictureSize) const override { return settings_.size; }
    TensorType output_type(const TensorType& picture) const override {
        TensorType type = PictureTransform::output_type(picture);
        type.dtype = resampled_type(picture.dtype, settings_.method);
        return type;
    }
    // The part is cut out before it is resized, as torchvision does it: the filter never sees pixels beyond it.
    std::vector<PictureStep> steps(PictureSize from, std::int64_t sample_id) const override {
        Rng random = random_numbers(sample_id);
        return {find_part(from, random), ResizeStep{settings_.size, settings_.method}};
    }

    /// Ten attempts, as in torchvision; then the largest part in the middle whose ratio is allowed.
    [[nodiscard]] CropStep find_part(PictureSize from, Rng& random) const {
        const double area = static_cast<double>(from.height) * static_cast<double>(from.width);
        const auto [low, high] = settings_.ratio;
        for (int attempt = 0; attempt < 10; ++attempt) {
            const double part = area * random.uniform(settings_.scale.low, settings_.scale.high);
            // Uniform in the logarithm: 3/4 and 4/3 are equally far from a square.
            const double ratio = std::exp(random.uniform(std::log(low), std::log(high)));
            const PictureSize size{static_cast<std::int64_t>(std::nearbyint(std::sqrt(part / ratio))),
                                   static_cast<std::int64_t>(std::nearbyint(std::sqrt(part * ratio)))};
            const bool fits =
                size.height > 0 && size.width > 0 && size.height <= from.height && size.width <= from.width;
            if (fits) return random_part_of(from, size, random);
        }
        const double ratio = static_cast<double>(from.width) / static_cast<double>(from.height);
        PictureSize size = from;
        const auto rounded = [](double side) {
            return std::max<std::int64_t>(static_cast<std::int64_t>(std::nearbyint(side)), 1);
        };
        if (ratio < low) size.height = std::min(from.height, rounded(static_cast<double>(from.width) / low));
        if (ratio > high) size.width = std::min(from.width, rounded(static_cast<double>(from.height) * high));
        return middle_of(from, size);
    }

    ResizedCropSettings settings_;
};

/// Two numbers; equal ones fix the value, which tests and ablations want.
NumberRange read_number_range(Reader& reader, std::string_view key, NumberRange fallback, double most) {
    const std::vector<double> given = reader.numbers(key, {fallback.low, fallback.high});
    const bool is_good = given.size() == 2 && given[0] > 0 && given[0] <= given[1] && given[1] <= most;
    if (!is_good) reader.fail(key, "must be two numbers above 0, the lower one first");
    return {given[0], given[1]};
}

}  // namespace

std::unique_ptr<Transform> make_random_resized_crop(const ConfigNode& node, Framework framework) {
    Reader reader(node);
    ResizedCropSettings settings;
    settings.size = read_picture_size(reader);
    settings.scale = read_number_range(reader, "scale", {0.08, 1.0}, 1.0);
    settings.ratio = read_number_range(reader, "ratio", {3.0 / 4.0, 4.0 / 3.0}, 1e6);
    settings.method = read_resample_method(reader, framework, Interpolation::bilinear);
    auto made = std::make_unique<RandomResizedCrop>(reader, settings);
    reader.finish();
    return made;
}

}  // namespace halftone
