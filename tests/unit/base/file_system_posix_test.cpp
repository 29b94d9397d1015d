// What only the real file system can show: failures on disk, and locks against other processes.
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "support/temporary_folder.hpp"

namespace halftone {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string error_of_reading(const std::string& path) {
    try {
        (void)make_posix_file_system()->read(path);
    } catch (const IoError& error) {
        return error.what();
    }
    return "read";
}

/// Runs `body` in a forked process and returns its exit code. `body` must not use gtest's assertions.
template <class Body>
int exit_code_of_child(Body body) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(body());
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Root's rename would put a file in the place of /dev/null.
TEST(PosixFileSystem, AnAtomicWriteReplacesNothingButFiles) {
    const TemporaryFolder folder;
    const auto files = make_posix_file_system();
    ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
    files->create_directories(folder / "sub");
    for (const char* name : {"fifo", "sub"}) {
        try {
            files->write_atomically(folder / name, "x");
            ADD_FAILURE() << name;
        } catch (const IoError& error) {
            EXPECT_THAT(error.what(), HasSubstr("cannot write " + (folder / name) + ": "));
        }
        files->write_atomically(folder / "made.tmp", "x");
        EXPECT_THROW(files->commit(folder / "made.tmp", folder / name), IoError);
    }
    struct stat info {};
    ASSERT_EQ(::stat((folder / "fifo").c_str(), &info), 0);
    EXPECT_TRUE(S_ISFIFO(info.st_mode));
    EXPECT_THAT(files->list(folder.path()), ElementsAre("fifo", "made.tmp", "sub"));
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

// No reader may wait for somebody who writes, nor read for ever.
TEST(PosixFileSystem, ReadsRegularFilesOnly) {
    const TemporaryFolder folder;
    const std::string fifo = folder / "fifo";
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    EXPECT_EQ(error_of_reading(fifo), "cannot read " + fifo + ": it is a FIFO, not a regular file");
    EXPECT_THROW((void)make_posix_file_system()->read_part(fifo, 0, 1), IoError);
    EXPECT_EQ(error_of_reading("/dev/zero"), "cannot read /dev/zero: it is a device, not a regular file");
    EXPECT_EQ(error_of_reading(folder.path()), "cannot read " + folder.path() + ": Is a directory");

    const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = folder / "s";
    ASSERT_LT(path.size(), sizeof address.sun_path);
    path.copy(address.sun_path, path.size());
    ASSERT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(error_of_reading(path), "cannot read " + path + ": it is a socket, not a regular file");
    ::close(socket);
}

TEST(PosixFileSystem, RefusesMoreBytesThanTheLimitBeforeItTakesMemory) {
    const TemporaryFolder folder;
    const std::string path = folder / "sparse";
    const auto files = make_posix_file_system();
    files->write_atomically(path, "12345");
    EXPECT_EQ(files->read(path, 5), "12345");
    EXPECT_THROW((void)files->read(path, 4), IoError);
    ASSERT_EQ(::truncate(path.c_str(), off_t{1} << 42), 0);  // 4 TiB, none of them on the disk
    EXPECT_THAT(error_of_reading(path), HasSubstr("it has 4398046511104 bytes; at most 17179869184 are read"));
    EXPECT_THROW((void)files->read("/proc/self/status", 10), IoError);
}

// A child appends while the file is read again and again.
TEST(PosixFileSystem, AFileThatGrowsIsReadAsItWasWhenItWasOpened) {
    const TemporaryFolder folder;
    const std::string path = folder / "grows";
    const auto files = make_posix_file_system();
    files->write_atomically(path, std::string(1000, 'x'));
    const pid_t child = ::fork();
    if (child == 0) {
        const auto file = make_posix_file_system()->open_append(path);
        for (int i = 0; i < 100'000; ++i) file->append(std::string(1000, 'x'));
        ::pause();
    }
    for (int i = 0; i < 20; ++i) {
        const std::uint64_t before = files->size(path);
        const std::size_t read = files->read(path).size();
        EXPECT_GE(read, before);
        EXPECT_LE(read, files->size(path));
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
}

}  // namespace
}  // namespace halftone
