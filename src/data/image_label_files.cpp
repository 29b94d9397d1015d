// Images and labels in two IDX files, as MNIST and FashionMNIST have them.
//
//   find_file   the usual spellings of a file's name; both files are looked for before one is missed
//   read        one image with its label, from memory
#include "data/image_label_files.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/check.hpp"
#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/hash.hpp"
#include "config/reader.hpp"
#include "data/data_files.hpp"
#include "data/idx_file.hpp"

namespace halftone {
namespace {

/// The whole split in memory: 47 MB for the training images of MNIST, read once per rank.
class ImageLabelFiles final : public Dataset {
public:
    ImageLabelFiles(IdxArray images, IdxArray labels) : images_(std::move(images)), labels_(std::move(labels)) {
        schema_.inputs = {{.name = "image", .type = {DType::u8, Shape{images_.sizes[1], images_.sizes[2], 1}}}};
        schema_.targets = {{.name = "label", .type = {DType::s64, Shape{}}}};
    }

    std::int64_t size() const override { return images_.sizes[0]; }
    const Schema& schema() const override { return schema_; }

    Sample read(std::int64_t id) const override {
        HALFTONE_CHECK(id >= 0 && id < size(), "a sample's number lies in the data set");
        // A copy: transforms may change a sample, and other threads read the same image.
        Tensor image(schema_.inputs[0].type);
        const auto index = static_cast<std::size_t>(id);
        const auto pixels = std::as_bytes(std::span(images_.bytes)).subspan(index * image.bytes(), image.bytes());
        std::copy(pixels.begin(), pixels.end(), image.mutable_view().data);
        const auto label = static_cast<unsigned char>(labels_.bytes[index]);
        return {.id = id, .inputs = {std::move(image)}, .targets = {Tensor::scalar<std::int64_t>(label)}};
    }

    /// Of the decoded content: the same for plain and gzip files.
    std::uint64_t content_hash() const override {
        Hasher hasher;
        for (const std::int64_t size : images_.sizes) hasher.add(size);
        return hasher.add(images_.bytes).add(labels_.bytes).digest();
    }

private:
    IdxArray images_;
    IdxArray labels_;
    Schema schema_;
};

/// `stem` is "train-images"; `suffix` is "idx3-ubyte".
/// @return the first of the usual spellings that exists; nothing if none does, and `faults` says so
std::string find_file(const std::string& root, const std::string& stem, const std::string& suffix,
                      std::vector<std::string>& faults) {
    const auto file_system = make_posix_file_system();
    // The files are found under both of their usual spellings: "train-images-idx3-ubyte" and "train-images.idx3-ubyte".
    for (const char* separator : {"-", "."}) {
        for (const char* extension : {"", ".gz"}) {
            std::string path = root + "/" + stem + separator + suffix + extension;
            if (file_system->exists(path)) return path;
        }
    }
    faults.push_back(
        fmt::format("{0}/{1}-{2} does not exist, nor {1}-{2}.gz, {1}.{2} or {1}.{2}.gz there", root, stem, suffix));
    return {};
}

}  // namespace

std::unique_ptr<Dataset> make_image_label_files(const std::string& name, const ConfigNode& node) {
    Reader reader(node);
    static_cast<void>(reader.required_text("root"));
    const std::string root = resolve_path(*reader.child("root"));
    const std::string split = reader.boolean("train", false) ? "train" : "t10k";
    // LPOT would download; a key that it has is taken, but this program never fetches anything.
    static_cast<void>(reader.boolean("download", true));
    reader.finish();

    require_folder(name, root);
    std::vector<std::string> faults;  // of both files, so that all missing ones are named at once
    const std::string image_path = find_file(root, split + "-images", "idx3-ubyte", faults);
    const std::string label_path = find_file(root, split + "-labels", "idx1-ubyte", faults);
    if (!faults.empty()) {
        throw DataError(
            fmt::format("{0}: {1}; expected are the IDX files of {0}, plain or gzip (nothing is downloaded)", name,
                        fmt::join(faults, "; ")));
    }
    IdxArray images = read_idx(image_path, 3);
    IdxArray labels = read_idx(label_path, 1);
    // The two files belong together. A different count means that one of them is of another data set.
    if (images.sizes[0] != labels.sizes[0]) {
        throw DataError(fmt::format("{}: {} holds {} images, but {} holds {} labels", name, image_path, images.sizes[0],
                                    label_path, labels.sizes[0]));
    }
    if (images.bytes.empty()) throw DataError(name + ": " + image_path + " holds no images");
    return std::make_unique<ImageLabelFiles>(std::move(images), std::move(labels));
}

}  // namespace halftone
