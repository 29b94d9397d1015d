// Rescale: x / 255 in fp32, for 8-bit images.

#include <algorithm>
#include <array>
#include <cstdint>

#include "config/reader.hpp"
#include "data/convert.hpp"
#include "data/input_transform.hpp"

namespace halftone {
namespace {

class Rescale final : public InputTransform {
public:
    explicit Rescale(Reader& reader) : InputTransform(reader) {
        for (std::size_t byte = 0; byte < of_byte_.size(); ++byte) of_byte_[byte] = static_cast<float>(byte) / 255.0F;
    }
    TensorType output_type(const TensorType& input) const override { return {DType::f32, input.shape}; }

    // A division and no product with 1 / 255, for the same bits as NumPy.
    Tensor change(const Tensor& input) const override {
        Tensor output({DType::f32, input.shape()});
        const auto values = output.mutable_view().as<float>();
        if (input.dtype() == DType::u8) {
            // A byte has 256 quotients, and looking one up is much cheaper than a conversion and a division.
            std::ranges::transform(input.as<std::uint8_t>(), values.begin(),
                                   [&](std::uint8_t byte) { return of_byte_[byte]; });
            return output;
        }
        write_floats(input.view(), values);
        for (float& value : values) value /= 255.0F;
        return output;
    }

private:
    std::array<float, 256> of_byte_{};  ///< byte / 255 for each byte
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
