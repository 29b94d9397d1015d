// ToArray: LPOT's conversion of an image object to an array. Our samples are arrays: nothing changes.

#include "config/reader.hpp"
#include "data/dataset.hpp"

namespace halftone {
namespace {

class ToArray final : public Transform {
public:
    TensorType output_type(const TensorType& input) const override { return input; }
    Tensor apply(const Tensor& input) const override { return input; }
};

}  // namespace

// Known only because LPOT's configs name it: there it turns a picture into an array, and here every sample is one.
std::unique_ptr<Transform> make_to_array(const ConfigNode& node) {
    Reader(node).finish();
    return std::make_unique<ToArray>();
}

}  // namespace halftone
