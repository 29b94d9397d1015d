#include "base/file_identity.hpp"

#include <sys/stat.h>

namespace halftone {
namespace {

std::int64_t nanoseconds(const timespec& time) {
    constexpr std::int64_t kPerSecond = 1'000'000'000;
    return static_cast<std::int64_t>(time.tv_sec) * kPerSecond + static_cast<std::int64_t>(time.tv_nsec);
}

}  // namespace

FileIdentity file_identity(const struct ::stat& facts) {
    return {.device = static_cast<std::uint64_t>(facts.st_dev),
            .inode = static_cast<std::uint64_t>(facts.st_ino),
            .bytes = static_cast<std::uint64_t>(facts.st_size),
            .modified_ns = nanoseconds(facts.st_mtim),
            .changed_ns = nanoseconds(facts.st_ctim)};
}

std::optional<FileIdentity> file_identity(const std::string& path) {
    struct stat facts {};
    if (::stat(path.c_str(), &facts) != 0) return std::nullopt;
    return file_identity(facts);
}

}  // namespace halftone
