#pragma once
// The file system behind one interface: POSIX for real, memory (with injected faults) for tests.
// Errors are IoError naming operation, path and errno's text.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace halftone {

/// An open append-only file. Closed by its destructor, which never throws.
class AppendFile {
public:
    virtual ~AppendFile() = default;
    /// Writes all bytes at the end, or throws; after a throw the file may hold a prefix.
    virtual void append(std::string_view bytes) = 0;
    /// Returns once the data is on the device (fdatasync).
    virtual void sync() = 0;
    /// Cuts the file to `size` bytes; for dropping an unfinished last record.
    virtual void truncate(std::size_t size) = 0;
};

/// An exclusive advisory lock (flock) on a file that exists; released by the destructor or the process's end.
class FileLock {
public:
    virtual ~FileLock() = default;
};

class FileSystem {
public:
    /// The limit of read() for callers that know no smaller one: 16 GiB, more than anything that is read as a whole.
    static constexpr std::uint64_t kMostFileBytes = std::uint64_t{16} << 30U;

    virtual ~FileSystem() = default;

    [[nodiscard]] virtual bool exists(const std::string& path) const = 0;
    [[nodiscard]] virtual bool is_directory(const std::string& path) const = 0;
    /// Returns whether the path, after links, is a regular file.
    [[nodiscard]] virtual bool is_file(const std::string& path) const = 0;
    /// Returns whether the path itself is a symbolic link. The file system in memory has none.
    [[nodiscard]] virtual bool is_link(const std::string& path) const = 0;
    /// Returns the bytes of a regular file.
    [[nodiscard]] virtual std::uint64_t size(const std::string& path) const = 0;
    /// Returns a whole regular file of at most `limit` bytes. Bytes that another process appends after the file was
    /// opened are not read. @throws IoError for a folder, a FIFO, a socket, a device, a larger file, or a file that
    /// becomes shorter while it is read
    [[nodiscard]] virtual std::string read(const std::string& path, std::uint64_t limit) const = 0;
    /// Returns a whole regular file of at most kMostFileBytes.
    [[nodiscard]] std::string read(const std::string& path) const { return read(path, kMostFileBytes); }
    /// Returns `count` bytes of a regular file from byte `offset` on. @throws IoError if the file is shorter.
    [[nodiscard]] virtual std::string read_part(const std::string& path, std::uint64_t offset,
                                                std::uint64_t count) const = 0;
    /// Returns the names (not paths) in a folder, sorted.
    [[nodiscard]] virtual std::vector<std::string> list(const std::string& folder) const = 0;
    virtual void create_directories(const std::string& path) = 0;
    /// Removes a file. @throws IoError for a file that does not exist, and for a folder
    virtual void remove(const std::string& path) = 0;
    /// Writes path.tmp, syncs it and renames it to path. If path exists, it must be a file or a link.
    virtual void write_atomically(const std::string& path, std::string_view bytes) = 0;
    /// Makes a file that a library wrote and closed durable, then renames it over `path`: readers of `path` see the old
    /// or the new file.
    virtual void commit(const std::string& temporary, const std::string& path) = 0;
    /// Opens for appending; creates the file when missing.
    [[nodiscard]] virtual std::unique_ptr<AppendFile> open_append(const std::string& path) = 0;
    /// Creates the file when missing and locks it; null when another process holds the lock.
    [[nodiscard]] virtual std::unique_ptr<FileLock> try_lock(const std::string& path) = 0;
};

[[nodiscard]] std::unique_ptr<FileSystem> make_posix_file_system();

/// The free space on a device for a file that will be written.
struct FreeSpace {
    std::string folder;       ///< the folder that was asked about
    std::uint64_t bytes = 0;  ///< which a user without privileges may still write there
};
/// Returns the free space on the device of `path`. If `path` does not exist, its nearest existing folder counts.
[[nodiscard]] FreeSpace free_space_for(const std::string& path);

/// Files in memory. `fail_after_bytes` >= 0 makes writes fail with "no space left" once that many bytes were written.
/// `crash()` forgets everything that was appended but not synced.
class MemoryFileSystem : public FileSystem {
public:
    virtual void fail_after_bytes(long long bytes) = 0;
    virtual void crash() = 0;
};
[[nodiscard]] std::unique_ptr<MemoryFileSystem> make_memory_file_system();

}  // namespace halftone
