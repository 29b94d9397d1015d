// Cast: to float32, which the pipeline's end does anyway.

#include "config/reader.hpp"
#include "data/convert.hpp"
#include "data/dataset.hpp"

namespace halftone {
namespace {

class Cast final : public Transform {
public:
    TensorType output_type(const TensorType& input) const override { return {DType::f32, input.shape}; }
    Tensor apply(const Tensor& input) const override { return to_floats(input); }
};

}  // namespace

std::unique_ptr<Transform> make_cast(const ConfigNode& node) {
    Reader reader(node);
    // Other types would be converted back at the end of the pipeline, with their digits lost.
    if (reader.text("dtype", "float32") != "float32") reader.fail("dtype", "must be float32, the only type built");
    reader.finish();
    return std::make_unique<Cast>();
}

}  // namespace halftone
