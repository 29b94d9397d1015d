// PaddedCenterCrop: the square in the middle whose side is size / (size + crop_padding) of the shorter side. Source:
// LPOT, after EfficientNet's preprocessing. A Resize to `size` comes behind it.

#include <algorithm>

#include "data/picture_transform.hpp"

namespace halftone {
namespace {

class PaddedCenterCrop final : public PictureTransform {
public:
    PaddedCenterCrop(Reader& reader, std::int64_t size, std::int64_t padding)
        : PictureTransform(reader, "PaddedCenterCrop"), size_(size), padding_(padding) {}

private:
    PictureSize output_size(PictureSize from) const override {
        if (!from.is_known()) return {kSymbolic, kSymbolic};
        const double share = static_cast<double>(size_) / static_cast<double>(size_ + padding_);
        const auto side = static_cast<std::int64_t>(share * static_cast<double>(std::min(from.height, from.width)));
        return {std::max<std::int64_t>(side, 1), std::max<std::int64_t>(side, 1)};
    }
    std::vector<PictureStep> steps(PictureSize from, std::int64_t) const override {
        const PictureSize part = output_size(from);
        // Where the rest cannot be halved, the larger half is above and to the left: unlike CenterCrop.
        return {CropStep{.top = (from.height - part.height + 1) / 2,
                         .left = (from.width - part.width + 1) / 2,
                         .height = part.height,
                         .width = part.width}};
    }

    std::int64_t size_;
    std::int64_t padding_;
};

}  // namespace

std::unique_ptr<Transform> make_padded_center_crop(const ConfigNode& node, Framework) {
    Reader reader(node);
    const PictureSize size = read_picture_size(reader);
    if (size.height != size.width) reader.fail("size", "must be one number, or two that are equal");
    const std::int64_t padding = reader.integer("crop_padding", 0, 0, kMostSide);
    auto made = std::make_unique<PaddedCenterCrop>(reader, size.height, padding);
    reader.finish();
    return made;
}

}  // namespace halftone
