// IDX files, as MNIST and its successors have them: grey pictures of one size and their labels. Mean and deviation are
// measured, because for grey pictures nobody can guess them.

#include <fmt/format.h>

#include <algorithm>

#include "data/dataset.hpp"
#include "data/idx_file.hpp"
#include "init/found_data.hpp"
#include "init/picture_input.hpp"

namespace halftone {
namespace {

/// So many pictures are measured at most: MNIST and its successors have fewer.
constexpr std::int64_t kMeasuredPictures = 100000;

/// The path of a split's file in one of its usual spellings, as MNIST's data set looks for it; empty if there is none.
std::string idx_file(const FileSystem& files, const std::string& root, const std::string& stem,
                     const std::string& suffix) {
    for (const char* separator : {"-", "."}) {
        for (const char* gzip : {"", ".gz"}) {
            std::string path = below(root, stem + separator + suffix + gzip);
            if (files.is_file(path)) return path;
        }
    }
    return {};
}

PictureSamples measure_pictures(const IdxArray& images, const std::string& split) {
    const std::int64_t count = std::min(images.sizes[0], kMeasuredPictures);
    const auto pixels = static_cast<std::size_t>(count * images.sizes[1] * images.sizes[2]);
    PictureSamples samples{.height = images.sizes[1], .width = images.sizes[2], .channels = 1};
    PixelSums sums;
    sums.add({reinterpret_cast<const std::uint8_t*>(images.bytes.data()), std::min(pixels, images.bytes.size())});
    sums.write_to(samples);
    samples.measured_on = fmt::format("the first {} {} pictures", count, split);
    return samples;
}

/// MNIST reads any IDX files of its layout, whatever their sizes.
std::vector<std::string> idx_lines(const std::string& root, bool train) {
    return {"MNIST:", "  root: " + yaml_text(root), fmt::format("  train: {}", train)};
}

}  // namespace

std::optional<FoundData> detect_idx(const DataQuery& query) {
    if (!query.files.is_directory(query.path)) return std::nullopt;
    const auto has_split = [&](const std::string& split) {
        return !idx_file(query.files, query.path, split + "-images", "idx3-ubyte").empty() &&
               !idx_file(query.files, query.path, split + "-labels", "idx1-ubyte").empty();
    };
    const bool has_train = has_split("train");
    const bool has_test = has_split("t10k");
    if (!has_train && !has_test) return std::nullopt;
    // The training pictures are measured, because training took its mean and deviation from them.
    const std::string split = has_train ? "train" : "t10k";
    const IdxArray images = read_idx(idx_file(query.files, query.path, split + "-images", "idx3-ubyte"), 3);
    FoundData found;
    found.what = fmt::format("IDX files as MNIST has them: {} grey pictures of {} x {} for calibration",
                             images.sizes[0], images.sizes[1], images.sizes[2]);
    found.calibration = idx_lines(query.path, has_train);
    found.evaluation = idx_lines(query.path, !has_test);
    found.calibration_samples = images.sizes[0];
    found.targets = {{.name = "label", .type = {DType::s64, Shape{}}}};
    if (has_train != has_test) found.notes.emplace_back(kSameSamples);
    const std::string of_split = has_train ? "training" : "test";
    if (const auto input = picture_input(query.model))
        found.transforms = picture_transforms(*input, measure_pictures(images, of_split), transform_names());
    return found;
}

}  // namespace halftone
