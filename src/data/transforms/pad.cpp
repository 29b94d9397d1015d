// Pad: rows and columns around the picture. Source: torchvision.transforms.Pad: one number for all sides, [left and
// right, top and bottom], or [left, top, right, bottom].

#include <cmath>

#include "base/enum_names.hpp"
#include "base/error.hpp"
#include "data/picture_transform.hpp"

namespace halftone {
namespace {

constexpr EnumNames<PadMode, 4> kPadModeNames{{{{PadMode::constant, "constant"},
                                                {PadMode::edge, "edge"},
                                                {PadMode::reflect, "reflect"},
                                                {PadMode::symmetric, "symmetric"}}}};

class Pad final : public PictureTransform {
public:
    Pad(Reader& reader, const PadStep& step) : PictureTransform(reader, "Pad"), step_(step) {}

private:
    // An open side stays open, and does not become "unknown plus 3".
    PictureSize output_size(PictureSize from) const override {
        const PictureSize size = size_after(from, step_);
        return {from.height == kSymbolic ? kSymbolic : size.height, from.width == kSymbolic ? kSymbolic : size.width};
    }
    std::vector<PictureStep> steps(PictureSize, std::int64_t) const override { return {step_}; }

    PadStep step_;
};

}  // namespace

std::unique_ptr<Transform> make_pad(const ConfigNode& node, Framework) {
    Reader reader(node);
    const std::vector<std::int64_t> sides = reader.integers("padding", {});
    bool is_good = sides.size() == 1 || sides.size() == 2 || sides.size() == 4;
    for (const std::int64_t side : sides) is_good = is_good && side >= 0 && side <= kMostSide;
    if (!is_good) {
        reader.fail("padding", "must be one, two or four numbers from 0 to 65536: [left, top, right, bottom]");
    }
    // One number repeats for all sides, two alternate, four stand for themselves: the index wraps around.
    const std::size_t count = sides.size();
    PadStep step{.top = sides[1 % count], .left = sides[0], .bottom = sides[3 % count], .right = sides[2 % count]};
    step.value = static_cast<float>(reader.number("fill", 0));
    if (!std::isfinite(step.value)) reader.fail("fill", "must be a finite number");
    step.mode = reader.word("padding_mode", kPadModeNames, PadMode::constant);
    auto made = std::make_unique<Pad>(reader, step);
    reader.finish();
    return made;
}

}  // namespace halftone
