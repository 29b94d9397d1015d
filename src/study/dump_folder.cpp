// What is checked before a dump writes its first byte, in this order: the path is a folder, it holds no other dump (the
// constructor); the dump is not larger than allowed, the parts that are there are good, the rest fits on the device
// (prepare). A user learns of a problem in a second and not after an hour, and nothing was changed.
#include "study/dump_folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/byte_size.hpp"
#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/saturate.hpp"

namespace halftone::study {
namespace {

constexpr const char* kSmallerDumpHint = "take fewer --samples or fewer --units";

bool is_dump_file(const std::string& name) {
    return name == "index.h5" || (name.starts_with("part-") && name.ends_with(".h5"));
}

/// H5Writer's leftovers: a writer that is killed leaves its file with ".tmp" behind the name.
bool is_leftover(const std::string& name) {
    return name.ends_with(".tmp") && is_dump_file(name.substr(0, name.size() - 4));
}

}  // namespace

std::int64_t parse_bytes(const std::string& text) {
    const auto bytes = parse_byte_size(text);
    if (!bytes) {
        throw ConfigError(fmt::format("--max-bytes: '{}' is no number of bytes; write 1000000, 512M or 20G", text));
    }
    return *bytes;
}

std::string bytes_text(std::int64_t bytes) {
    constexpr std::array<const char*, 5> kUnits{"bytes", "KiB", "MiB", "GiB", "TiB"};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    // Binary units, as --max-bytes reads them.
    for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
    return unit == 0 ? fmt::format("{} bytes", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

DumpFolder::DumpFolder(FileSystem& files, std::string folder, bool resume) : files_(files), folder_(std::move(folder)) {
    const bool exists = files_.exists(folder_);
    if (exists && !files_.is_directory(folder_)) throw IoError("'" + folder_ + "' is not a folder");
    if (exists) names_ = files_.list(folder_);
    has_dump_ = std::any_of(names_.begin(), names_.end(), is_dump_file);
    // A dump costs hours: it is never overwritten because somebody forgot to change --output.
    if (has_dump_ && !resume) {
        throw ConfigError(
            fmt::format("'{}' holds a dump already; finish it with --resume or choose another --output", folder_));
    }
    FreeSpace space = free_space_for(folder_);
    device_folder_ = std::move(space.folder);
    available_ = static_cast<std::int64_t>(space.bytes);
}

std::string DumpFolder::size_line(const DumpLayout& layout, const DumpSize& size) const {
    return fmt::format("dump of {} units x {} samples: {} of outputs, {} of weights{}; {} free in {}\n",
                       layout.units.size(), layout.samples, bytes_text(size.outputs), bytes_text(size.weights),
                       layout.gzip > 0 ? " before compression" : "", bytes_text(available_), device_folder_);
}

std::vector<std::size_t> DumpFolder::missing_parts(const DumpLayout& layout) const {
    std::vector<std::size_t> missing;
    for (std::size_t s = 0; s < layout.shards.size(); ++s) {
        // Without a dump in the folder there is nothing to open and check.
        const std::string wrong = has_dump_ ? check_part(layout, s, folder_) : "missing";
        if (wrong == "missing") {
            missing.push_back(s);
        } else if (!wrong.empty()) {
            throw DataError("--resume: " + wrong + "; remove it, or choose another --output");
        }
    }
    return missing;
}

std::vector<std::size_t> DumpFolder::prepare(const DumpLayout& layout, const DumpSize& size, std::int64_t max_bytes) {
    // First what costs nothing to know, then the parts, which must be opened to be checked.
    const std::int64_t total = saturating_sum(size.outputs, size.weights);
    if (total > max_bytes) {
        throw ConfigError(fmt::format("the dump takes {} ({} bytes), --max-bytes allows {}: {}, or raise the limit",
                                      bytes_text(total), total, bytes_text(max_bytes), kSmallerDumpHint));
    }
    std::vector<std::size_t> missing = missing_parts(layout);
    // Shards are of nearly equal size. What compression saves is not known before, so then the room is not judged.
    const std::int64_t needed =
        total / static_cast<std::int64_t>(layout.shards.size()) * static_cast<std::int64_t>(missing.size());
    if (layout.gzip == 0 && needed > available_) {
        throw IoError(fmt::format("the dump needs {}, '{}' has {} free: {}", bytes_text(needed), device_folder_,
                                  bytes_text(available_), kSmallerDumpHint));
    }
    files_.create_directories(folder_);
    for (const std::string& name : names_) {
        if (is_leftover(name)) files_.remove(folder_ + "/" + name);
    }
    return missing;
}

}  // namespace halftone::study
