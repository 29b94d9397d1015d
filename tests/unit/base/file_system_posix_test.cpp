// What only the real file system can show: failures on disk, and locks against other processes.
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "support/temporary_folder.hpp"

namespace halftone {
namespace {

using testing::ElementsAre;

/// Runs `body` in a forked process and returns its exit code. `body` must not use gtest's assertions.
template <class Body>
int exit_code_of_child(Body body) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(body());
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(PosixFileSystem, AnAtomicWriteThatFailsLeavesTheOldFileAndNoRest) {
    const TemporaryFolder folder;
    const auto files = make_posix_file_system();
    files->write_atomically(folder / "best.onnx", "old");
    const int code = exit_code_of_child([&] {
        std::signal(SIGXFSZ, SIG_IGN);  // so that the limit shows as EFBIG
        const rlimit limit{1000, 1000};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        try {
            files->write_atomically(folder / "best.onnx", std::string(5000, 'x'));
        } catch (const IoError& e) {
            return std::string(e.what()).find("best.onnx.tmp: File too large") != std::string::npos ? 7 : 8;
        }
        return 9;
    });
    EXPECT_EQ(code, 7);
    EXPECT_EQ(files->read(folder / "best.onnx"), "old");
    EXPECT_THAT(files->list(folder.path()), ElementsAre("best.onnx"));
}

TEST(PosixFileSystem, AnAtomicWriteOverAFolderFails) {
    const TemporaryFolder folder;
    const auto files = make_posix_file_system();
    files->create_directories(folder / "taken");
    EXPECT_THROW(files->write_atomically(folder / "taken", "x"), IoError);
    EXPECT_THAT(files->list(folder.path()), ElementsAre("taken"));
}

TEST(PosixFileSystem, ALockHoldsAgainstAnotherProcess) {
    const TemporaryFolder folder;
    const auto files = make_posix_file_system();
    auto lock = files->try_lock(folder / "trials.jsonl");
    ASSERT_NE(lock, nullptr);
    const auto child_gets_lock = [&] {
        // The child's copy of `lock` shares our open file; a lock of its own needs a new one.
        return files->try_lock(folder / "trials.jsonl") != nullptr ? 1 : 0;
    };
    EXPECT_EQ(exit_code_of_child(child_gets_lock), 0);
    lock.reset();
    EXPECT_EQ(exit_code_of_child(child_gets_lock), 1);
}

TEST(PosixFileSystem, AProcessThatIsKilledLosesItsLock) {
    const TemporaryFolder folder;
    const auto files = make_posix_file_system();
    EXPECT_EQ(exit_code_of_child([&] {
                  const auto lock = files->try_lock(folder / "trials.jsonl");
                  ::kill(::getpid(), SIGKILL);
                  return 0;
              }),
              -1);
    EXPECT_NE(files->try_lock(folder / "trials.jsonl"), nullptr);
}

TEST(PosixFileSystem, ReadsFilesThatDoNotTellTheirSize) {
    EXPECT_FALSE(make_posix_file_system()->read("/proc/self/status").empty());
}

}  // namespace
}  // namespace halftone
