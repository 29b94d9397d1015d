// The POSIX file system and its twin in memory do the same: random sequences of operations give equal answers and equal
// errors on both, so that a test which runs on memory says something about the real one.

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/rng.hpp"
#include "base/text.hpp"
#include "support/temporary_folder.hpp"

namespace halftone {
namespace {

/// Few names, so that operations meet: a file is read as a folder, locked twice, written where a folder is.
const std::vector<std::string> kPaths{"a", "b", "a/c", "a/c/d", "e", "a//c", "none/f"};

/// One file system with what a sequence holds open on it.
class Side {
public:
    Side(std::unique_ptr<FileSystem> files, std::string root) : files_(std::move(files)), root_(std::move(root)) {
        files_->create_directories(root_);
    }

    /// Does the operation of this number. @return its answer, or its error, as text without the root's name
    [[nodiscard]] std::string run(std::uint64_t operation, const std::string& name, const std::string& bytes) {
        try {
            return answer(operation, root_ + "/" + name, bytes);
        } catch (const IoError& error) {
            std::string text = error.what();
            for (auto at = text.find(root_); at != std::string::npos; at = text.find(root_))
                text.replace(at, root_.size(), "ROOT");
            return text;
        }
    }

private:
    std::string answer(std::uint64_t operation, const std::string& path, const std::string& bytes) {
        switch (operation) {
            case 0:
                return files_->exists(path) ? "exists" : "does not exist";
            case 1:
                return files_->is_directory(path) ? "is a folder" : "is no folder";
            case 2:
                return "holds " + files_->read(path);
            case 3:
                return "lists " + join(files_->list(path), " ");
            case 4:
                files_->create_directories(path);
                return "made";
            case 5:
                files_->write_atomically(path, bytes);
                return "written";
            case 6: {
                const auto file = files_->open_append(path);
                file->append(bytes);
                file->sync();
                return "appended";
            }
            case 7: {
                const auto file = files_->open_append(path);
                file->truncate(1);
                return "cut";
            }
            case 8:
                locks_[path] = nullptr;  // a second lock of one's own would wait for the first
                locks_[path] = files_->try_lock(path);
                return locks_[path] != nullptr ? "locked" : "is locked";
            case 9:
                return files_->try_lock(path) != nullptr ? "was free" : "is locked";
            case 10:
                files_->remove(path);
                return "removed";
            case 11:
                return "has " + std::to_string(files_->size(path)) + " bytes";
            case 12:
                return std::string(files_->is_file(path) ? "is a file" : "is no file") +
                       (files_->is_link(path) ? " and a link" : "");
            case 13:
                return "begins " + files_->read_part(path, 0, 2);
            case 14:
                files_->commit(path, root_ + "/b");
                return "committed";
            default:
                locks_.erase(path);
                return "unlocked";
        }
    }
    static constexpr std::uint64_t kOperations = 16;

    std::unique_ptr<FileSystem> files_;
    std::string root_;
    std::map<std::string, std::unique_ptr<FileLock>> locks_;

public:
    [[nodiscard]] static std::uint64_t pick(Rng& rng) { return rng.below(kOperations); }
};

class FileSystemTwins : public ::testing::TestWithParam<int> {};

TEST_P(FileSystemTwins, GiveTheSameAnswersAndErrors) {
    const TemporaryFolder folder;
    Side posix(make_posix_file_system(), folder / "root");
    Side memory(make_memory_file_system(), folder / "root");
    Rng rng(mix(static_cast<std::uint64_t>(GetParam()), 3));
    std::string so_far;
    for (int step = 0; step < 60; ++step) {
        const std::uint64_t operation = Side::pick(rng);
        const std::string& path = kPaths[rng.below(kPaths.size())];
        const std::string bytes = "text" + std::to_string(step);
        const std::string expected = posix.run(operation, path, bytes);
        so_far += std::to_string(operation) + " " + path + ": " + expected + "\n";
        ASSERT_EQ(memory.run(operation, path, bytes), expected) << "after\n" << so_far;
    }
}

INSTANTIATE_TEST_SUITE_P(Sequences, FileSystemTwins, ::testing::Range(0, 40));

}  // namespace
}  // namespace halftone
