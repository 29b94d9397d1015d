// style_transfer: every picture of content with every picture of style, both in one size and as shares of 255.
// LPOT computes a crop from crop_ratio and then does not use it; figures that were measured with LPOT have no crop, so
// there is none here.

#include <fmt/format.h>

#include "base/check.hpp"
#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "config/reader.hpp"
#include "data/data_files.hpp"
#include "data/dataset.hpp"
#include "data/formats/picture.hpp"
#include "data/picture_size.hpp"
#include "data/resample/resample.hpp"

namespace halftone {
namespace {

constexpr std::uint64_t kHashedStyleBytes = 1024;

class StyleTransfer final : public Dataset {
public:
    StyleTransfer(std::vector<std::string> contents, std::vector<std::string> styles, PictureSize size)
        : contents_(std::move(contents)), styles_(std::move(styles)), size_(size) {
        const TensorType type{DType::f32, Shape{size.height, size.width, 3}};
        schema_.inputs = {{.name = "content", .type = type}, {.name = "style", .type = type}};
        schema_.targets = {{.name = "label", .type = {DType::s64, Shape{}}}};  // 0, as LPOT's: there is no answer
    }

    std::int64_t size() const override { return static_cast<std::int64_t>(contents_.size() * styles_.size()); }
    const Schema& schema() const override { return schema_; }

    /// All styles of the first content, then those of the second, and so on.
    Sample read(std::int64_t id) const override {
        HALFTONE_CHECK(id >= 0 && id < size(), "a sample's number lies in the data set");
        const auto pair = static_cast<std::size_t>(id);  // decoded anew for each pair: none need stay in memory
        return {
            .id = id,
            .inputs = {read_picture(contents_[pair / styles_.size()]), read_picture(styles_[pair % styles_.size()])},
            .targets = {Tensor::scalar<std::int64_t>(0)}};
    }

    std::uint64_t content_hash() const override {
        Hasher hasher;
        for (const auto* paths : {&contents_, &styles_}) {
            for (const std::string& path : *paths) {
                hasher.add(std::string_view(path).substr(path.rfind('/') + 1));
                add_file(hasher, path, kHashedStyleBytes);
            }
            hasher.add(paths->size());
        }
        return hasher.add(size_.height).add(size_.width).digest();
    }

private:
    /// Bicubic, which is what Pillow's resize does when nobody says how.
    [[nodiscard]] Tensor read_picture(const std::string& path) const {
        const Tensor bytes = resample(decode_rgb_picture(read_data_file(path), path), size_.height, size_.width,
                                      {Resampler::pillow, Interpolation::bicubic});
        Tensor shares({DType::f32, bytes.shape()});
        const auto from = bytes.as<std::uint8_t>();
        const auto to = shares.mutable_view().as<float>();
        for (std::size_t i = 0; i < from.size(); ++i) to[i] = static_cast<float>(from[i]) / 255.0F;
        return shares;
    }

    std::vector<std::string> contents_;
    std::vector<std::string> styles_;
    PictureSize size_;
    Schema schema_;
};

/// Returns the files of a folder whose names end as `image_format` says, in the order of their names.
std::vector<std::string> pictures_in(const std::string& folder, const std::string& ending) {
    require_folder("style_transfer", folder);
    const auto files = make_posix_file_system();
    std::vector<std::string> paths;
    for (const std::string& name : files->list(folder)) {
        if (name.ends_with(ending) && files->is_file(folder + "/" + name)) paths.push_back(folder + "/" + name);
    }
    if (paths.empty()) throw DataError(fmt::format("style_transfer: {} holds no pictures *{}", folder, ending));
    return paths;
}

std::string folder_of(Reader& reader, const char* key) {
    static_cast<void>(reader.required_text(key));
    return resolve_path(*reader.child(key));
}

}  // namespace

std::unique_ptr<Dataset> make_style_transfer(const ConfigNode& node) {
    Reader reader(node);
    const std::string contents = folder_of(reader, "content_folder");
    const std::string styles = folder_of(reader, "style_folder");
    static_cast<void>(reader.number("crop_ratio", 0.1));  // LPOT's, without effect there too
    const std::vector<std::int64_t> size = reader.integers("resize_shape", {256, 256});
    if (size.size() != 2 || size[0] < 1 || size[1] < 1 || size[0] > 1 << 16 || size[1] > 1 << 16) {
        reader.fail("resize_shape", "must be [height, width], each from 1 to 65536");
    }
    const std::string ending = reader.text("image_format", "jpg");
    reader.finish();
    return std::make_unique<StyleTransfer>(pictures_in(contents, ending), pictures_in(styles, ending),
                                           PictureSize{size[0], size[1]});
}

}  // namespace halftone
