#pragma once
// Tells whether a file is the one that was seen before.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

struct stat;  // of <sys/stat.h>

namespace halftone {

/// Two files with equal identities are taken for the same bytes, as build tools do. A program that means to deceive can
/// change a file and keep its identity.
struct FileIdentity {
    std::uint64_t device = 0, inode = 0, bytes = 0;
    std::int64_t modified_ns = 0, changed_ns = 0;  ///< contents and entry; since 1970
    friend auto operator<=>(const FileIdentity&, const FileIdentity&) = default;
};

/// Returns the identity of a file whose facts are known (fstat).
[[nodiscard]] FileIdentity file_identity(const struct ::stat& facts);

/// Returns the identity of the file behind a path, after links; nothing if there is none.
[[nodiscard]] std::optional<FileIdentity> file_identity(const std::string& path);

}  // namespace halftone
