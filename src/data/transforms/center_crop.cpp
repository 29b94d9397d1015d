// CenterCrop: the middle of a picture. Where the rest cannot be halved, the smaller half is above and to the left.

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "data/input_transform.hpp"
#include "data/picture_size.hpp"

namespace halftone {
namespace {

class CenterCrop final : public InputTransform {
public:
    CenterCrop(Reader& reader, PictureSize size) : InputTransform(reader), size_(size) {}

    TensorType output_type(const TensorType& input) const override {
        require_picture("CenterCrop", input);
        // An open size may fit or not: each picture tells.
        const auto is_too_small = [](std::int64_t side, std::int64_t wanted) {
            return side != kSymbolic && side < wanted;
        };
        if (is_too_small(input.shape[0], size_.height) || is_too_small(input.shape[1], size_.width)) {
            throw DataError(fmt::format("CenterCrop: {} x {} does not fit into the picture {}", size_.height,
                                        size_.width, input.shape.to_text()));
        }
        return {input.dtype, Shape{size_.height, size_.width, input.shape[2]}};
    }

    Tensor change(const Tensor& input) const override {
        Tensor output(output_type(input.type()));
        const Shape& shape = input.shape();
        const std::int64_t top = (shape[0] - size_.height) / 2;
        const std::int64_t left = (shape[1] - size_.width) / 2;
        const std::size_t pixel = static_cast<std::size_t>(shape[2]) * size_of(input.dtype());
        const std::size_t row_bytes = static_cast<std::size_t>(size_.width) * pixel;
        std::byte* to = output.mutable_view().data;
        for (std::int64_t y = 0; y < size_.height; ++y, to += row_bytes) {
            const auto first = static_cast<std::size_t>((top + y) * shape[1] + left);
            std::copy_n(input.view().data + first * pixel, row_bytes, to);
        }
        return output;
    }

private:
    PictureSize size_;
};

}  // namespace

std::unique_ptr<Transform> make_center_crop(const ConfigNode& node) {
    Reader reader(node);
    const PictureSize size = read_picture_size(reader);
    auto made = std::make_unique<CenterCrop>(reader, size);
    reader.finish();
    return made;
}

}  // namespace halftone
