// The twin for tests: same contract as POSIX, plus a disk that fills up and a machine that forgets what was not synced.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "base/error.hpp"
#include "base/file_system.hpp"

namespace halftone {
namespace {

struct File {
    std::string bytes;
    std::string synced;  ///< what a crash leaves
};

struct Disk {
    std::mutex mutex;
    std::map<std::string, File> files;
    std::set<std::string> folders;
    std::map<std::string, std::uint64_t> locks;  ///< path -> number of the lock that holds it
    std::uint64_t next_lock = 0;
    std::uint64_t crashes = 0;
    long long bytes_left = -1;  ///< -1: no limit
};

[[noreturn]] void fail(std::string_view operation, const std::string& path, std::string_view why) {
    throw IoError(fmt::format("cannot {} {}: {}", operation, path, why));
}

std::string normal(const std::string& path) {
    std::string text = std::filesystem::path(path).lexically_normal().string();
    if (text.size() > 1 && text.back() == '/') text.pop_back();
    return text;
}

std::string memory_parent_of(const std::string& path) { return std::filesystem::path(path).parent_path().string(); }

bool is_folder(const Disk& disk, const std::string& path) {
    return path.empty() || path == "/" || path == "." || disk.folders.contains(path);
}

File& open_or_create(Disk& disk, std::string_view operation, const std::string& path) {
    if (is_folder(disk, path)) fail(operation, path, "Is a directory");
    if (!is_folder(disk, memory_parent_of(path))) fail(operation, path, "No such file or directory");
    return disk.files[path];
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
    MemoryFileLock(std::shared_ptr<Disk> disk, std::string path, std::uint64_t number)
        : disk_(std::move(disk)), path_(std::move(path)), number_(number) {}
    ~MemoryFileLock() override {
        const std::lock_guard lock(disk_->mutex);
        const auto held = disk_->locks.find(path_);  // a crash released it, and another may hold it now
        if (held != disk_->locks.end() && held->second == number_) disk_->locks.erase(held);
    }

private:
    std::shared_ptr<Disk> disk_;
    std::string path_;
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
    [[nodiscard]] std::string read(const std::string& path) const override {
        const std::lock_guard lock(disk_->mutex);
        const auto file = disk_->files.find(normal(path));
        if (file == disk_->files.end()) {
            const bool folder = is_folder(*disk_, normal(path));
            fail(folder ? "read" : "open", path, folder ? "Is a directory" : "No such file or directory");
        }
        return file->second.bytes;
    }
    [[nodiscard]] std::vector<std::string> list(const std::string& folder) const override {
        const std::lock_guard lock(disk_->mutex);
        std::string parent = normal(folder);
        if (!is_folder(*disk_, parent)) fail("list", folder, "No such file or directory");
        if (parent == ".") parent.clear();
        std::vector<std::string> names;
        const auto add = [&](const std::string& path) {
            if (memory_parent_of(path) == parent) names.push_back(std::filesystem::path(path).filename().string());
        };
        for (const auto& [path, file] : disk_->files) add(path);
        for (const std::string& path : disk_->folders) add(path);
        std::sort(names.begin(), names.end());
        return names;
    }
    void create_directories(const std::string& path) override {
        const std::lock_guard lock(disk_->mutex);
        for (std::string folder = normal(path); !is_folder(*disk_, folder); folder = memory_parent_of(folder)) {
            if (disk_->files.contains(folder)) fail("create folder", folder, "File exists");
            disk_->folders.insert(folder);
        }
    }
    void write_atomically(const std::string& path, std::string_view bytes) override {
        const std::lock_guard lock(disk_->mutex);
        std::string whole;
        write(*disk_, path + ".tmp", whole, bytes);
        open_or_create(*disk_, "write", normal(path)) = {whole, whole};
    }
    [[nodiscard]] std::unique_ptr<AppendFile> open_append(const std::string& path) override {
        const std::lock_guard lock(disk_->mutex);
        open_or_create(*disk_, "open for appending", normal(path));
        return std::make_unique<MemoryAppendFile>(disk_, normal(path));
    }
    [[nodiscard]] std::unique_ptr<FileLock> try_lock(const std::string& path) override {
        const std::lock_guard lock(disk_->mutex);
        open_or_create(*disk_, "open for locking", normal(path));
        const auto [entry, is_new] = disk_->locks.try_emplace(normal(path), disk_->next_lock);
        if (!is_new) return nullptr;
        return std::make_unique<MemoryFileLock>(disk_, normal(path), disk_->next_lock++);
    }

    void fail_after_bytes(long long bytes) override {
        const std::lock_guard lock(disk_->mutex);
        disk_->bytes_left = bytes;
    }
    void crash() override {
        const std::lock_guard lock(disk_->mutex);
        for (auto& [path, file] : disk_->files) file.bytes = file.synced;
        disk_->locks.clear();
        ++disk_->crashes;
    }

private:
    std::shared_ptr<Disk> disk_ = std::make_shared<Disk>();
};

}  // namespace

std::unique_ptr<MemoryFileSystem> make_memory_file_system() { return std::make_unique<InMemory>(); }

}  // namespace halftone
