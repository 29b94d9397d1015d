// COCORaw: COCO's pictures as files, with the boxes of its annotations. LPOT's targets are shares of the picture's size
// and names of categories; here they are pixels and COCO's ids, which is what every metric needs in the end.

#include <fmt/format.h>

#include "base/check.hpp"
#include "base/error.hpp"
#include "data/coco_pictures.hpp"
#include "data/data_files.hpp"
#include "data/formats/picture.hpp"

namespace halftone {
namespace {

class CocoRaw final : public Dataset {
public:
    explicit CocoRaw(CocoPictures pictures) : pictures_(std::move(pictures)) {
        // Three channels also where a picture is grey, as LPOT reads them: a fifth of a percent of COCO's are.
        schema_.inputs = {{.name = "image", .type = {DType::u8, Shape{kSymbolic, kSymbolic, 3}}}};
        schema_.targets = detection_fields(ImageIdKind::number);
    }

    std::int64_t size() const override { return static_cast<std::int64_t>(pictures_.pictures.size()); }
    const Schema& schema() const override { return schema_; }

    Sample read(std::int64_t id) const override {
        HALFTONE_CHECK(id >= 0 && id < size(), "a sample's number lies in the data set");
        const auto& [image, path] = pictures_.pictures[static_cast<std::size_t>(id)];
        Tensor picture = decode_rgb_picture(read_data_file(path), path);
        const PictureSize pixels{picture.shape()[0], picture.shape()[1]};
        // Boxes are in pixels of the picture that was annotated. They would be wrong without a word on any other.
        const bool is_other =
            (image.height != 0 && image.height != pixels.height) || (image.width != 0 && image.width != pixels.width);
        if (is_other) {
            throw DataError(fmt::format("{}: has {} x {} pixels, but images[{}] of {} says {} x {}", path, pixels.width,
                                        pixels.height, image.number, pictures_.annotation_path, image.width,
                                        image.height));
        }
        return {.id = id, .inputs = {std::move(picture)}, .targets = coco_targets(image, pixels, pixels)};
    }

    /// Without the picture: a filter that looks at boxes need not decode 100,000 of them. Where the JSON does not say
    /// the picture's size, only the picture does.
    Sample read_targets(std::int64_t id) const override {
        HALFTONE_CHECK(id >= 0 && id < size(), "a sample's number lies in the data set");
        const CocoImage& image = pictures_.pictures[static_cast<std::size_t>(id)].image;
        if (image.height <= 0 || image.width <= 0) return read(id);
        const PictureSize pixels{image.height, image.width};
        return {.id = id, .targets = coco_targets(image, pixels, pixels)};
    }

    std::uint64_t content_hash() const override { return pictures_.content_hash(); }
    std::string place(std::int64_t id) const override { return pictures_.pictures[static_cast<std::size_t>(id)].path; }

private:
    CocoPictures pictures_;
    Schema schema_;
};

}  // namespace

std::unique_ptr<Dataset> make_coco_raw(const ConfigNode& node) {
    Reader reader(node);
    return std::make_unique<CocoRaw>(read_coco_pictures(reader, "COCORaw", "img_dir", {""}));
}

}  // namespace halftone
