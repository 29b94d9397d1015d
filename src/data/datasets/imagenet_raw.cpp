// ImagenetRaw: a folder of pictures, and a list with a line "name label" for each. LPOT leaves out pictures that are
// not there; here they end the run, because a figure on half of the pictures is another figure.

#include <fmt/format.h>

#include <sstream>

#include "base/check.hpp"
#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/hash.hpp"
#include "base/path.hpp"
#include "base/text.hpp"
#include "config/reader.hpp"
#include "data/data_files.hpp"
#include "data/dataset.hpp"
#include "data/formats/picture.hpp"

namespace halftone {
namespace {

/// ImageNet's 1.3 million training pictures make a list of 60 MB.
constexpr std::uint64_t kMostListBytes = std::uint64_t{1} << 30U;
constexpr std::uint64_t kHashedRawPictureBytes = 1024;

struct ListedPicture {
    std::string name;
    std::int64_t label = 0;
};

/// The name ends where the last blank or tab stands, so that names may have blanks in them.
ListedPicture parse_list_line(std::string_view line, const std::string& place) {
    const std::size_t blank = line.find_last_of(" \t");
    const auto label = blank == std::string_view::npos ? std::nullopt : parse_int(line.substr(blank + 1));
    if (!label) throw DataError(place + ": must be a picture's name and its label, as in 'a.JPEG 65'");
    return {.name = std::string(trim(line.substr(0, blank))), .label = *label};
}

class ImagenetRaw final : public Dataset {
public:
    ImagenetRaw(std::string folder, std::vector<ListedPicture> pictures)
        : folder_(std::move(folder)), pictures_(std::move(pictures)) {
        schema_.inputs = {{.name = "image", .type = {DType::u8, Shape{kSymbolic, kSymbolic, 3}}}};
        schema_.targets = {{.name = "label", .type = {DType::s64, Shape{}}}};
    }

    std::int64_t size() const override { return static_cast<std::int64_t>(pictures_.size()); }
    const Schema& schema() const override { return schema_; }

    Sample read(std::int64_t id) const override {
        HALFTONE_CHECK(id >= 0 && id < size(), "a sample's number lies in the data set");
        const ListedPicture& picture = pictures_[static_cast<std::size_t>(id)];
        const std::string path = joined_path(folder_, picture.name);
        return {.id = id,
                .inputs = {decode_rgb_picture(read_data_file(path), path)},
                .targets = {Tensor::scalar(picture.label)}};
    }

    std::string place(std::int64_t id) const override {
        return joined_path(folder_, pictures_[static_cast<std::size_t>(id)].name);
    }

    std::uint64_t content_hash() const override {
        Hasher hasher;
        for (const ListedPicture& picture : pictures_) {
            // Names and labels count as well as pictures: a corrected label must not resume an old run.
            hasher.add(std::string_view(picture.name)).add(picture.label);
            add_file(hasher, joined_path(folder_, picture.name), kHashedRawPictureBytes);
        }
        return hasher.digest();
    }

private:
    std::string folder_;
    std::vector<ListedPicture> pictures_;
    Schema schema_;
};

/// LPOT's code says val.txt, its documents say val_map.txt.
std::string default_list(const std::string& folder) {
    const auto files = make_posix_file_system();
    for (const char* name : {"val.txt", "val_map.txt"}) {
        if (files->is_file(joined_path(folder, name))) return joined_path(folder, name);
    }
    throw DataError(
        fmt::format("ImagenetRaw: {0}/val.txt does not exist, nor {0}/val_map.txt; a list with a line 'name label' "
                    "for each picture belongs there, or where `image_list` says",
                    folder));
}

std::vector<ListedPicture> read_picture_list(const std::string& list, const std::string& folder) {
    const auto files = make_posix_file_system();
    if (!files->is_file(list)) throw DataError("ImagenetRaw: the list of pictures " + list + " does not exist");
    std::istringstream lines(files->read(list, kMostListBytes));
    std::vector<ListedPicture> pictures;
    std::string line;
    for (std::int64_t number = 1; std::getline(lines, line); ++number) {
        if (trim(line).empty()) continue;  // lines still count: the message must name the editor's line
        // All files are looked for now, not when their turn comes: an hour later is too late for a typing error.
        const std::string place = fmt::format("{}:{}", list, number);
        ListedPicture picture = parse_list_line(trim(line), place);
        try {
            const std::string path = path_in_folder(folder, picture.name);
            if (!files->is_file(path)) throw DataError("its picture " + path + " does not exist");
        } catch (DataError& error) {
            error.add_context(place);
            throw;
        }
        pictures.push_back(std::move(picture));
    }
    if (pictures.empty()) throw DataError(list + ": lists no pictures");
    return pictures;
}

}  // namespace

std::unique_ptr<Dataset> make_imagenet_raw(const ConfigNode& node) {
    Reader reader(node);
    static_cast<void>(reader.required_text("data_path"));
    const std::string folder = resolve_path(*reader.child("data_path"));
    const auto given = reader.optional_text("image_list");
    const std::string list = given ? resolve_path(*reader.child("image_list")) : "";
    reader.finish();
    require_folder("ImagenetRaw", folder);
    return std::make_unique<ImagenetRaw>(folder, read_picture_list(given ? list : default_list(folder), folder));
}

}  // namespace halftone
