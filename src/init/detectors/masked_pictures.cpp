// Pictures with masks of classes: a folder of pictures, and beside it one with a PNG mask for each, as images/ and
// masks/. Either both stand in a folder for each split (train/images, val/images), or the splits stand in both
// (images/train, images/val), or nothing is divided.
//
//   find_masked      the two folders, and their parts
//   match_masks      the pictures that have a mask, in these folders and below
//   look_at_pairs    sizes, channels, and the numbers that the masks hold
//   masked_lines, add_mask_notes   what the config says

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <cctype>

#include "base/error.hpp"
#include "base/text.hpp"
#include "data/dataset.hpp"
#include "data/formats/picture.hpp"
#include "init/found_data.hpp"
#include "init/picture_input.hpp"

namespace halftone {
namespace {

constexpr std::uint64_t kMostMaskedFile = std::uint64_t{256} << 20U;
/// Pairs that are opened to see channels, sizes, and which numbers the masks hold.
constexpr std::size_t kLookedAtPairs = 50;
/// As the data set SegmentationFolder, which refuses what lies deeper.
constexpr int kMostMaskedDepth = 8;
/// Names of the two folders, in lower case, as public data sets have them.
constexpr std::array<std::string_view, 5> kImageNames{"images", "image", "img", "imgs", "jpegimages"};
constexpr std::array<std::string_view, 9> kMaskNames{
    "masks", "mask", "labels", "label", "annotations", "annotation", "gt", "segmentation", "segmentationclass"};
/// What often stands behind a picture's name in the name of its mask.
constexpr std::array<std::string_view, 5> kMaskSuffixes{"", "_mask", "_label", "_gt", "_seg"};

/// Two folders and what their files' names have in common.
struct MaskedPair {
    std::string images, masks;
    std::string suffix;                ///< of the masks
    std::vector<std::string> stems{};  ///< of the pictures that have a mask
    std::vector<std::string> names{};  ///< of the same pictures, with their endings
    std::size_t without_mask = 0;      ///< pictures that have none
};

/// Returns the folder in `parent` with one of the names, whatever its case; empty if there is none.
std::string folder_named(const FileSystem& files, const std::string& parent, std::span<const std::string_view> names) {
    for (const std::string& name : files.list(parent)) {
        std::string lower = name;
        std::transform(lower.begin(), lower.end(), lower.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        if (std::find(names.begin(), names.end(), lower) == names.end()) continue;
        if (files.is_directory(below(parent, name))) return below(parent, name);
    }
    return {};
}

/// Adds the files of a folder and of those in it, by their names relative to `root`.
void add_names(const FileSystem& files, const std::string& root, const std::string& folder, int depth,
               std::vector<std::string>& names) {
    for (const std::string& name : files.list(folder.empty() ? root : below(root, folder))) {
        const std::string relative = folder.empty() ? name : folder + "/" + name;
        if (!files.is_directory(below(root, relative)))
            names.push_back(relative);
        else if (depth < kMostMaskedDepth)
            add_names(files, root, relative, depth + 1, names);
    }
}

std::vector<std::string> sorted_names(const FileSystem& files, const std::string& root) {
    std::vector<std::string> names;
    add_names(files, root, "", 0, names);
    std::sort(names.begin(), names.end());
    return names;
}

/// Returns the pictures of two folders that have masks, by the first suffix that finds any.
std::optional<MaskedPair> match_masks(const FileSystem& files, const std::string& images, const std::string& masks) {
    const std::vector<std::string> mask_names = sorted_names(files, masks);
    const std::vector<std::string> image_names = sorted_names(files, images);
    for (const std::string_view suffix : kMaskSuffixes) {
        MaskedPair pair{.images = images, .masks = masks, .suffix = std::string(suffix)};
        for (const std::string& name : image_names) {
            if (!has_extension(name, ".jpg") && !has_extension(name, ".jpeg") && !has_extension(name, ".png")) continue;
            const std::string stem = name.substr(0, name.rfind('.'));
            if (std::binary_search(mask_names.begin(), mask_names.end(), stem + pair.suffix + ".png")) {
                pair.stems.push_back(stem);
                pair.names.push_back(name);
            } else {
                ++pair.without_mask;
            }
        }
        if (!pair.stems.empty()) return pair;
    }
    return std::nullopt;
}

/// Returns the two parts of the data, which are the same part where nothing is divided.
std::optional<std::pair<MaskedPair, MaskedPair>> find_masked(const FileSystem& files, const std::string& root) {
    const SplitFolder split = split_folder(files, root);  // root/val/images
    const auto pair_below = [&](const std::string& folder) -> std::optional<MaskedPair> {
        const std::string images = folder_named(files, folder, kImageNames);
        const std::string masks = folder_named(files, folder, kMaskNames);
        if (images.empty() || masks.empty()) return std::nullopt;
        return match_masks(files, images, masks);
    };
    // An undivided root would take the pictures of all splits in `images` for one set.
    const bool is_divided = split.calibration != root || split.evaluation != root;
    auto training = is_divided ? pair_below(split.calibration) : std::nullopt;
    auto testing = is_divided ? pair_below(split.evaluation) : std::nullopt;
    if (training && testing) return std::pair(*training, *testing);
    const std::string images = folder_named(files, root, kImageNames);
    const std::string masks = folder_named(files, root, kMaskNames);
    if (images.empty() || masks.empty()) return std::nullopt;
    const SplitFolder image_split = split_folder(files, images);  // root/images/val
    const SplitFolder mask_split = split_folder(files, masks);
    training = match_masks(files, image_split.calibration, mask_split.calibration);
    testing = match_masks(files, image_split.evaluation, mask_split.evaluation);
    if (training && testing) return std::pair(*training, *testing);
    return std::nullopt;
}

/// What a look at some pairs shows.
struct MaskedLook {
    PictureSamples samples;
    std::bitset<256> values;  ///< that the masks hold
};

/// Pairs that cannot be decoded are left to the dry run.
MaskedLook look_at_pairs(const FileSystem& files, const MaskedPair& pair) {
    MaskedLook look;
    PixelSums sums;
    std::size_t decoded = 0;
    bool is_one_size = true;
    for (std::size_t i = 0; i < std::min(pair.stems.size(), kLookedAtPairs); ++i) {
        const std::string path = below(pair.images, pair.names[i]);
        const std::string mask_path = below(pair.masks, pair.stems[i] + pair.suffix + ".png");
        try {
            const Tensor picture = decode_picture(files.read(path, kMostMaskedFile), path);
            const Tensor mask = decode_class_mask(files.read(mask_path, kMostMaskedFile), mask_path);
            const Shape& shape = picture.shape();
            is_one_size =
                is_one_size && (decoded == 0 || (look.samples.height == shape[0] && look.samples.width == shape[1]));
            look.samples.height = shape[0];
            look.samples.width = shape[1];
            look.samples.channels = std::max(look.samples.channels, shape[2]);
            sums.add(picture.as<std::uint8_t>());
            for (const std::uint8_t value : mask.as<std::uint8_t>()) look.values.set(value);
            ++decoded;
        } catch (const Error&) {  // one bad file among thousands must not stop init
            continue;
        }
    }
    if (!is_one_size) look.samples.height = look.samples.width = 0;
    sums.write_to(look.samples);
    look.samples.measured_on = fmt::format("{} of the pictures", decoded);
    return look;
}

/// Masks of 0 and 255 are black and white pictures of one class and the rest.
bool is_black_and_white(const std::bitset<256>& values) {
    return values.count() == 2 && values.test(0) && values.test(255);
}

std::vector<std::string> masked_lines(const MaskedPair& pair, bool is_two_valued) {
    std::vector<std::string> lines{"SegmentationFolder:", "  images: " + yaml_text(pair.images),
                                   "  masks: " + yaml_text(pair.masks)};
    if (!pair.suffix.empty()) lines.push_back("  mask_suffix: " + yaml_text(pair.suffix));
    if (is_two_valued) lines.emplace_back("  values: [0, 255]");
    return lines;
}

void add_mask_notes(FoundData& found, const MaskedPair& training, const MaskedPair& testing, const MaskedLook& look) {
    if (is_black_and_white(look.values)) {
        found.notes.emplace_back(
            "The masks hold 0 and 255 only, so 255 is taken for class 1 (values). If 255 marks pixels without a class "
            "in your masks, remove that line.");
    }
    std::vector<std::string> without;
    for (const MaskedPair* part : {&training, &testing}) {
        const bool is_said = part == &testing && testing.images == training.images;
        if (part->without_mask > 0 && !is_said)
            without.push_back(fmt::format("{} in {}", part->without_mask, part->images));
    }
    if (without.empty()) return;
    found.notes.push_back(fmt::format(
        "LOOK HERE: the data set refuses pictures without a mask ({}). Write the names of those that have one into a "
        "file, a name in each line, and name the file in the key `list`.",
        join(without, ", ")));
}

}  // namespace

std::optional<FoundData> detect_masked_pictures(const DataQuery& query) {
    if (!query.files.is_directory(query.path)) return std::nullopt;
    const auto parts = find_masked(query.files, query.path);
    if (!parts) return std::nullopt;
    const auto& [training, testing] = *parts;
    MaskedLook look = look_at_pairs(query.files, testing);
    const bool is_two_valued = is_black_and_white(look.values);
    FoundData found;
    found.what = fmt::format("{} pictures with masks of classes, in {} and {}", testing.stems.size(), testing.images,
                             testing.masks);
    found.calibration = masked_lines(training, is_two_valued);
    found.evaluation = masked_lines(testing, is_two_valued);
    found.calibration_samples = static_cast<std::int64_t>(training.stems.size());
    found.targets = {{.name = "mask", .type = {DType::u8, Shape{kSymbolic, kSymbolic}}}};
    if (training.images == testing.images) found.notes.emplace_back(kSameSamples);
    add_mask_notes(found, training, testing, look);
    if (const auto input = picture_input(query.model)) {
        // The data set says nothing of sizes before it reads a picture, so a model of one size needs a Resize also
        // where all pictures have this size.
        if (input->height > 0) look.samples.height = look.samples.width = 0;
        found.transforms = picture_transforms(*input, look.samples, transform_names());
    } else {
        found.notes.emplace_back("LOOK HERE: no input of the model looks like that of pictures; add the transforms.");
    }
    return found;
}

}  // namespace halftone
