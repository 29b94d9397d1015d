// Resize: pictures in another size, with Pillow's results.

#include "base/error.hpp"
#include "data/input_transform.hpp"
#include "data/picture_size.hpp"
#include "data/resample.hpp"

namespace halftone {
namespace {

class Resize final : public InputTransform {
public:
    Resize(Reader& reader, PictureSize size, Interpolation method)
        : InputTransform(reader), size_(size), method_(method) {}

    TensorType output_type(const TensorType& input) const override {
        require_picture("Resize", input);
        return {input.dtype, Shape{size_.height, size_.width, input.shape[2]}};
    }

    Tensor change(const Tensor& input) const override {
        require_picture("Resize", input.type());
        return resample(input, size_.height, size_.width, method_);
    }

private:
    PictureSize size_;
    Interpolation method_;
};

}  // namespace

std::unique_ptr<Transform> make_resize(const ConfigNode& node) {
    Reader reader(node);
    const PictureSize size = read_picture_size(reader);
    const auto method = reader.word("interpolation", kInterpolationNames, Interpolation::bilinear);
    auto made = std::make_unique<Resize>(reader, size, method);
    reader.finish();
    return made;
}

}  // namespace halftone
