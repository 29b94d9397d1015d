// CenterCrop: the middle of a picture. Where the rest cannot be halved, the smaller half is above and to the left;
// under pytorch the half that torchvision takes.

#include <cmath>

#include "data/crop.hpp"
#include "data/picture_transform.hpp"

namespace halftone {
namespace {

/// torchvision rounds half of the rest to the nearest even number, so of a rest of 3 the larger half comes first. The
/// rounding mode is the default one, to nearest even. Source: torchvision.transforms.functional.center_crop.
CropStep middle_of_torchvision(PictureSize picture, PictureSize part) {
    const auto offset = [](std::int64_t side, std::int64_t wanted) {
        return static_cast<std::int64_t>(std::nearbyint(static_cast<double>(side - wanted) / 2));
    };
    return {.top = offset(picture.height, part.height),
            .left = offset(picture.width, part.width),
            .height = part.height,
            .width = part.width};
}

class CenterCrop final : public PictureTransform {
public:
    CenterCrop(Reader& reader, PictureSize size, Framework framework)
        : PictureTransform(reader, "CenterCrop"), size_(size), is_torchvision_(framework == Framework::pytorch) {}

private:
    PictureSize output_size(PictureSize from) const override {
        require_room(from, size_);
        return size_;
    }
    std::vector<PictureStep> steps(PictureSize from, std::int64_t) const override {
        return {is_torchvision_ ? middle_of_torchvision(from, size_) : middle_of(from, size_)};
    }

    PictureSize size_;
    bool is_torchvision_;
};

}  // namespace

std::unique_ptr<Transform> make_center_crop(const ConfigNode& node, Framework framework) {
    Reader reader(node);
    const PictureSize size = read_picture_size(reader);
    auto made = std::make_unique<CenterCrop>(reader, size, framework);
    reader.finish();
    return made;
}

}  // namespace halftone
