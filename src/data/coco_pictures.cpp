#include "data/coco_pictures.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/hash.hpp"
#include "base/path.hpp"
#include "data/data_files.hpp"

namespace halftone {
namespace {

constexpr std::uint64_t kHashedCocoPictureBytes = 1024;
/// The annotations of another split differ in size already; those that were corrected, near begin or end or not at all.
constexpr std::uint64_t kHashedAnnotationBytes = std::uint64_t{64} << 10U;

/// Finds the file of an entry. @throws DataError when there is none
std::string file_of_entry(const CocoImage& image, const std::string& folder, const std::vector<std::string>& suffixes,
                          const std::string& annotation_path) {
    const std::string entry = fmt::format("{}: images[{}] (id {})", annotation_path, image.number, image.id);
    const auto files = make_posix_file_system();
    std::string wanted;
    try {
        for (const std::string& suffix : suffixes) {
            const std::string path = path_in_folder(folder, image.file_name + suffix);
            if (files->is_file(path)) return path;
            if (wanted.empty()) wanted = path;
        }
    } catch (DataError& error) {
        error.add_context(entry);
        throw;
    }
    throw DataError(
        fmt::format("{}: its picture {} does not exist; it belongs there (nothing is downloaded)", entry, wanted));
}

}  // namespace

CocoPictures read_coco_pictures(Reader& reader, const std::string& dataset, const char* folder_key,
                                const std::vector<std::string>& suffixes) {
    static_cast<void>(reader.required_text("root"));
    const std::string root = resolve_path(*reader.child("root"));
    const std::string folder = joined_path(root, reader.text(folder_key, "val2017"));
    const std::string annotation_name = reader.text("anno_dir", "annotations/instances_val2017.json");
    // How many threads decode in LPOT; here that is the executor's to say.
    static_cast<void>(reader.integer("num_cores", 28, 1));
    reader.finish();
    // From the outside to the inside, so that the message names the outermost thing that is missing.
    require_folder(dataset, root);
    require_folder(dataset, folder);
    CocoPictures found{.annotation_path = joined_path(root, annotation_name), .pictures = {}, .taken = {}};
    if (!make_posix_file_system()->is_file(found.annotation_path)) {
        throw DataError(fmt::format("{}: {} does not exist; COCO's annotations belong there, or where `anno_dir` says",
                                    dataset, found.annotation_path));
    }
    CocoAnnotations annotations = read_coco_json(found.annotation_path);
    for (CocoImage& image : annotations.images) {
        // LPOT leaves these out: its boxes could not be an array. Their files are not looked for either.
        if (image.boxes.empty()) continue;
        std::string path = file_of_entry(image, folder, suffixes, found.annotation_path);
        found.pictures.push_back({std::move(image), std::move(path)});
    }
    found.taken = std::move(annotations.taken);
    if (found.pictures.empty()) throw DataError(found.annotation_path + ": no picture has a box");
    return found;
}

std::uint64_t CocoPictures::content_hash() const {
    Hasher hasher;
    add_file(hasher, annotation_path, kHashedAnnotationBytes);
    for (const AnnotatedPicture& picture : pictures) {
        hasher.add(std::string_view(picture.image.file_name));
        add_file(hasher, picture.path, kHashedCocoPictureBytes);
    }
    return hasher.digest();
}

std::vector<FieldValue> coco_targets(const CocoImage& image, PictureSize size, PictureSize original) {
    const double vertical = static_cast<double>(size.height) / static_cast<double>(original.height);
    const double horizontal = static_cast<double>(size.width) / static_cast<double>(original.width);
    Detections found;
    for (const CocoBox& box : image.boxes) {
        // In double: a sum of two rounded numbers would be another one than COCO's own tools compute.
        const auto& [x, y, width, height] = box.corner_and_size;
        for (const double corner : {y * vertical, x * horizontal, (y + height) * vertical, (x + width) * horizontal}) {
            found.boxes.push_back(static_cast<float>(corner));
        }
        found.labels.push_back(box.category);
        found.crowd.push_back(box.is_crowd ? 1 : 0);
        found.area.push_back(static_cast<float>(box.area));
    }
    return detection_targets(found, Tensor::scalar<std::int64_t>(image.id), size, original);
}

}  // namespace halftone
