// RandomCrop: a part at a random position, which the sample's number decides. Source: torchvision.transforms.RandomCrop
// without padding.

#include "data/crop.hpp"
#include "data/picture_transform.hpp"

namespace halftone {
namespace {

class RandomCrop final : public PictureTransform {
public:
    RandomCrop(Reader& reader, PictureSize size) : PictureTransform(reader, "RandomCrop"), size_(size) {}

private:
    // The same rule as a centre crop: a picture that is too small is refused, and not padded.
    PictureSize output_size(PictureSize from) const override {
        require_room(from, size_);
        return size_;
    }
    std::vector<PictureStep> steps(PictureSize from, std::int64_t sample_id) const override {
        Rng random = random_numbers(sample_id);
        return {random_part_of(from, size_, random)};
    }

    PictureSize size_;
};

}  // namespace

std::unique_ptr<Transform> make_random_crop(const ConfigNode& node, Framework) {
    Reader reader(node);
    const PictureSize size = read_picture_size(reader);
    auto made = std::make_unique<RandomCrop>(reader, size);
    reader.finish();
    return made;
}

}  // namespace halftone
