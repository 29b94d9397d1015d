// ToArray: LPOT's conversion of an image object to an array. Our samples are arrays: nothing changes.

#include "config/reader.hpp"
#include "data/input_transform.hpp"

namespace halftone {
namespace {

class ToArray final : public InputTransform {
public:
    explicit ToArray(Reader& reader) : InputTransform(reader) {}
    TensorType output_type(const TensorType& input) const override { return input; }
    Tensor change(const Tensor& input) const override { return input; }
};

}  // namespace

// Known only because LPOT's configs name it: there it turns a picture into an array, and here every sample is one.
std::unique_ptr<Transform> make_to_array(const ConfigNode& node) {
    Reader reader(node);
    auto made = std::make_unique<ToArray>(reader);
    reader.finish();
    return made;
}

}  // namespace halftone
