// ResizeWithAspectRatio: the shorter side becomes 100 / scale of the size that a CenterCrop behind it cuts out, and the
// other one keeps the ratio. Source: LPOT, after MLPerf's preprocessing; OpenCV's INTER_AREA.

#include <cmath>

#include "base/error.hpp"
#include "data/picture_transform.hpp"

namespace halftone {
namespace {

class ResizeWithAspectRatio final : public PictureTransform {
public:
    ResizeWithAspectRatio(Reader& reader, PictureSize enlarged, ResampleMethod method)
        : PictureTransform(reader, "ResizeWithAspectRatio"), enlarged_(enlarged), method_(method) {}

private:
    PictureSize output_size(PictureSize from) const override {
        if (!from.is_known()) return {kSymbolic, kSymbolic};
        if (from.height <= 0 || from.width <= 0) return enlarged_;
        // In this order, as Python computes it: a product, a quotient in fp64, and the fraction cut off.
        const auto longer = [](std::int64_t side, std::int64_t numerator, std::int64_t denominator) {
            return static_cast<std::int64_t>(static_cast<double>(side * numerator) / static_cast<double>(denominator));
        };
        if (from.height > from.width) {
            return {longer(enlarged_.height, from.height, from.width), enlarged_.width};
        }
        return {enlarged_.height, longer(enlarged_.width, from.width, from.height)};
    }
    TensorType output_type(const TensorType& picture) const override {
        TensorType type = PictureTransform::output_type(picture);
        type.dtype = resampled_type(picture.dtype, method_);
        return type;
    }
    std::vector<PictureStep> steps(PictureSize from, std::int64_t) const override {
        return {ResizeStep{output_size(from), method_}};
    }

    PictureSize enlarged_;
    ResampleMethod method_;
};

}  // namespace

std::unique_ptr<Transform> make_resize_with_aspect_ratio(const ConfigNode& node, Framework) {
    Reader reader(node);
    const PictureSize size = read_sides(reader, "height", "width");
    const double scale = reader.number("scale", 87.5);
    // Below 1 % the picture would be a hundred times as large as what is cut out of it.
    if (!(scale >= 1 && scale <= 1000)) reader.fail("scale", "must be a number from 1 to 1000, in percent");
    // LPOT has it for ONNX Runtime only, so OpenCV is meant under every framework.
    const ResampleMethod method = read_resample_method(reader, Framework::onnxrt, Interpolation::area);
    const auto enlarged = [&](std::int64_t side) {
        return std::max<std::int64_t>(static_cast<std::int64_t>(100.0 * static_cast<double>(side) / scale), 1);
    };
    auto made = std::make_unique<ResizeWithAspectRatio>(
        reader, PictureSize{enlarged(size.height), enlarged(size.width)}, method);
    reader.finish();
    return made;
}

}  // namespace halftone
