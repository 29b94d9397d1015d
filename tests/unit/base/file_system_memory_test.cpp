// The faults that the file system in memory can inject.
#include <gmock/gmock.h>

#include "base/error.hpp"
#include "base/file_system.hpp"

namespace halftone {
namespace {

TEST(MemoryFileSystem, ACrashForgetsWhatWasNotSynced) {
    const auto disk = make_memory_file_system();
    const auto log = disk->open_append("log");
    log->append("one\n");
    log->sync();
    log->append("two\n");
    EXPECT_EQ(disk->read("log"), "one\ntwo\n");
    disk->crash();
    EXPECT_EQ(disk->read("log"), "one\n");
}

TEST(MemoryFileSystem, AnAtomicWriteAndATruncationSurviveACrash) {
    const auto disk = make_memory_file_system();
    disk->write_atomically("best", "model");
    const auto log = disk->open_append("log");
    log->append("one\ntw");
    log->truncate(4);
    disk->crash();
    EXPECT_EQ(disk->read("best"), "model");
    EXPECT_EQ(disk->read("log"), "one\n");
}

TEST(MemoryFileSystem, ACrashReleasesLocksAndEndsOpenFiles) {
    const auto disk = make_memory_file_system();
    auto old_lock = disk->try_lock("log");
    const auto old_log = disk->open_append("log");
    disk->crash();
    const auto new_lock = disk->try_lock("log");
    EXPECT_NE(new_lock, nullptr);
    EXPECT_THROW(old_log->append("late"), IoError);
    old_lock.reset();  // must not release the new owner's
    EXPECT_EQ(disk->try_lock("log"), nullptr);
}

TEST(MemoryFileSystem, AFullDiskTakesAPrefixAndThenFails) {
    const auto disk = make_memory_file_system();
    disk->fail_after_bytes(5);
    const auto log = disk->open_append("log");
    log->append("one");
    try {
        log->append("three");
        FAIL() << "nothing was thrown";
    } catch (const IoError& e) {
        EXPECT_STREQ(e.what(), "cannot write log: No space left on device");
    }
    EXPECT_EQ(disk->read("log"), "oneth");
    EXPECT_THROW(log->append("x"), IoError);
    disk->fail_after_bytes(-1);
    EXPECT_NO_THROW(log->append("x"));
}

TEST(MemoryFileSystem, AnAtomicWriteOnAFullDiskLeavesTheOldFile) {
    const auto disk = make_memory_file_system();
    disk->write_atomically("best", "old");
    disk->fail_after_bytes(2);
    EXPECT_THROW(disk->write_atomically("best", "newer"), IoError);
    EXPECT_EQ(disk->read("best"), "old");
}

}  // namespace
}  // namespace halftone
