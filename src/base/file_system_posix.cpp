// The file system of the operating system, with durability spelled out: what was synced survives a power cut, folder
// entries included. From top to bottom:
//
//   FileDescriptor, open_or_throw, write_all   calls that are repeated after signals and end in IoError
//   open_for_reading, read_exactly             the only way to a file's bytes: a regular file, no more than it had
//   sync_folder_of, open_or_create             entries of folders made durable
//   PosixAppendFile, PosixFileLock             what stays open between calls
//   PosixFileSystem                            the interface; write_atomically is the way of every whole file
//   free_space_for                             asked before large files are written
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/error.hpp"
#include "base/file_system.hpp"

namespace halftone {
namespace {

[[noreturn]] void fail(std::string_view operation, const std::string& path, int error) {
    throw IoError(fmt::format("cannot {} {}: {}", operation, path, std::generic_category().message(error)));
}

/// Owns a descriptor. Closing errors are not looked at: whoever must know has synced before.
class FileDescriptor {
public:
    explicit FileDescriptor(int fd) : fd_(fd) {}
    FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    FileDescriptor& operator=(FileDescriptor&&) = delete;
    ~FileDescriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    [[nodiscard]] int get() const { return fd_; }

private:
    int fd_;
};

/// A signal (the user's Ctrl-C, which is answered later) may end any of these calls early; they are simply repeated.
template <class Call>
auto without_interruption(Call call) {
    auto result = call();
    while (result == -1 && errno == EINTR) result = call();
    return result;
}

/// O_CLOEXEC keeps descriptors, and with them locks, from programs that are started by this one.
FileDescriptor open_or_throw(std::string_view operation, const std::string& path, int flags) {
    const int fd = without_interruption([&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0666); });
    if (fd < 0) fail(operation, path, errno);
    return FileDescriptor(fd);
}

std::string parent_of(const std::string& path) {
    const std::string parent = std::filesystem::path(path).parent_path().string();
    return parent.empty() ? "." : parent;
}

/// A file that was synced can still be lost with its entry: the folder is data of its own.
void sync_folder_of(const std::string& path) {
    const std::string folder = parent_of(path);
    const FileDescriptor fd = open_or_throw("open folder", folder, O_RDONLY | O_DIRECTORY);
    // EINVAL: a file system that cannot sync folders; nothing better exists there.
    if (without_interruption([&] { return ::fsync(fd.get()); }) != 0 && errno != EINVAL) fail("sync", folder, errno);
}

/// Opens for writing; a file that had to be created is made durable as an entry of its folder.
FileDescriptor open_or_create(std::string_view operation, const std::string& path, int flags) {
    const int fd = without_interruption([&] { return ::open(path.c_str(), flags | O_CLOEXEC); });
    if (fd >= 0) return FileDescriptor(fd);
    if (errno != ENOENT) fail(operation, path, errno);
    FileDescriptor created = open_or_throw(operation, path, flags | O_CREAT);
    sync_folder_of(path);
    return created;
}

/// write may take fewer bytes than it is given, for example when a disk becomes full.
void write_all(const FileDescriptor& fd, const std::string& path, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto written = without_interruption([&] { return ::write(fd.get(), bytes.data(), bytes.size()); });
        if (written < 0) fail("write", path, errno);
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
}

/// What a path leads to, in words; empty for a regular file.
std::string_view unreadable_kind(mode_t mode) {
    if (S_ISREG(mode)) return "";
    if (S_ISFIFO(mode)) return "a FIFO";
    if (S_ISSOCK(mode)) return "a socket";
    return "a device";
}

[[noreturn]] void refuse_size(const std::string& path, std::uint64_t size, std::uint64_t limit) {
    throw IoError(fmt::format("cannot read {}: it has {} bytes; at most {} are read", path, size, limit));
}

void require_regular(std::string_view operation, const std::string& path, const struct stat& info) {
    if (S_ISDIR(info.st_mode)) fail(operation, path, EISDIR);
    const std::string_view kind = unreadable_kind(info.st_mode);
    if (!kind.empty()) throw IoError(fmt::format("cannot {} {}: it is {}, not a regular file", operation, path, kind));
}

/// Refuses to replace anything but a file: a rename would put one in the place of a device, for root even of /dev/null.
void require_replaceable(const std::string& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0) require_regular("write", path, info);  // else it is new, or leads nowhere
}

