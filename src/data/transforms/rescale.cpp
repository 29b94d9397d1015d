// Rescale: x / 255 in fp32, for 8-bit images.

#include "config/reader.hpp"
#include "data/convert.hpp"
#include "data/input_transform.hpp"

namespace halftone {
namespace {

class Rescale final : public InputTransform {
public:
    explicit Rescale(Reader& reader) : InputTransform(reader) {}
    TensorType output_type(const TensorType& input) const override { return {DType::f32, input.shape}; }

    // A division and no product with 1 / 255, for the same bits as NumPy.
    Tensor change(const Tensor& input) const override {
        Tensor output({DType::f32, input.shape()});
        const auto values = output.mutable_view().as<float>();
        write_floats(input.view(), values);
        for (float& value : values) value /= 255.0F;
        return output;
    }
};

}  // namespace

// No settings: LPOT's Rescale always divides by 255.
std::unique_ptr<Transform> make_rescale(const ConfigNode& node, Framework) {
    Reader reader(node);
    auto made = std::make_unique<Rescale>(reader);
    reader.finish();
    return made;
}

}  // namespace halftone
