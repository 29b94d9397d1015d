// POSIX files with durability spelled out: what was synced survives a crash, folder entries included.
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

template <class Call>
auto without_interruption(Call call) {
    auto result = call();
    while (result == -1 && errno == EINTR) result = call();
    return result;
}

FileDescriptor open_or_throw(std::string_view operation, const std::string& path, int flags) {
    const int fd = without_interruption([&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0666); });
    if (fd < 0) fail(operation, path, errno);
    return FileDescriptor(fd);
}

std::string parent_of(const std::string& path) {
    const std::string parent = std::filesystem::path(path).parent_path().string();
    return parent.empty() ? "." : parent;
}

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

void write_all(const FileDescriptor& fd, const std::string& path, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto written = without_interruption([&] { return ::write(fd.get(), bytes.data(), bytes.size()); });
        if (written < 0) fail("write", path, errno);
        bytes.remove_prefix(static_cast<std::size_t>(written));
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

class PosixFileSystem final : public FileSystem {
public:
    [[nodiscard]] bool exists(const std::string& path) const override { return ::access(path.c_str(), F_OK) == 0; }

    [[nodiscard]] bool is_directory(const std::string& path) const override {
        struct stat info {};
        return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
    }

    [[nodiscard]] std::string read(const std::string& path) const override {
        const FileDescriptor fd = open_or_throw("open", path, O_RDONLY);
        struct stat info {};
        if (::fstat(fd.get(), &info) != 0) fail("read", path, errno);
        std::string bytes;
        // One byte more than the file holds, so that the usual file ends with a single short read; files without a
        // size (pipes, /proc) grow the buffer.
        bytes.resize(std::max<std::size_t>(static_cast<std::size_t>(info.st_size) + 1, 4096));
        std::size_t size = 0;
        while (true) {
            if (size == bytes.size()) bytes.resize(bytes.size() * 2);
            const auto got =
                without_interruption([&] { return ::read(fd.get(), bytes.data() + size, bytes.size() - size); });
            if (got < 0) fail("read", path, errno);
            if (got == 0) break;
            size += static_cast<std::size_t>(got);
        }
        bytes.resize(size);
        return bytes;
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
        const std::string temporary = path + ".tmp";
        try {
            const FileDescriptor fd = open_or_throw("write", temporary, O_WRONLY | O_CREAT | O_TRUNC);
            write_all(fd, temporary, bytes);
            if (without_interruption([&] { return ::fsync(fd.get()); }) != 0) fail("sync", temporary, errno);
            if (::rename(temporary.c_str(), path.c_str()) != 0) fail("rename " + temporary + " to", path, errno);
        } catch (const IoError&) {
            ::unlink(temporary.c_str());
            throw;
        }
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

}  // namespace halftone
