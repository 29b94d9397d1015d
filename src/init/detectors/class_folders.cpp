// A folder for each class, with its pictures: root/cat/1.jpg. With root/train/cat/1.jpg and root/val/cat/1.jpg, two of
// them. A folder of pictures without classes is taken as a single class, if it can be: then there are no labels.

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/path.hpp"
#include "base/text.hpp"
#include "data/dataset.hpp"
#include "data/formats/picture.hpp"
#include "init/found_data.hpp"
#include "init/picture_input.hpp"

namespace halftone {
namespace {

constexpr std::uint64_t kMostPictureFile = std::uint64_t{256} << 20U;
/// Pictures that are opened to see channels, and to measure mean and deviation of grey ones.
constexpr std::size_t kLookedAt = 500;
constexpr std::size_t kLookedAtPerClass = 20;

/// The kinds that ImageFolder reads; it refuses others by itself, which the dry run shows.
bool is_picture_name(const std::string& name) {
    return has_extension(name, ".jpg") || has_extension(name, ".jpeg") || has_extension(name, ".png");
}

struct ClassFolders {
    std::int64_t classes = 0;
    std::int64_t pictures = 0;
    std::vector<std::string> first;  ///< paths of a few pictures of each of the first classes
    std::vector<std::string> empty;  ///< folders without a picture
};

/// Names only: whether they can be decoded is seen later.
std::vector<std::string> pictures_in(const FileSystem& files, const std::string& folder) {
    std::vector<std::string> names = files.list(folder);
    std::erase_if(names, [](const std::string& name) { return !is_picture_name(name); });
    return names;
}

ClassFolders count_classes(const FileSystem& files, const std::string& root) {
    ClassFolders found;
    for (const std::string& name : files.list(root)) {
        const std::string folder = below(root, name);
        if (!files.is_directory(folder)) continue;
        const std::vector<std::string> pictures = pictures_in(files, folder);
        // ImageFolder numbers every folder, so an empty one is a class, too.
        ++found.classes;
        found.pictures += static_cast<std::int64_t>(pictures.size());
        if (pictures.empty()) found.empty.push_back(folder);
        // Some of each class: one class alone may be darker or lighter than all.
        for (std::size_t i = 0; i < std::min(pictures.size(), kLookedAtPerClass); ++i) {
            if (found.first.size() < kLookedAt) found.first.push_back(below(folder, pictures[i]));
        }
    }
    return found;
}

/// Channels of a few pictures, and mean and deviation of their pixels; ImageFolder says nothing of sizes before it
/// reads a picture, so only a Resize gives samples of a known size.
/// @param bad  gets why pictures cannot be decoded, a reason for each
PictureSamples look_at_pictures(const FileSystem& files, const std::vector<std::string>& paths,
                                std::vector<std::string>& bad) {
    PictureSamples samples;
    PixelSums sums;
    std::size_t decoded = 0;
    for (const std::string& path : paths) {
        try {
            const Tensor picture = decode_picture(files.read(path, kMostPictureFile), path);
            samples.channels = std::max(samples.channels, picture.shape()[2]);
            sums.add(picture.as<std::uint8_t>());
            ++decoded;
        } catch (const Error& error) {  // one bad file among thousands must not stop init
            bad.emplace_back(error.what());
        }
    }
    sums.write_to(samples);
    samples.measured_on = fmt::format("{} pictures, some of each folder", decoded);
    return samples;
}

/// The only setting that ImageFolder has.
std::vector<std::string> root_lines(const std::string& root) { return {"ImageFolder:", "  root: " + yaml_text(root)}; }

/// Damaged pictures stop eval and tune in the end, perhaps after an hour, so they are told of here.
void add_bad_pictures(FoundData& found, const std::vector<std::string>& bad, std::size_t opened) {
    if (bad.empty()) return;
    found.notes.push_back(fmt::format(
        "LOOK HERE: {} of the {} pictures that init opened cannot be read, and eval and tune refuse such pictures. The "
        "first: {}. Mend or remove them, or write 'on_bad_sample: skip' into both dataloaders to leave them out.",
        bad.size(), opened, bad[0]));
}

/// Fills in what training and testing data have in common.
FoundData pictures_found(const DataQuery& query, const std::vector<std::string>& first) {
    FoundData found;
    if (const auto input = picture_input(query.model)) {
        std::vector<std::string> bad;
        found.transforms = picture_transforms(*input, look_at_pictures(query.files, first, bad), transform_names());
        add_bad_pictures(found, bad, first.size());
    } else {
        found.notes.emplace_back("LOOK HERE: no input of the model looks like that of pictures; add the transforms.");
    }
    return found;
}

std::optional<FoundData> without_classes(const DataQuery& query) {
    const std::vector<std::string> pictures = pictures_in(query.files, query.path);
    if (pictures.empty()) return std::nullopt;
    std::string path = query.path;
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    const std::string parent = parent_path(path).empty() ? "." : parent_path(path);
    const ClassFolders around = count_classes(query.files, parent);
    if (around.pictures != static_cast<std::int64_t>(pictures.size())) {
        throw DataError(path +
                        " holds pictures without folders for classes, and its parent folder holds other pictures, "
                        "too. Move the folder into an empty one, and give that to --data");
    }
    // Every picture gets class 0, so a label would say nothing: there are no targets.
    FoundData found = pictures_found(query, around.first);
    found.what =
        fmt::format("{} picture{} in one folder, without classes", pictures.size(), pictures.size() == 1 ? "" : "s");
    found.calibration = found.evaluation = root_lines(parent);
    found.calibration_samples = around.pictures;
    found.notes.emplace_back(kSameSamples);
    return found;
}

}  // namespace

std::optional<FoundData> detect_class_folders(const DataQuery& query) {
    if (!query.files.is_directory(query.path)) return std::nullopt;
    const SplitFolder split = split_folder(query.files, query.path);
    const ClassFolders training = count_classes(query.files, split.calibration);
    const ClassFolders testing = count_classes(query.files, split.evaluation);
    // Folders named train and val that hold no class folders are classes by chance, or of another kind of data.
    if (training.pictures == 0 || testing.pictures == 0) return without_classes(query);
    FoundData found = pictures_found(query, testing.first);
    found.what = fmt::format(
        "{} picture{} in {} folder{}, one for each class; a label is the number of "
        "the folder in the order of names, from 0",
        testing.pictures, testing.pictures == 1 ? "" : "s", testing.classes, testing.classes == 1 ? "" : "s");
    found.calibration = root_lines(split.calibration);
    found.evaluation = root_lines(split.evaluation);
    found.calibration_samples = training.pictures;
    found.classes = testing.classes;
    found.targets = {{.name = "label", .type = {DType::s64, Shape{}}}};
    if (split.is_divided()) {
        std::vector<std::string> bad;
        static_cast<void>(look_at_pictures(query.files, training.first, bad));
        add_bad_pictures(found, bad, training.first.size());
    } else {
        found.notes.emplace_back(kSameSamples);
    }
    if (!testing.empty.empty()) {
        found.notes.push_back(fmt::format(
            "LOOK HERE: folders without pictures are counted as classes, too: {}. If the model has no such class, move "
            "the folder away: it makes the labels of all folders after it too large by one.",
            join(testing.empty, ", ")));
    }
    return found;
}

}  // namespace halftone
