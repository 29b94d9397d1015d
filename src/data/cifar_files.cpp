#include "data/cifar_files.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/budget.hpp"
#include "base/check.hpp"
#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/hash.hpp"
#include "config/reader.hpp"
#include "data/data_files.hpp"

namespace halftone {
namespace {

/// The whole split in memory: 154 MB for 50,000 training pictures, read once per rank.
class CifarDataset final : public Dataset {
public:
    explicit CifarDataset(std::vector<CifarBatch> batches) : batches_(std::move(batches)) {
        for (const CifarBatch& batch : batches_) {
            taken_.push_back(
                std::make_unique<const BudgetedBytes>(process_budget(), batch.pixels.size(), "the pictures of CIFAR"));
            first_.push_back(first_.back() + static_cast<std::int64_t>(batch.labels.size()));
        }
        schema_.inputs = {{.name = "image", .type = {DType::u8, Shape{CifarBatch::kSide, CifarBatch::kSide, 3}}}};
        schema_.targets = {{.name = "label", .type = {DType::s64, Shape{}}}};
    }

    std::int64_t size() const override { return first_.back(); }
    const Schema& schema() const override { return schema_; }

    Sample read(std::int64_t id) const override {
        HALFTONE_CHECK(id >= 0 && id < size(), "a sample's number lies in the data set");
        // The training part is five files, which follow one another without a gap.
        const auto behind = std::upper_bound(first_.begin(), first_.end(), id);
        const auto file = static_cast<std::size_t>(behind - first_.begin()) - 1;
        const auto record = static_cast<std::size_t>(id - first_[file]);
        const std::string_view planes = std::string_view(batches_[file].pixels)
                                            .substr(record * CifarBatch::kPictureBytes, CifarBatch::kPictureBytes);
        Tensor image(schema_.inputs[0].type);
        const auto out = image.mutable_view().as<std::uint8_t>();
        const std::size_t pixels = planes.size() / 3;
        // The file has all red values first; a picture here has the three of each pixel together.
        for (std::size_t pixel = 0; pixel < pixels; ++pixel) {
            for (std::size_t c = 0; c < 3; ++c)
                out[3 * pixel + c] = static_cast<std::uint8_t>(planes[c * pixels + pixel]);
        }
        return {.id = id,
                .inputs = {std::move(image)},
                .targets = {Tensor::scalar<std::int64_t>(batches_[file].labels[record])}};
    }

    /// Of the decoded content: the same for both versions of the archive.
    std::uint64_t content_hash() const override {
        Hasher hasher;
        for (const CifarBatch& batch : batches_) {
            hasher.add(batch.pixels).add_bytes(std::as_bytes(std::span(batch.labels)));
        }
        return hasher.digest();
    }

private:
    std::vector<CifarBatch> batches_;
    std::vector<std::int64_t> first_{0};  ///< of each file, the number of its first picture; behind them their count
    std::vector<std::unique_ptr<const BudgetedBytes>> taken_;
    Schema schema_;
};

/// Reads the files NAME + ending of a folder. @return nothing where none of them is there
std::vector<CifarBatch> read_batches(const std::string& folder, const std::vector<std::string>& names,
                                     const std::string& ending, CifarKind kind) {
    const auto files = make_posix_file_system();
    std::vector<CifarBatch> batches;
    // A folder that has one of the files holds this version, and must then hold all of it.
    std::vector<std::string> missing;
    for (const std::string& name : names) {
        if (!files->is_file(folder + "/" + name + ending)) missing.push_back(folder + "/" + name + ending);
    }
    if (missing.size() == names.size()) return batches;
    if (!missing.empty()) {
        throw DataError(fmt::format("{} {} not exist, and other files of the archive do", fmt::join(missing, ", "),
                                    missing.size() == 1 ? "does" : "do"));
    }
    for (const std::string& name : names) {
        const std::string path = folder + "/" + name + ending;
        const std::string bytes = read_data_file(path);
        batches.push_back(ending.empty() ? parse_cifar_pickle(bytes, kind, path)
                                         : parse_cifar_binary(bytes, kind, path));
    }
    return batches;
}

}  // namespace

std::unique_ptr<Dataset> make_cifar(const CifarLayout& layout, const ConfigNode& node) {
    Reader reader(node);
    static_cast<void>(reader.required_text("root"));
    const std::string root = resolve_path(*reader.child("root"));
    const std::vector<std::string>& names = reader.boolean("train", false) ? layout.training_files : layout.test_files;
    static_cast<void>(reader.boolean("download", true));  // LPOT would fetch the archive
    reader.finish();
    require_folder(layout.word, root);
    // The binary version first: it needs no pickle. In each case the folder that the archive unpacks to, then `root`
    // itself, because users name either.
    for (const std::string& ending : {std::string(".bin"), std::string()}) {
        const std::string& inner = ending.empty() ? layout.python_folder : layout.binary_folder;
        for (const std::string& folder : {root + "/" + inner, root}) {
            std::vector<CifarBatch> batches = read_batches(folder, names, ending, layout.kind);
            if (!batches.empty()) return std::make_unique<CifarDataset>(std::move(batches));
        }
    }
    throw DataError(fmt::format(
        "{}: {}/{}/{}.bin does not exist, nor {}/{}; unpack the archive of the binary or the Python version there{}. "
        "`download: true` is accepted for LPOT's sake, but Halftone downloads nothing",
        layout.word, root, layout.binary_folder, names.front(), layout.python_folder, names.front(),
        names.size() == 1 ? "" : fmt::format(", with all {} of its files {}", names.size(), fmt::join(names, ", "))));
}

}  // namespace halftone
