#include "data/tf_record_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/check.hpp"
#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "data/data_files.hpp"

namespace halftone {
namespace {

/// What of a file's begin and end decides about its identity: some records of it.
constexpr std::uint64_t kHashedRecordBytes = std::uint64_t{64} << 10U;

/// Whether a name is that of a shard: "validation-00000-of-00128", LPOT's pattern "*-*-of-*".
bool is_shard_name(const std::string& name) {
    const std::size_t of = name.rfind("-of-");
    return of != std::string::npos && name.find('-') < of;
}

bool is_record_name(const std::string& name) {
    constexpr std::array<std::string_view, 4> kRecordExtensions{".tfrecord", ".tfrecords", ".tf_record", ".record"};
    const std::string extension = extension_of(name);
    return std::find(kRecordExtensions.begin(), kRecordExtensions.end(), extension) != kRecordExtensions.end();
}

}  // namespace

std::vector<std::string> find_record_files(const std::string& dataset, const std::string& root) {
    const auto files = make_posix_file_system();
    if (files->is_file(root)) return {root};
    if (!files->is_directory(root)) {
        throw DataError(
            fmt::format("{}: {} does not exist; a TFRecord file or a folder with TFRecord files belongs there "
                        "(nothing is downloaded)",
                        dataset, root));
    }
    // Either all shards or all other record files: a folder of shards may also hold an example.tfrecord that belongs to
    // no data set.
    for (const auto belongs : {&is_shard_name, &is_record_name}) {
        std::vector<std::string> found;
        for (const std::string& name : files->list(root)) {
            if (belongs(name) && files->is_file(root + "/" + name)) found.push_back(root + "/" + name);
        }
        if (!found.empty()) return found;
    }
    throw DataError(fmt::format("{}: {} holds no TFRecord files, such as validation-00000-of-00128 or data.tfrecord",
                                dataset, root));
}

TfRecordFiles::TfRecordFiles(std::vector<std::string> paths) : paths_(std::move(paths)), first_{0} {
    for (const std::string& path : paths_) {
        places_.push_back(read_tf_record_index(path));
        const std::size_t count = places_.back().size();
        taken_.push_back(std::make_unique<const BudgetedBytes>(process_budget(), count * sizeof(TfRecordPlace), path));
        first_.push_back(first_.back() + static_cast<std::int64_t>(count));
    }
    if (size() == 0) throw DataError(join(paths_, ", ") + ": no records");
}

std::size_t TfRecordFiles::file_of(std::int64_t id) const {
    HALFTONE_CHECK(id >= 0 && id < size(), "a record's number lies in the data set");
    // The file behind the right one is the first that begins after the record; files without records are passed over.
    const auto behind = std::upper_bound(first_.begin(), first_.end(), id);
    return static_cast<std::size_t>(behind - first_.begin()) - 1;
}

std::string TfRecordFiles::read(std::int64_t id) const {
    const std::size_t file = file_of(id);
    const std::int64_t number = id - first_[file];
    return read_tf_record(paths_[file], places_[file][static_cast<std::size_t>(number)], number);
}

std::string TfRecordFiles::place(std::int64_t id) const {
    const std::size_t file = file_of(id);
    return fmt::format("{}: record {}", paths_[file], id - first_[file]);
}

std::uint64_t TfRecordFiles::content_hash() const {
    Hasher hasher;
    for (const std::string& path : paths_) {
        hasher.add(std::string_view(path).substr(path.rfind('/') + 1));
        add_file(hasher, path, kHashedRecordBytes);
    }
    return hasher.digest();
}

}  // namespace halftone
