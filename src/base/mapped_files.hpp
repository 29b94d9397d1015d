#pragma once
// Files that are mapped into memory, for weights of gigabytes: nothing is copied, and all processes of a machine that
// map a file share its memory.
//
// A mapped file is read when its bytes are used. So another program can change it, or cut it off, while a run goes on:
//   - a file that has changed is found by check_mapped_files(), which is called before results are used;
//   - a file that was cut off, or whose disk fails, has no bytes where the program reads: the system sends SIGBUS. The
//     first mapping installs a handler for it, which names the file and ends the process with the exit code of a file
//     error.
// Bytes that decide sizes or places must not be read from a mapping: they could change after they were checked.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/shared_bytes.hpp"

namespace halftone {

/// Memory, and what is mapped, begins and ends at a page.
inline constexpr std::uint64_t kMappedPage = 4096;

/// Returns the first page that begins at or behind `offset`.
[[nodiscard]] constexpr std::uint64_t page_from(std::uint64_t offset) {
    return (offset + kMappedPage - 1) / kMappedPage * kMappedPage;
}

/// A file to map, and the size that the caller has relied on.
struct FileToMap {
    std::string path;  ///< without links
    std::uint64_t size = 0;
};

/// Returns `start` and, each from the next page on, all bytes of these files; zeros lie between them. The bytes count
/// as memory of the process (process_budget), as if they were read.
/// @throws IoError when a file is no regular file, cannot be mapped, or has another size; BudgetError
[[nodiscard]] SharedBytes map_files_behind(std::string_view start, const std::vector<FileToMap>& files);

/// Compares all files that are mapped now with what they were when they were mapped. A file that was replaced or
/// removed is no fault: the mapping still has the old one.
/// @throws IoError naming a file whose size or time of change differs
void check_mapped_files();

}  // namespace halftone
