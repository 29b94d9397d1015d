// The twin of the POSIX file system for tests: the same contract, plus a disk that fills up and a machine that forgets
// what was not synced. From top to bottom:
//
//   Disk, normal, is_folder      the state, and how paths become its keys
//   open_or_create, write        what several operations share, with POSIX's errors
//   MemoryAppendFile             an open file; it ends with a crash
//   InMemory                     the interface; fail_after_bytes and crash inject the faults
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/path.hpp"

namespace halftone {
namespace {

/// What a program sees of a file, and what the disk has of it.
struct File {
    std::string bytes{};
    std::string synced{};     ///< what a crash leaves
    std::uint64_t inode = 0;  ///< what a lock holds; a file that is renamed over another one keeps its own
};

/// Shared by the file system and the files and locks that it gave out, which may live longer.
struct Disk {
    std::mutex mutex;
    std::map<std::string, File> files;
    std::set<std::string> folders;
    std::map<std::uint64_t, std::uint64_t> locks;  ///< inode -> number of the lock that holds it
    std::uint64_t next_lock = 0;
    std::uint64_t next_inode = 1;
    std::uint64_t crashes = 0;
    long long bytes_left = -1;  ///< -1: no limit
};

[[noreturn]] void fail(std::string_view operation, const std::string& path, std::string_view why) {
    throw IoError(fmt::format("cannot {} {}: {}", operation, path, why));
}

/// One text for one file: "a//b/../c" and "a/c" are the same entry. POSIX would first ask whether "a/b" exists; and
/// links, for which this is wrong, do not exist here.
std::string normal(const std::string& path) {
    std::string text = std::filesystem::path(path).lexically_normal().string();
    if (text.size() > 1 && text.back() == '/') text.pop_back();
    return text;
}

bool is_folder(const Disk& disk, const std::string& path) {
    return path.empty() || path == "/" || path == "." || disk.folders.contains(path);
}

/// Why there is nothing at a path, in POSIX's words: a folder above it is a file, or is not there.
[[noreturn]] void fail_absent(const Disk& disk, std::string_view operation, const std::string& path) {
    for (std::string above = parent_path(normal(path)); !is_folder(disk, above); above = parent_path(above)) {
        if (disk.files.contains(above)) fail(operation, path, "Not a directory");
    }
    fail(operation, path, "No such file or directory");
}

/// The errors are those of POSIX, word for word: tests compare both.
File& open_or_create(Disk& disk, std::string_view operation, const std::string& path) {
    const std::string key = normal(path);
    if (is_folder(disk, key)) fail(operation, path, "Is a directory");
    if (!is_folder(disk, parent_path(key))) fail_absent(disk, operation, path);
    File& file = disk.files[key];
    if (file.inode == 0) file.inode = disk.next_inode++;
    return file;
}

/// Adds what fits on the disk, then fails like a full one.
void write(Disk& disk, const std::string& path, std::string& target, std::string_view bytes) {
    const bool fits = disk.bytes_left < 0 || std::cmp_less_equal(bytes.size(), disk.bytes_left);
    const std::string_view written = fits ? bytes : bytes.substr(0, static_cast<std::size_t>(disk.bytes_left));
    target += written;
    if (disk.bytes_left >= 0) disk.bytes_left -= static_cast<long long>(written.size());
    if (!fits) fail("write", path, "No space left on device");
}

class MemoryAppendFile final : public AppendFile {
public:
    // A crash is counted, so that a file which was open during one can be told from a new one.
    MemoryAppendFile(std::shared_ptr<Disk> disk, std::string path)
        : disk_(std::move(disk)), path_(std::move(path)), opened_after_(disk_->crashes) {}

