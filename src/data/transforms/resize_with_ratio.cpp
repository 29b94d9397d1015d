// ResizeWithRatio: the picture with its ratio of sides kept, in a size between two limits, and padded to a square if
// wanted. Source: LPOT, after Mask R-CNN's resize_image. Boxes move along.
//
// LPOT exchanges height and width where it calls OpenCV, and scales boxes only where it pads: their values are shares
// of the sides there, while ours are pixels.

#include <algorithm>
#include <cmath>

#include "data/picture_transform.hpp"

namespace halftone {
namespace {

struct RatioSettings {
    std::int64_t least = 800;  ///< the shorter side is enlarged to it, and never shrunk; 0: no limit
    std::int64_t most = 1365;  ///< the longer side is shrunk to it; 0: no limit
    bool has_padding = false;
    float filling = 0;
    ResampleMethod method{};
};

class ResizeWithRatio final : public PictureTransform {
public:
    ResizeWithRatio(Reader& reader, const RatioSettings& settings)
        : PictureTransform(reader, "ResizeWithRatio"), settings_(settings) {}

private:
    PictureSize output_size(PictureSize from) const override {
        if (settings_.has_padding) return {settings_.most, settings_.most};
        if (!from.is_known()) return {kSymbolic, kSymbolic};
        return resized(from);
    }
    TensorType output_type(const TensorType& picture) const override {
        TensorType type = PictureTransform::output_type(picture);
        type.dtype = resampled_type(picture.dtype, settings_.method);
        return type;
    }
    std::vector<PictureStep> steps(PictureSize from, std::int64_t) const override {
        const PictureSize size = resized(from);
        std::vector<PictureStep> all{ResizeStep{size, settings_.method}};
        if (!settings_.has_padding) return all;
        // The picture lies in the middle; the larger half of an odd rest is below and to the right.
        const PictureSize rest{settings_.most - size.height, settings_.most - size.width};
        all.push_back(PadStep{.top = rest.height / 2,
                              .left = rest.width / 2,
                              .bottom = rest.height - rest.height / 2,
                              .right = rest.width - rest.width / 2,
                              .value = settings_.filling});
        return all;
    }

    /// First the shorter side decides, and the longer one takes the word back where it would become too long.
    [[nodiscard]] PictureSize resized(PictureSize from) const {
        if (from.height <= 0 || from.width <= 0) return from;
        const auto shorter = static_cast<double>(std::min(from.height, from.width));
        const auto longer = static_cast<double>(std::max(from.height, from.width));
        double scale = 1;
        if (settings_.least > 0) scale = std::max(scale, static_cast<double>(settings_.least) / shorter);
        const auto most = static_cast<double>(settings_.most);
        if (settings_.most > 0 && std::nearbyint(longer * scale) > most) scale = most / longer;
        // Rounded to even, as Python's round and tf.math.round do. A strip so narrow that nothing is left keeps a
        // pixel.
        const auto side = [&](std::int64_t length) {
            return std::max<std::int64_t>(
                static_cast<std::int64_t>(std::nearbyint(static_cast<double>(length) * scale)), 1);
        };
        return {side(from.height), side(from.width)};
    }

    RatioSettings settings_;
};

}  // namespace

std::unique_ptr<Transform> make_resize_with_ratio(const ConfigNode& node, Framework framework) {
    Reader reader(node);
    RatioSettings settings;
    settings.least = reader.integer("min_dim", settings.least, 0, kMostSide);
    // A square of this side must not have more pixels than a picture may have.
    settings.most = reader.integer("max_dim", settings.most, 0, std::int64_t{1} << 14);
    settings.has_padding = reader.boolean("padding", false);
    settings.filling = static_cast<float>(reader.number("constant_value", 0));
    if (!std::isfinite(settings.filling)) reader.fail("constant_value", "must be a finite number");
    if (settings.has_padding && settings.most == 0) reader.fail("max_dim", "must be above 0: padding needs it");
    settings.method = read_resample_method(reader, framework, Interpolation::bilinear);
    auto made = std::make_unique<ResizeWithRatio>(reader, settings);
    reader.finish();
    return made;
}

}  // namespace halftone
