#include "data/random_flip.hpp"

#include "data/picture_transform.hpp"

namespace halftone {
namespace {

class RandomFlip final : public PictureTransform {
public:
    RandomFlip(Reader& reader, FlipStep flip, double probability)
        : PictureTransform(reader, flip.is_vertical ? "RandomVerticalFlip" : "RandomHorizontalFlip"),
          flip_(flip),
          probability_(probability) {}

private:
    PictureSize output_size(PictureSize from) const override { return from; }
    // Strictly below, so that p = 0 flips nothing and p = 1 everything: a draw is at least 0 and less than 1.
    std::vector<PictureStep> steps(PictureSize, std::int64_t sample_id) const override {
        if (random_numbers(sample_id).uniform() < probability_) return {flip_};
        return {};
    }

    FlipStep flip_;
    double probability_;
};

}  // namespace

std::unique_ptr<Transform> make_random_flip(const ConfigNode& node, bool is_vertical) {
    Reader reader(node);
    const double probability = reader.number("p", 0.5);
    if (!(probability >= 0 && probability <= 1)) reader.fail("p", "must be a probability from 0 to 1");
    auto made = std::make_unique<RandomFlip>(reader, FlipStep{.is_vertical = is_vertical}, probability);
    reader.finish();
    return made;
}

}  // namespace halftone
