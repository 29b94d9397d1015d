// Cast: to float32, which the pipeline's end does anyway.

#include "config/reader.hpp"
#include "data/convert.hpp"
#include "data/input_transform.hpp"

namespace halftone {
namespace {

class Cast final : public InputTransform {
public:
    explicit Cast(Reader& reader) : InputTransform(reader) {}
    TensorType output_type(const TensorType& input) const override { return {DType::f32, input.shape}; }
    Tensor change(const Tensor& input) const override { return to_floats(input); }
};

}  // namespace

std::unique_ptr<Transform> make_cast(const ConfigNode& node) {
    Reader reader(node);
    // Other types would be converted back at the end of the pipeline, with their digits lost.
    if (reader.text("dtype", "float32") != "float32") reader.fail("dtype", "must be float32, the only type built");
    auto made = std::make_unique<Cast>(reader);
    reader.finish();
    return made;
}

}  // namespace halftone
