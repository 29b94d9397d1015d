// SegmentationFolder: a folder of pictures, and a folder with a mask for each of them. A mask is a PNG file whose
// pixels are class numbers; its name follows from that of the picture.
//
//   find_pictures, read_stem_list   which pictures there are: all of the folder, or those that a list names
//   pair_with_masks                 the mask of each; all that are missing are told of at once
//   SegmentationFolder::read        decodes both

#include <fmt/format.h>

#include <array>
#include <sstream>
#include <utility>

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

constexpr std::uint64_t kHashedMaskBytes = 1024;
constexpr std::uint64_t kMostStemListBytes = std::uint64_t{1} << 30U;
/// Cityscapes has a folder for each city; a link that leads in a circle must not be followed for ever.
constexpr int kMostFolderDepth = 8;
/// mIOU and the transforms take it for pixels of no class.
constexpr std::uint8_t kUnlistedPixel = 255;
constexpr std::array<const char*, 6> kPictureEndings{".jpg", ".jpeg", ".png", ".JPG", ".JPEG", ".PNG"};

/// The class of each pixel value of a mask.
using ClassTable = std::array<std::uint8_t, 256>;

/// What of the section says where the files are.
struct MaskedFolder {
    std::string images;
    std::string masks;
    std::string image_suffix;  ///< end of the pictures' names, before the dot
    std::string mask_suffix;   ///< what stands in its place in the masks' names

    /// Masks may lie beside the pictures: then their names alone tell them apart.
    [[nodiscard]] bool is_one_folder() const { return plain_path(images) == plain_path(masks); }
};

struct MaskedPicture {
    std::string picture;  ///< both relative to their folders
    std::string mask;
};

std::string without_ending(const std::string& name) { return name.substr(0, name.rfind('.')); }

class SegmentationFolder final : public Dataset {
public:
    SegmentationFolder(MaskedFolder folder, std::vector<MaskedPicture> pictures, const ClassTable& classes)
        : folder_(std::move(folder)), pictures_(std::move(pictures)), classes_(classes) {
        // Pictures differ in size, and grey ones have one channel where others have three.
        schema_.inputs = {{.name = "image", .type = {DType::u8, Shape{kSymbolic, kSymbolic, kSymbolic}}}};
        schema_.targets = {{.name = "mask", .type = {DType::u8, Shape{kSymbolic, kSymbolic}}}};
    }

    std::int64_t size() const override { return static_cast<std::int64_t>(pictures_.size()); }
    const Schema& schema() const override { return schema_; }

    Sample read(std::int64_t id) const override {
        const std::string path = place(id);
        const std::string mask_path = targets_place(id);
        Tensor picture = decode_picture(read_data_file(path), path);
        Tensor mask = decode_class_mask(read_data_file(mask_path), mask_path);
        if (mask.shape()[0] != picture.shape()[0] || mask.shape()[1] != picture.shape()[1]) {
            throw DataError(fmt::format("{}: has {} x {} pixels, but its picture {} has {} x {}", mask_path,
                                        mask.shape()[1], mask.shape()[0], path, picture.shape()[1],
                                        picture.shape()[0]));
        }
        for (std::uint8_t& pixel : mask.mutable_view().as<std::uint8_t>()) pixel = classes_[pixel];
        return {.id = id, .inputs = {std::move(picture)}, .targets = {std::move(mask)}};
    }

    std::string place(std::int64_t id) const override { return joined_path(folder_.images, at(id).picture); }
    std::string targets_place(std::int64_t id) const override { return joined_path(folder_.masks, at(id).mask); }

    /// Of names, sizes, and each file's first and last bytes: decoding all pictures would take minutes.
    std::uint64_t content_hash() const override {
        Hasher hasher;
        for (const MaskedPicture& pair : pictures_) {
            hasher.add(std::string_view(pair.picture)).add(std::string_view(pair.mask));
            add_file(hasher, joined_path(folder_.images, pair.picture), kHashedMaskBytes);
            add_file(hasher, joined_path(folder_.masks, pair.mask), kHashedMaskBytes);
        }
        for (const std::uint8_t number : classes_) hasher.add(number);
        return hasher.digest();
    }

private:
    [[nodiscard]] const MaskedPicture& at(std::int64_t id) const {
        HALFTONE_CHECK(id >= 0 && id < size(), "a sample's number lies in the data set");
        return pictures_[static_cast<std::size_t>(id)];
    }

    MaskedFolder folder_;
    std::vector<MaskedPicture> pictures_;
    ClassTable classes_;
    Schema schema_;
};

/// Adds the pictures of a folder and of those in it, in the order of their names.
/// @param below  the folder, relative to `folder.images`; empty: that folder itself
void find_pictures(const FileSystem& files, const MaskedFolder& folder, const std::string& below, int depth,
                   std::vector<std::string>& found) {
    const std::string here = joined_path(folder.images, below);
    if (depth > kMostFolderDepth)
        throw DataError(
            fmt::format("{}: lies too deep; folders in folders are read to a depth of {}", here, kMostFolderDepth));
    const bool has_masks = folder.is_one_folder();
    for (const std::string& name : files.list(here)) {
        const std::string relative = below.empty() ? name : below + "/" + name;
        const std::string path = joined_path(folder.images, relative);
        if (files.is_directory(path)) {
            find_pictures(files, folder, relative, depth + 1, found);
        } else if (is_picture_file(path) && without_ending(name).ends_with(folder.image_suffix) &&
                   !(has_masks && without_ending(name).ends_with(folder.mask_suffix))) {
            found.push_back(relative);
        }
    }
}

