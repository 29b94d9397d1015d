#pragma once
// A file system with one fault: its k-th step fails, or the process dies there. A step is what a system call does on a
// real disk, so writing a whole file has several: the temporary file is opened, half written, written, renamed.
//
//   FaultyFileSystem disk(*memory);
//   disk.fault_at(7, Fault::kill);   // then run something: it throws Killed at its seventh step

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/file_system.hpp"

namespace halftone::test {

enum class Fault {
    error,       ///< EIO, once: the next call works again
    full,        ///< every step from the k-th on fails: a full or read-only disk
    kill,        ///< the process dies; what was written so far is there
    power_loss,  ///< the machine dies; what was not synced is gone
};

/// Thrown where the process dies. It is no Error, so that nothing handles it on the way out.
struct Killed {};

class FaultyFileSystem final : public FileSystem {
public:
    explicit FaultyFileSystem(MemoryFileSystem& disk) : disk_(disk), shared_(std::make_shared<Shared>()) {}

    /// @param step  number of the step that fails, counted from 1 from now on; 0: none
    void fault_at(int step, Fault fault) { *shared_ = {.count = 0, .at = step, .fault = fault, .is_dead = false}; }
    [[nodiscard]] int steps() const { return shared_->count; }

    [[nodiscard]] bool exists(const std::string& path) const override { return disk_.exists(path); }
    [[nodiscard]] bool is_directory(const std::string& path) const override { return disk_.is_directory(path); }
    [[nodiscard]] bool is_file(const std::string& path) const override { return disk_.is_file(path); }
    [[nodiscard]] bool is_link(const std::string& path) const override { return disk_.is_link(path); }
    [[nodiscard]] std::uint64_t size(const std::string& path) const override { return disk_.size(path); }
    [[nodiscard]] std::string read(const std::string& path, std::uint64_t limit) const override {
        return disk_.read(path, limit);
    }
    [[nodiscard]] std::string read_part(const std::string& path, std::uint64_t offset,
                                        std::uint64_t count) const override {
        return disk_.read_part(path, offset, count);
    }
    [[nodiscard]] std::vector<std::string> list(const std::string& folder) const override { return disk_.list(folder); }

    void create_directories(const std::string& path) override {
        shared_->step("create folder " + path);
        disk_.create_directories(path);
    }
    void remove(const std::string& path) override {
        shared_->step("remove " + path);
        disk_.remove(path);
    }
    void write_atomically(const std::string& path, std::string_view bytes) override {
        const std::string temporary = path + ".tmp";
        try {
            shared_->step("write " + temporary);
            if (disk_.exists(temporary)) disk_.remove(temporary);
            shared_->step("write " + temporary,
                          [&] { disk_.open_append(temporary)->append(bytes.substr(0, bytes.size() / 2)); });
            shared_->step("rename " + temporary, [&] { disk_.write_atomically(temporary, bytes); });
        } catch (const IoError&) {
            // As the real one: a file that could not be written does not keep its room.
            if (disk_.exists(temporary)) disk_.remove(temporary);
            throw;
        }
        if (disk_.exists(temporary)) disk_.remove(temporary);
        disk_.write_atomically(path, bytes);
        shared_->step("sync folder of " + path);
    }
    void commit(const std::string& temporary, const std::string& path) override {
        shared_->step("rename " + temporary);
        disk_.commit(temporary, path);
        shared_->step("sync folder of " + path);
    }
    [[nodiscard]] std::unique_ptr<AppendFile> open_append(const std::string& path) override {
        shared_->step("open " + path);
        return std::make_unique<File>(disk_.open_append(path), shared_, path);
    }
    [[nodiscard]] std::unique_ptr<FileLock> try_lock(const std::string& path) override {
        shared_->step("lock " + path);
        return disk_.try_lock(path);
    }

private:
    struct Shared {
        int count = 0;
        int at = 0;
        Fault fault = Fault::error;
        bool is_dead = false;

        /// @param half  what a step that fails has done by then; empty: nothing
        void step(const std::string& what, const std::function<void()>& half = {}) {
            if (is_dead) throw Killed{};
            const bool fails = ++count == at || (fault == Fault::full && at > 0 && count > at);
            if (!fails) return;
            if (half) half();
            is_dead = fault == Fault::kill || fault == Fault::power_loss;
            if (is_dead) throw Killed{};
            throw IoError("cannot " + what + ": " +
                          (fault == Fault::full ? "No space left on device" : "Input/output error"));
        }
    };

    class File final : public AppendFile {
    public:
        File(std::unique_ptr<AppendFile> file, std::shared_ptr<Shared> shared, std::string path)
            : file_(std::move(file)), shared_(std::move(shared)), path_(std::move(path)) {}
        void append(std::string_view bytes) override {
            shared_->step("write " + path_);
            shared_->step("write " + path_, [&] { file_->append(bytes.substr(0, bytes.size() / 2)); });
            file_->append(bytes);
        }
        void sync() override {
            shared_->step("sync " + path_);
            file_->sync();
        }
        void truncate(std::size_t size) override {
            shared_->step("truncate " + path_);
            file_->truncate(size);
        }

    private:
        std::unique_ptr<AppendFile> file_;
        std::shared_ptr<Shared> shared_;
        std::string path_;
    };

    MemoryFileSystem& disk_;
    std::shared_ptr<Shared> shared_;
};

}  // namespace halftone::test