/// A file that is open for reading, and how long it was then.
struct OpenedFile {
    FileDescriptor fd;
    std::uint64_t size = 0;
};

/// Opens a regular file. Anything else is refused: a FIFO and a socket wait until somebody writes, and a device such as
/// /dev/zero never ends.
OpenedFile open_for_reading(const std::string& path) {
    struct stat info {};
    // Before it is opened, because opening a device may already do something; and once more below, because another
    // file may have taken the path in between. O_NONBLOCK is for that case: opening a FIFO would wait.
    if (::stat(path.c_str(), &info) != 0) fail("open", path, errno);
    require_regular("read", path, info);
    FileDescriptor fd = open_or_throw("open", path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (::fstat(fd.get(), &info) != 0) fail("read", path, errno);
    require_regular("read", path, info);
    return {std::move(fd), static_cast<std::uint64_t>(info.st_size)};
}

std::string read_exactly(const OpenedFile& file, const std::string& path, std::uint64_t offset, std::uint64_t count) {
    std::string bytes(count, '\0');
    std::size_t done = 0;
    while (done < bytes.size()) {
        const auto got = without_interruption([&] {
            return ::pread(file.fd.get(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
        });
        if (got < 0) fail("read", path, errno);
        if (got == 0) throw IoError(fmt::format("cannot read {}: it became shorter", path));
        done += static_cast<std::size_t>(got);
    }
    return bytes;
}

/// Files below /proc and /sys say that they have 0 bytes. They are read until they end, or until there are too many.
std::string read_unsized(const OpenedFile& file, const std::string& path, std::uint64_t limit) {
    std::string bytes;
    std::array<char, 4096> chunk;
    while (true) {
        const auto got = without_interruption([&] { return ::read(file.fd.get(), chunk.data(), chunk.size()); });
        if (got < 0) fail("read", path, errno);
        if (got == 0) return bytes;
        bytes.append(chunk.data(), static_cast<std::size_t>(got));
        if (bytes.size() > limit) refuse_size(path, bytes.size(), limit);
    }
}

class PosixAppendFile final : public AppendFile {
public:
    explicit PosixAppendFile(const std::string& path)
        : path_(path), fd_(open_or_create("open for appending", path, O_WRONLY | O_APPEND)) {}

    void append(std::string_view bytes) override { write_all(fd_, path_, bytes); }
    void sync() override {
        if (without_interruption([&] { return ::fdatasync(fd_.get()); }) != 0) fail("sync", path_, errno);
    }
    void truncate(std::size_t size) override {
        const auto length = static_cast<off_t>(size);
        if (without_interruption([&] { return ::ftruncate(fd_.get(), length); }) != 0) fail("truncate", path_, errno);
        sync();
    }

private:
    std::string path_;
    FileDescriptor fd_;
};

/// Closing the descriptor releases the lock.
class PosixFileLock final : public FileLock {
public:
    explicit PosixFileLock(FileDescriptor fd) : fd_(std::move(fd)) {}

private:
    FileDescriptor fd_;
};

// Why each step stands where it does: write_atomically syncs the temporary file before the rename, because a rename
// that reaches the disk before the data would leave an empty file under the final name; it syncs the folder after the
// rename, because readers rely on the new file once the call returns.
class PosixFileSystem final : public FileSystem {
public:
    [[nodiscard]] bool exists(const std::string& path) const override { return ::access(path.c_str(), F_OK) == 0; }

    [[nodiscard]] bool is_directory(const std::string& path) const override {
        struct stat info {};
        return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
    }

    [[nodiscard]] bool is_file(const std::string& path) const override {
        struct stat info {};
        return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
    }

    [[nodiscard]] bool is_link(const std::string& path) const override {
        struct stat info {};
        return ::lstat(path.c_str(), &info) == 0 && S_ISLNK(info.st_mode);
    }

    [[nodiscard]] std::uint64_t size(const std::string& path) const override {
        struct stat info {};
        if (::stat(path.c_str(), &info) != 0) fail("find the size of", path, errno);
        require_regular("find the size of", path, info);
        return static_cast<std::uint64_t>(info.st_size);
    }

    [[nodiscard]] std::string read_part(const std::string& path, std::uint64_t offset,
                                        std::uint64_t count) const override {
        const OpenedFile file = open_for_reading(path);
        // Compared first, so that a wrong count is an error and not a request for memory.
        if (offset > file.size || count > file.size - offset) {
            const std::uint64_t end = count > UINT64_MAX - offset ? UINT64_MAX : offset + count;
            throw IoError(fmt::format("cannot read {}: it ends before byte {}", path, end));
        }
        return read_exactly(file, path, offset, count);
    }

    void remove(const std::string& path) override {
        // unlink's own error for a folder differs between systems.
        if (is_directory(path) && !is_link(path)) fail("remove", path, EISDIR);
        // A link is removed itself, not what it leads to.
        if (::unlink(path.c_str()) != 0) fail("remove", path, errno);
    }

    using FileSystem::read;
    // A journal may grow while a report reads it: its bytes at the time of opening are whole lines and a last piece.
    [[nodiscard]] std::string read(const std::string& path, std::uint64_t limit) const override {
        const OpenedFile file = open_for_reading(path);
        if (file.size > limit) refuse_size(path, file.size, limit);
        return file.size == 0 ? read_unsized(file, path, limit) : read_exactly(file, path, 0, file.size);
    }

    [[nodiscard]] std::vector<std::string> list(const std::string& folder) const override {
        std::error_code error;
        std::vector<std::string> names;
        std::filesystem::directory_iterator entry(folder, error);
        for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
            names.push_back(entry->path().filename().string());
        }
        if (error) fail("list", folder, error.value());
        std::sort(names.begin(), names.end());
        return names;
    }

    void create_directories(const std::string& path) override {
        if (path.empty() || is_directory(path)) return;
        create_directories(std::filesystem::path(path).parent_path().string());
        // Another process may make the same folder at this moment, and "a/" has "a" as its parent.
        if (::mkdir(path.c_str(), 0777) != 0 && !(errno == EEXIST && is_directory(path))) {
            fail("create folder", path, errno);
        }
        sync_folder_of(path);
    }

    void write_atomically(const std::string& path, std::string_view bytes) override {
        require_replaceable(path);
        const std::string temporary = path + ".tmp";
        try {
            const FileDescriptor fd = open_or_throw("write", temporary, O_WRONLY | O_CREAT | O_TRUNC);
            write_all(fd, temporary, bytes);
            if (without_interruption([&] { return ::fsync(fd.get()); }) != 0) fail("sync", temporary, errno);
            if (::rename(temporary.c_str(), path.c_str()) != 0) fail("rename " + temporary + " to", path, errno);
            // A full disk is the usual reason. The half-written file must not take the room that the user now frees.
        } catch (const IoError&) {
            ::unlink(temporary.c_str());
            throw;
        }
        sync_folder_of(path);
    }

    void commit(const std::string& temporary, const std::string& path) override {
        require_replaceable(path);
        if (is_directory(temporary)) fail("open", temporary, EISDIR);  // or a whole folder would be renamed
        const FileDescriptor fd = open_or_throw("open", temporary, O_RDONLY);
        if (without_interruption([&] { return ::fsync(fd.get()); }) != 0) fail("sync", temporary, errno);
        if (::rename(temporary.c_str(), path.c_str()) != 0) fail("rename " + temporary + " to", path, errno);
        sync_folder_of(path);
    }

    [[nodiscard]] std::unique_ptr<AppendFile> open_append(const std::string& path) override {
        return std::make_unique<PosixAppendFile>(path);
    }

    [[nodiscard]] std::unique_ptr<FileLock> try_lock(const std::string& path) override {
        // Writable, because NFS turns flock into a byte-range lock, which needs that.
        FileDescriptor fd = open_or_create("open for locking", path, O_RDWR);
        if (without_interruption([&] { return ::flock(fd.get(), LOCK_EX | LOCK_NB); }) == 0) {
            return std::make_unique<PosixFileLock>(std::move(fd));
        }
        if (errno != EWOULDBLOCK) fail("lock", path, errno);
        return nullptr;
    }
};

}  // namespace

std::unique_ptr<FileSystem> make_posix_file_system() { return std::make_unique<PosixFileSystem>(); }

FreeSpace free_space_for(const std::string& path) {
    std::error_code error;
    std::filesystem::path folder = std::filesystem::absolute(path, error);
    while (!error && !std::filesystem::exists(folder, error) && folder.has_relative_path())
        folder = folder.parent_path();
    const std::filesystem::space_info space = std::filesystem::space(folder, error);
    if (error) fail("find the free space of", folder.string(), error.value());
    return {.folder = folder.string(), .bytes = space.available};
}

}  // namespace halftone
