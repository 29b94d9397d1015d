// COCONpy: COCO's pictures as arrays that somebody preprocessed, NAME.jpg.npy for each, with the boxes of its
// annotations. Boxes move with the size of the array; that it was resized as a whole is the data's promise.

#include <fmt/format.h>

#include <algorithm>

#include "base/check.hpp"
#include "base/error.hpp"
#include "base/file_system.hpp"
#include "data/coco_pictures.hpp"
#include "tensor/npy.hpp"

namespace halftone {
namespace {

constexpr std::uint64_t kMostPictureArrayBytes = std::uint64_t{1} << 30U;

/// Returns what the .npy file says that it holds, without its values.
TensorType type_of_array(const std::string& path) {
    const auto files = make_posix_file_system();
    const std::uint64_t bytes = files->size(path);
    return parse_npy_header(files->read_part(path, 0, std::min(bytes, kMostNpyHeaderBytes)), path).type;
}

/// The size of a picture in an array: three or one channels stand first or last.
PictureSize pixels_of(const Shape& shape, const std::string& path) {
    const auto are_channels = [](std::int64_t size) { return size == 1 || size == 3; };
    const bool is_picture = shape.rank() == 3 && (are_channels(shape[0]) || are_channels(shape[2]));
    if (!is_picture || shape.elements() == 0) {
        throw DataError(
            fmt::format("{}: has the shape {}; a picture is [channels, height, width] or [height, width, "
                        "channels] with 1 or 3 channels",
                        path, shape.to_text()));
    }
    return are_channels(shape[0]) ? PictureSize{shape[1], shape[2]} : PictureSize{shape[0], shape[1]};
}

class CocoNpy final : public Dataset {
public:
    explicit CocoNpy(CocoPictures pictures) : pictures_(std::move(pictures)) {
        TensorType type = type_of_array(pictures_.pictures.front().path);
        // Sizes that are the same in all files bind the model's; others are open.
        for (const auto& [image, path] : pictures_.pictures) {
            const Shape other = type_of_array(path).shape;
            for (std::size_t d = 0; d < type.shape.rank() && other.rank() == type.shape.rank(); ++d) {
                if (other[d] != type.shape[d]) type.shape[d] = kSymbolic;
            }
        }
        schema_.inputs = {{.name = "image", .type = std::move(type)}};
        schema_.targets = detection_fields(ImageIdKind::number);
    }

    std::int64_t size() const override { return static_cast<std::int64_t>(pictures_.pictures.size()); }
    const Schema& schema() const override { return schema_; }

    Sample read(std::int64_t id) const override {
        HALFTONE_CHECK(id >= 0 && id < size(), "a sample's number lies in the data set");
        const auto& [image, path] = pictures_.pictures[static_cast<std::size_t>(id)];
        Tensor picture = read_array(path);
        const PictureSize pixels = pixels_of(picture.shape(), path);
        const bool says_size = image.height > 0 && image.width > 0;
        const PictureSize original = says_size ? PictureSize{image.height, image.width} : pixels;
        return {.id = id, .inputs = {std::move(picture)}, .targets = coco_targets(image, pixels, original)};
    }

    std::uint64_t content_hash() const override { return pictures_.content_hash(); }
    std::string place(std::int64_t id) const override { return pictures_.pictures[static_cast<std::size_t>(id)].path; }

private:
    [[nodiscard]] Tensor read_array(const std::string& path) const {
        Tensor array;
        try {
            array = from_npy(make_posix_file_system()->read(path, kMostPictureArrayBytes), path);
        } catch (const IoError& error) {
            throw DataError(error.what());  // it was there when the data set was opened: the data's fault
        }
        const TensorType& expected = schema_.inputs.front().type;
        if (array.dtype() != expected.dtype || array.shape().rank() != expected.shape.rank()) {
            throw DataError(fmt::format("{}: is an array {}, but the first picture is {}", path,
                                        to_text({{.name = "", .type = array.type()}}),
                                        to_text({{.name = "", .type = expected}})));
        }
        return array;
    }

    CocoPictures pictures_;
    Schema schema_;
};

}  // namespace

std::unique_ptr<Dataset> make_coco_npy(const ConfigNode& node) {
    Reader reader(node);
    return std::make_unique<CocoNpy>(read_coco_pictures(reader, "COCONpy", "npy_dir", {".npy"}));
}

}  // namespace halftone