    void append(std::string_view bytes) override {
        const std::lock_guard lock(disk_->mutex);
        write(*disk_, path_, file("write").bytes, bytes);
    }
    void sync() override {
        const std::lock_guard lock(disk_->mutex);
        File& f = file("sync");
        f.synced = f.bytes;
    }
    void truncate(std::size_t size) override {
        const std::lock_guard lock(disk_->mutex);
        File& f = file("truncate");
        f.bytes.resize(size);
        f.synced = f.bytes;
    }

private:
    File& file(std::string_view operation) {
        if (opened_after_ != disk_->crashes) fail(operation, path_, "the file was open during a crash");
        return disk_->files[path_];
    }

    std::shared_ptr<Disk> disk_;
    std::string path_;
    std::uint64_t opened_after_;
};

class MemoryFileLock final : public FileLock {
public:
    MemoryFileLock(std::shared_ptr<Disk> disk, std::uint64_t inode, std::uint64_t number)
        : disk_(std::move(disk)), inode_(inode), number_(number) {}
    ~MemoryFileLock() override {
        const std::lock_guard lock(disk_->mutex);
        const auto held = disk_->locks.find(inode_);  // a crash released it, and another may hold it now
        if (held != disk_->locks.end() && held->second == number_) disk_->locks.erase(held);
    }

private:
    std::shared_ptr<Disk> disk_;
    std::uint64_t inode_;
    std::uint64_t number_;
};

class InMemory final : public MemoryFileSystem {
public:
    [[nodiscard]] bool exists(const std::string& path) const override {
        const std::lock_guard lock(disk_->mutex);
        return is_folder(*disk_, normal(path)) || disk_->files.contains(normal(path));
    }
    [[nodiscard]] bool is_directory(const std::string& path) const override {
        const std::lock_guard lock(disk_->mutex);
        return is_folder(*disk_, normal(path));
    }
    [[nodiscard]] bool is_file(const std::string& path) const override {
        const std::lock_guard lock(disk_->mutex);
        return disk_->files.contains(normal(path));
    }
    [[nodiscard]] bool is_link(const std::string&) const override { return false; }
    [[nodiscard]] std::uint64_t size(const std::string& path) const override {
        const std::lock_guard lock(disk_->mutex);
        return existing("find the size of", path).bytes.size();
    }
    [[nodiscard]] std::string read_part(const std::string& path, std::uint64_t offset,
                                        std::uint64_t count) const override {
        const std::string bytes = read(path);
        if (offset > bytes.size() || count > bytes.size() - offset) {
            const std::uint64_t end = count > UINT64_MAX - offset ? UINT64_MAX : offset + count;
            throw IoError(fmt::format("cannot read {}: it ends before byte {}", path, end));
        }
        return bytes.substr(offset, count);
    }
    void remove(const std::string& path) override {
        const std::lock_guard lock(disk_->mutex);
        static_cast<void>(existing("remove", path));
        disk_->files.erase(normal(path));
    }
    using FileSystem::read;
    [[nodiscard]] std::string read(const std::string& path, std::uint64_t limit) const override {
        const std::lock_guard lock(disk_->mutex);
        if (is_folder(*disk_, normal(path))) fail("read", path, "Is a directory");
        const std::string& bytes = existing("open", path).bytes;
        if (bytes.size() > limit) {
            throw IoError(
                fmt::format("cannot read {}: it has {} bytes; at most {} are read", path, bytes.size(), limit));
        }
        return bytes;
    }
    [[nodiscard]] std::vector<std::string> list(const std::string& folder) const override {
        const std::lock_guard lock(disk_->mutex);
        std::string parent = normal(folder);
        if (disk_->files.contains(parent)) fail("list", folder, "Not a directory");
        if (!is_folder(*disk_, parent)) fail_absent(*disk_, "list", folder);
        if (parent == ".") parent.clear();
        std::vector<std::string> names;
        const auto add = [&](const std::string& path) {
            if (parent_path(path) == parent) names.push_back(std::filesystem::path(path).filename().string());
        };
        for (const auto& [path, file] : disk_->files) add(path);
        for (const std::string& path : disk_->folders) add(path);
        std::sort(names.begin(), names.end());
        return names;
    }
    void create_directories(const std::string& path) override {
        const std::lock_guard lock(disk_->mutex);
        make_folder(path);
    }
    void write_atomically(const std::string& path, std::string_view bytes) override {
        const std::lock_guard lock(disk_->mutex);
        require_replaceable(path);
        const std::string temporary = path + ".tmp";
        File& file = open_or_create(*disk_, "write", temporary);
        try {
            file.bytes.clear();
            // A full disk fails here, before the old file is touched.
            write(*disk_, temporary, file.bytes, bytes);
            rename(temporary, path);
        } catch (const IoError&) {
            disk_->files.erase(normal(temporary));
            throw;
        }
    }
    void commit(const std::string& temporary, const std::string& path) override {
        const std::lock_guard lock(disk_->mutex);
        require_replaceable(path);
        static_cast<void>(existing("open", temporary));
        rename(temporary, path);
    }
    [[nodiscard]] std::unique_ptr<AppendFile> open_append(const std::string& path) override {
        const std::lock_guard lock(disk_->mutex);
        open_or_create(*disk_, "open for appending", path);
        return std::make_unique<MemoryAppendFile>(disk_, normal(path));
    }
    [[nodiscard]] std::unique_ptr<FileLock> try_lock(const std::string& path) override {
        const std::lock_guard lock(disk_->mutex);
        const std::uint64_t inode = open_or_create(*disk_, "open for locking", path).inode;
        const auto [entry, is_new] = disk_->locks.try_emplace(inode, disk_->next_lock);
        if (!is_new) return nullptr;
        return std::make_unique<MemoryFileLock>(disk_, inode, disk_->next_lock++);
    }

