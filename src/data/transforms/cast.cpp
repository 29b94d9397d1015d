// Cast: elements of another type. Fractions are cut towards zero, as NumPy's astype does.

#include "base/enum_names.hpp"
#include "data/convert.hpp"
#include "data/input_transform.hpp"

namespace halftone {
namespace {

// The words are NumPy's, as in LPOT.
constexpr EnumNames<DType, 6> kCastTypes{{{{DType::f32, "float32"},
                                           {DType::u8, "uint8"},
                                           {DType::s8, "int8"},
                                           {DType::s32, "int32"},
                                           {DType::s64, "int64"},
                                           {DType::boolean, "bool"}}}};

class Cast final : public InputTransform {
public:
    Cast(Reader& reader, DType dtype) : InputTransform(reader), dtype_(dtype) {}
    TensorType output_type(const TensorType& input) const override { return {dtype_, input.shape}; }
    Tensor change(const Tensor& input) const override { return cast_values(input, dtype_); }

private:
    DType dtype_;
};

}  // namespace

std::unique_ptr<Transform> make_cast(const ConfigNode& node, Framework) {
    Reader reader(node);
    const DType dtype = reader.word("dtype", kCastTypes, DType::f32);
    auto made = std::make_unique<Cast>(reader, dtype);
    reader.finish();
    return made;
}

}  // namespace halftone
