// ToTensor: a picture [height, width, channels] as [channels, height, width] in fp32; uint8 is divided by 255. Source:
// torchvision.transforms.functional.to_tensor.

#include "data/convert.hpp"
#include "data/input_transform.hpp"
#include "data/picture_size.hpp"

namespace halftone {
namespace {

class ToTensor final : public InputTransform {
public:
    explicit ToTensor(Reader& reader) : InputTransform(reader) {}

    TensorType output_type(const TensorType& input) const override {
        require_picture("ToTensor", input);
        return {DType::f32, Shape{input.shape[2], input.shape[0], input.shape[1]}};
    }

    Tensor change(const Tensor& input) const override {
        Tensor output(output_type(input.type()));
        const Tensor floats = to_floats(input);
        const auto from = floats.as<float>();
        const auto to = output.mutable_view().as<float>();
        const auto channels = static_cast<std::size_t>(input.shape()[2]);
        const std::size_t pixels = channels == 0 ? 0 : from.size() / channels;
        // Only bytes are pictures of 0 to 255; numbers of fp32 are taken as they are.
        const float divisor = input.dtype() == DType::u8 ? 255.0F : 1.0F;
        for (std::size_t c = 0; c < channels; ++c) {
            for (std::size_t i = 0; i < pixels; ++i) to[c * pixels + i] = from[i * channels + c] / divisor;
        }
        return output;
    }
};

}  // namespace

std::unique_ptr<Transform> make_to_tensor(const ConfigNode& node, Framework) {
    Reader reader(node);
    auto made = std::make_unique<ToTensor>(reader);
    reader.finish();
    return made;
}

}  // namespace halftone
