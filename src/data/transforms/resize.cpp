// Resize: pictures in another size, with the results of the framework's library.
//
// LPOT hands `size` to OpenCV as it is written. There it means (width, height), so sizes that are no square are swapped
// under onnxrt, and under tensorflow where pictures are arrays. Here `size` is [height, width] everywhere.

#include "data/picture_transform.hpp"

namespace halftone {
namespace {

class Resize final : public PictureTransform {
public:
    Resize(Reader& reader, PictureSize size, ResampleMethod method)
        : PictureTransform(reader, "Resize"), size_(size), method_(method) {}

private:
    PictureSize output_size(PictureSize) const override { return size_; }
    TensorType output_type(const TensorType& picture) const override {
        TensorType type = PictureTransform::output_type(picture);
        type.dtype = resampled_type(picture.dtype, method_);
        return type;
    }
    std::vector<PictureStep> steps(PictureSize, std::int64_t) const override { return {ResizeStep{size_, method_}}; }

    PictureSize size_;
    ResampleMethod method_;
};

/// torchvision's meaning of a single number: the shorter side gets it, and the other one keeps the ratio.
class ResizeShorterSide final : public PictureTransform {
public:
    ResizeShorterSide(Reader& reader, std::int64_t side, ResampleMethod method)
        : PictureTransform(reader, "Resize"), side_(side), method_(method) {}

private:
    PictureSize output_size(PictureSize from) const override {
        if (!from.is_known()) return {kSymbolic, kSymbolic};
        // Both in integers, and cut off: torchvision.transforms.functional.resize. A side of 0 has no ratio.
        if (from.height <= 0 || from.width <= 0) return {side_, side_};
        return from.height <= from.width ? PictureSize{side_, side_ * from.width / from.height}
                                         : PictureSize{side_ * from.height / from.width, side_};
    }
    TensorType output_type(const TensorType& picture) const override {
        TensorType type = PictureTransform::output_type(picture);
        type.dtype = resampled_type(picture.dtype, method_);
        return type;
    }
    std::vector<PictureStep> steps(PictureSize from, std::int64_t) const override {
        return {ResizeStep{output_size(from), method_}};
    }

    std::int64_t side_;
    ResampleMethod method_;
};

}  // namespace

std::unique_ptr<Transform> make_resize(const ConfigNode& node, Framework framework) {
    Reader reader(node);
    const PictureSize size = read_picture_size(reader);
    const bool is_one_number = reader.integers("size", {}).size() == 1;
    const ResampleMethod method = read_resample_method(reader, framework, Interpolation::bilinear);
    std::unique_ptr<Transform> made;
    if (framework == Framework::pytorch && is_one_number) {
        made = std::make_unique<ResizeShorterSide>(reader, size.height, method);
    } else {
        made = std::make_unique<Resize>(reader, size, method);
    }
    reader.finish();
    return made;
}

}  // namespace halftone