    void fail_after_bytes(long long bytes) override {
        const std::lock_guard lock(disk_->mutex);
        disk_->bytes_left = bytes;
    }
    // Folders and synced bytes stay. Locks end, as they do with the process that held them.
    void crash() override {
        const std::lock_guard lock(disk_->mutex);
        for (auto& [path, file] : disk_->files) file.bytes = file.synced;
        disk_->locks.clear();
        ++disk_->crashes;
    }

private:
    /// A file never takes the place of a folder. Devices do not exist here.
    void require_replaceable(const std::string& path) const {
        if (is_folder(*disk_, normal(path))) fail("write", path, "Is a directory");
    }
    // These are called while the disk is locked.

    /// The file at a path. @throws IoError when there is a folder, or nothing
    [[nodiscard]] const File& existing(std::string_view operation, const std::string& path) const {
        const auto file = disk_->files.find(normal(path));
        if (file != disk_->files.end()) return file->second;
        if (is_folder(*disk_, normal(path))) fail(operation, path, "Is a directory");
        fail_absent(*disk_, operation, path);
    }

    /// From the top down, as POSIX must make them: what stands in the way is found before anything below it is made.
    void make_folder(const std::string& path) {
        if (path.empty() || is_folder(*disk_, normal(path))) return;
        make_folder(parent_path(path));
        if (disk_->files.contains(normal(path))) fail("create folder", path, "File exists");
        disk_->folders.insert(normal(path));
    }

    /// Puts a file in the place of another. It is synced, as both callers on POSIX see to before they rename.
    void rename(const std::string& from, const std::string& to) {
        static_cast<void>(open_or_create(*disk_, "rename " + from + " to", to));  // or its error
        File moved = disk_->files.at(normal(from));
        moved.synced = moved.bytes;
        disk_->files.erase(normal(from));
        disk_->files[normal(to)] = std::move(moved);
    }

    std::shared_ptr<Disk> disk_ = std::make_shared<Disk>();
};

}  // namespace

std::unique_ptr<MemoryFileSystem> make_memory_file_system() { return std::make_unique<InMemory>(); }

}  // namespace halftone
