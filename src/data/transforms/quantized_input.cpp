// QuantizedInput: codes for a model whose input is quantized: x * scale, plus 128 for uint8, cut towards zero. Without
// `scale` nothing changes: LPOT's configs name it before the scale is known. Source: LPOT.

#include <cmath>

#include "base/enum_names.hpp"
#include "data/convert.hpp"
#include "data/input_transform.hpp"

namespace halftone {
namespace {

constexpr EnumNames<DType, 2> kCodeTypes{{{{DType::s8, "int8"}, {DType::u8, "uint8"}}}};

class QuantizedInput final : public InputTransform {
public:
    QuantizedInput(Reader& reader, DType dtype, std::optional<float> scale)
        : InputTransform(reader), dtype_(dtype), scale_(scale) {}

    TensorType output_type(const TensorType& input) const override {
        return scale_ ? TensorType{dtype_, input.shape} : input;
    }
    Tensor change(const Tensor& input) const override {
        if (!scale_) return input;
        Tensor scaled({DType::f32, input.shape()});
        const auto values = scaled.mutable_view().as<float>();
        write_floats(input.view(), values);
        const float zero_point = dtype_ == DType::u8 ? 128.0F : 0.0F;
        for (float& value : values) value = value * *scale_ + zero_point;
        // What lies beyond the codes becomes the nearest one. TensorFlow's cast leaves that open.
        return cast_values(scaled, dtype_);
    }

private:
    DType dtype_;
    std::optional<float> scale_;
};

}  // namespace

std::unique_ptr<Transform> make_quantized_input(const ConfigNode& node, Framework) {
    Reader reader(node);
    const DType dtype = reader.word("dtype", kCodeTypes, DType::s8);
    std::optional<float> scale;
    if (const auto given = reader.optional_text("scale"); given && *given != "None") {
        scale = static_cast<float>(reader.number("scale", 1));
        if (!std::isfinite(*scale)) reader.fail("scale", "must be a finite number");
    }
    auto made = std::make_unique<QuantizedInput>(reader, dtype, scale);
    reader.finish();
    return made;
}

}  // namespace halftone
