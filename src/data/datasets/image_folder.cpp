// ImageFolder: a folder for each class, with the pictures of that class in it. Classes are numbered in the order of
// their names.

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/hash.hpp"
#include "config/reader.hpp"
#include "data/data_files.hpp"
#include "data/dataset.hpp"
#include "data/formats/picture.hpp"

namespace halftone {
namespace {

/// What of a file's begin and end decides about its identity: its header, and where a truncated copy differs.
constexpr std::uint64_t kHashedPictureBytes = 1024;

struct LabelledPicture {
    std::string path;
    std::string name;  ///< "class/file.jpg"
    std::int64_t label = 0;
};

class ImageFolder final : public Dataset {
public:
    explicit ImageFolder(std::vector<LabelledPicture> pictures) : pictures_(std::move(pictures)) {
        // Pictures differ in size, and grey ones have one channel where others have three.
        schema_.inputs = {{.name = "image", .type = {DType::u8, Shape{kSymbolic, kSymbolic, kSymbolic}}}};
        schema_.targets = {{.name = "label", .type = {DType::s64, Shape{}}}};
    }

    std::int64_t size() const override { return static_cast<std::int64_t>(pictures_.size()); }
    const Schema& schema() const override { return schema_; }

    Sample read(std::int64_t id) const override {
        HALFTONE_CHECK(id >= 0 && id < size(), "a sample's number lies in the data set");
        const LabelledPicture& picture = pictures_[static_cast<std::size_t>(id)];
        return {.id = id,
                .inputs = {decode_picture(read_data_file(picture.path), picture.path)},
                .targets = {Tensor::scalar<std::int64_t>(picture.label)}};
    }

    std::string place(std::int64_t id) const override { return pictures_[static_cast<std::size_t>(id)].path; }

    /// Of names, sizes, and each file's first and last bytes: decoding all pictures would take minutes.
    std::uint64_t content_hash() const override {
        Hasher hasher;
        for (const LabelledPicture& picture : pictures_) {
            hasher.add(std::string_view(picture.name));
            add_file(hasher, picture.path, kHashedPictureBytes);
        }
        return hasher.digest();
    }

private:
    std::vector<LabelledPicture> pictures_;
    Schema schema_;
};

}  // namespace

std::unique_ptr<Dataset> make_image_folder(const ConfigNode& node) {
    Reader reader(node);
    static_cast<void>(reader.required_text("root"));
    const std::string root = resolve_path(*reader.child("root"));
    reader.finish();
    const auto files = make_posix_file_system();
    require_folder("ImageFolder", root);
    std::vector<LabelledPicture> pictures;
    std::int64_t label = 0;
    // Both lists are sorted by name, so that every machine numbers classes and samples alike.
    for (const std::string& name : files->list(root)) {
        const std::string folder = root + "/" + name;
        if (!files->is_directory(folder)) continue;
        for (const std::string& file : files->list(folder)) {
            const std::string path = folder + "/" + file;
            if (!files->is_file(path) || !is_picture_file(path)) continue;
            pictures.push_back({path, name + "/" + file, label});
        }
        ++label;
    }
    if (pictures.empty()) {
        throw DataError("ImageFolder: " + root +
                        " holds no folders with JPEG or PNG pictures, one folder for each class");
    }
    return std::make_unique<ImageFolder>(std::move(pictures));
}

}  // namespace halftone
