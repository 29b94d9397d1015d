// ToPILImage: bytes with the channels last, out of what ToTensor made: fp32 with the channels first, times 255, cut
// off. Bytes are a picture already. Source: torchvision.transforms.functional.to_pil_image.

#include "base/error.hpp"
#include "data/convert.hpp"
#include "data/input_transform.hpp"
#include "data/picture_size.hpp"

namespace halftone {
namespace {

class ToPilImage final : public InputTransform {
public:
    explicit ToPilImage(Reader& reader) : InputTransform(reader) {}

    TensorType output_type(const TensorType& input) const override {
        require_picture("ToPILImage", input);
        if (input.dtype == DType::u8) return input;
        return {DType::u8, Shape{input.shape[1], input.shape[2], input.shape[0]}};
    }

    Tensor change(const Tensor& input) const override {
        const TensorType type = output_type(input.type());
        if (input.dtype() == DType::u8) return input;
        Tensor scaled({DType::f32, type.shape});
        const auto from = input.as<float>();
        const auto to = scaled.mutable_view().as<float>();
        const auto channels = static_cast<std::size_t>(input.shape()[0]);
        const std::size_t pixels = channels == 0 ? 0 : from.size() / channels;
        // Element i lies in plane i / pixels; in the result, planes are the fastest axis.
        for (std::size_t i = 0; i < from.size(); ++i) to[i % pixels * channels + i / pixels] = from[i] * 255.0F;
        return cast_values(scaled, DType::u8);
    }
};

}  // namespace

std::unique_ptr<Transform> make_to_pil_image(const ConfigNode& node, Framework) {
    Reader reader(node);
    auto made = std::make_unique<ToPilImage>(reader);
    reader.finish();
    return made;
}

}  // namespace halftone