/// Reads a list of pictures: a name in each line, with or without its ending, relative to the folder.
std::vector<std::string> read_stem_list(const FileSystem& files, const MaskedFolder& folder, const std::string& list) {
    if (!files.is_file(list)) throw DataError("SegmentationFolder: the list of pictures " + list + " does not exist");
    std::istringstream lines(files.read(list, kMostStemListBytes));
    std::vector<std::string> found;
    std::string line;
    for (std::int64_t number = 1; std::getline(lines, line); ++number) {
        const std::string name(trim(line));
        if (name.empty()) continue;
        const std::string place = fmt::format("{}:{}", list, number);
        try {
            const std::string path = path_in_folder(folder.images, name);
            std::string picture = files.is_file(path) ? name : "";
            for (const char* ending : kPictureEndings) {
                if (picture.empty() && files.is_file(path + ending)) picture = name + ending;
            }
            if (picture.empty())
                throw DataError(fmt::format("its picture {}.jpg (or .jpeg, .png) does not exist", path));
            found.push_back(picture);
        } catch (DataError& error) {
            error.add_context(place);
            throw;
        }
    }
    return found;
}

/// A picture without its mask ends the run: a figure on half of the pictures is another figure.
std::vector<MaskedPicture> pair_with_masks(const FileSystem& files, const MaskedFolder& folder,
                                           const std::vector<std::string>& pictures) {
    std::vector<MaskedPicture> pairs;
    std::vector<std::string> missing;
    for (const std::string& picture : pictures) {
        std::string stem = without_ending(picture);
        if (stem.ends_with(folder.image_suffix)) stem.resize(stem.size() - folder.image_suffix.size());
        MaskedPicture pair{.picture = picture, .mask = stem + folder.mask_suffix + ".png"};
        const std::string path = joined_path(folder.masks, pair.mask);
        if (files.is_file(path))
            pairs.push_back(std::move(pair));
        else
            missing.push_back(path);
    }
    if (missing.empty()) return pairs;
    const std::string others = missing.size() == 1 ? "" : fmt::format(", nor do {} more", missing.size() - 1);
    throw DataError(fmt::format(
        "SegmentationFolder: pictures without a mask: {} of {}; {} does not exist{}. A mask is a PNG file with the "
        "name "
        "of its picture; `mask_suffix` says what stands behind the name, and `list` names the pictures that have masks",
        missing.size(), pictures.size(), missing.front(), others));
}

/// Reads `values`: the pixel value of class 0, of class 1, and so on. Without it, pixels are class numbers.
ClassTable read_class_values(Reader& reader) {
    ClassTable classes{};
    for (std::size_t value = 0; value < classes.size(); ++value) classes[value] = static_cast<std::uint8_t>(value);
    const std::vector<std::int64_t> values = reader.integers("values", {});
    if (values.empty()) return classes;
    if (values.size() > kUnlistedPixel) reader.fail("values", "must have at most 255 numbers, one for each class");
    classes.fill(kUnlistedPixel);
    for (std::size_t number = 0; number < values.size(); ++number) {
        if (values[number] < 0 || values[number] > 255) reader.fail("values", "must be numbers from 0 to 255");
        std::uint8_t& entry = classes[static_cast<std::size_t>(values[number])];
        if (entry != kUnlistedPixel)
            reader.fail("values", fmt::format("must have each number once, not {} again", values[number]));
        entry = static_cast<std::uint8_t>(number);
    }
    return classes;
}

std::string folder_setting(Reader& reader, const char* key) {
    static_cast<void>(reader.required_text(key));
    return resolve_path(*reader.child(key));
}

}  // namespace

std::unique_ptr<Dataset> make_segmentation_folder(const ConfigNode& node) {
    Reader reader(node);
    MaskedFolder folder{.images = folder_setting(reader, "images"),
                        .masks = folder_setting(reader, "masks"),
                        .image_suffix = reader.text("image_suffix", ""),
                        .mask_suffix = reader.text("mask_suffix", "")};
    const std::string list = reader.optional_text("list") ? resolve_path(*reader.child("list")) : "";
    const ClassTable classes = read_class_values(reader);
    if (folder.is_one_folder() && folder.image_suffix == folder.mask_suffix) {
        reader.fail("masks", "must be another folder than `images`, or `mask_suffix` must tell masks from pictures");
    }
    reader.finish();
    for (const std::string& path : {folder.images, folder.masks}) require_folder("SegmentationFolder", path);
    const auto files = make_posix_file_system();
    std::vector<std::string> pictures;
    if (list.empty())
        find_pictures(*files, folder, "", 0, pictures);
    else
        pictures = read_stem_list(*files, folder, list);
    if (pictures.empty()) {
        throw DataError(list.empty()
                            ? "SegmentationFolder: " + folder.images + " holds no JPEG or PNG pictures" +
                                  (folder.image_suffix.empty() ? "" : " whose names end in " + folder.image_suffix)
                            : list + ": lists no pictures");
    }
    return std::make_unique<SegmentationFolder>(folder, pair_with_masks(*files, folder, pictures), classes);
}

}  // namespace halftone
