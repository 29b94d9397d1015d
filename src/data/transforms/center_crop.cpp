// CenterCrop: the middle of a picture. Where the rest cannot be halved, the smaller half is above and to the left.

#include "data/crop.hpp"
#include "data/picture_transform.hpp"

namespace halftone {
namespace {

class CenterCrop final : public PictureTransform {
public:
    CenterCrop(Reader& reader, PictureSize size) : PictureTransform(reader, "CenterCrop"), size_(size) {}

private:
    PictureSize output_size(PictureSize from) const override {
        require_room(from, size_);
        return size_;
    }
    std::vector<PictureStep> steps(PictureSize from, std::int64_t) const override { return {middle_of(from, size_)}; }

    PictureSize size_;
};

}  // namespace

std::unique_ptr<Transform> make_center_crop(const ConfigNode& node, Framework) {
    Reader reader(node);
    const PictureSize size = read_picture_size(reader);
    auto made = std::make_unique<CenterCrop>(reader, size);
    reader.finish();
    return made;
}

}  // namespace halftone
