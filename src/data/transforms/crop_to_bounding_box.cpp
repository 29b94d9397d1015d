// CropToBoundingBox: the part with a given corner and size. Source: tf.image.crop_to_bounding_box.

#include "data/crop.hpp"
#include "data/picture_transform.hpp"

namespace halftone {
namespace {

class CropToBoundingBox final : public PictureTransform {
public:
    CropToBoundingBox(Reader& reader, const CropStep& part)
        : PictureTransform(reader, "CropToBoundingBox"), part_(part) {}

private:
    // The far corner must lie inside; TensorFlow refuses it, too, and pads nothing.
    PictureSize output_size(PictureSize from) const override {
        require_room(from, {part_.top + part_.height, part_.left + part_.width});
        return {part_.height, part_.width};
    }
    std::vector<PictureStep> steps(PictureSize, std::int64_t) const override { return {part_}; }

    CropStep part_;
};

}  // namespace

std::unique_ptr<Transform> make_crop_to_bounding_box(const ConfigNode& node, Framework) {
    Reader reader(node);
    const PictureSize size = read_sides(reader, "target_height", "target_width");
    const CropStep part{.top = read_required_integer(reader, "offset_height", 0, kMostSide),
                        .left = read_required_integer(reader, "offset_width", 0, kMostSide),
                        .height = size.height,
                        .width = size.width};
    auto made = std::make_unique<CropToBoundingBox>(reader, part);
    reader.finish();
    return made;
}

}  // namespace halftone
