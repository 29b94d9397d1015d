// CropResize: the part whose upper left corner is (x, y), resized. `size` is [height, width] under every framework;
// LPOT hands it to OpenCV and Pillow as (width, height).

#include "data/crop.hpp"
#include "data/picture_transform.hpp"

namespace halftone {
namespace {

class CropResize final : public PictureTransform {
public:
    CropResize(Reader& reader, const CropStep& part, const ResizeStep& resize)
        : PictureTransform(reader, "CropResize"), part_(part), resize_(resize) {}

private:
    // The far corner of the part must lie inside. Pillow would fill with black, and OpenCV's slice would be smaller.
    PictureSize output_size(PictureSize from) const override {
        require_room(from, {part_.top + part_.height, part_.left + part_.width});
        return resize_.size;
    }
    TensorType output_type(const TensorType& picture) const override {
        TensorType type = PictureTransform::output_type(picture);
        type.dtype = resampled_type(picture.dtype, resize_.method);
        return type;
    }
    std::vector<PictureStep> steps(PictureSize, std::int64_t) const override { return {part_, resize_}; }

    CropStep part_;
    ResizeStep resize_;
};

}  // namespace

std::unique_ptr<Transform> make_crop_resize(const ConfigNode& node, Framework framework) {
    Reader reader(node);
    const PictureSize part = read_sides(reader, "height", "width");
    const CropStep crop{.top = read_required_integer(reader, "y", 0, kMostSide),
                        .left = read_required_integer(reader, "x", 0, kMostSide),
                        .height = part.height,
                        .width = part.width};
    const PictureSize size = read_picture_size(reader);
    const ResampleMethod method = read_resample_method(reader, framework, Interpolation::bilinear);
    auto made = std::make_unique<CropResize>(reader, crop, ResizeStep{size, method});
    reader.finish();
    return made;
}

}  // namespace halftone
