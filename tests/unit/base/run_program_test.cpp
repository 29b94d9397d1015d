#include "base/run_program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "base/error.hpp"
#include "base/file_system.hpp"

namespace halftone {
namespace {

using namespace std::chrono_literals;

ProgramResult shell(const std::string& line, std::chrono::milliseconds limit = 60s, std::size_t most = 1000) {
    return run_program({"sh", "-c", line}, "", limit, most);
}

TEST(RunProgram, GivesItsOutputsAndItsCode) {
    const ProgramResult result = shell("echo out; echo err >&2; exit 7");
    EXPECT_EQ(result.exit_code, 7);
    EXPECT_EQ(result.out, "out\n");
    EXPECT_EQ(result.err, "err\n");
    EXPECT_FALSE(result.timed_out);
}

TEST(RunProgram, NoShellReadsTheArguments) {
    EXPECT_EQ(run_program({"echo", "$HOME; *", "a b"}, "", 60s, 1000).out, "$HOME; * a b\n");
}

TEST(RunProgram, RunsInTheFolderWithAnEmptyInput) {
    EXPECT_EQ(run_program({"sh", "-c", "pwd; cat"}, "/", 60s, 1000).out, "/\n");
}

TEST(RunProgram, IsKilledWithAllThatItStartedWhenTheTimeIsUp) {
    for (const char* line : {"sleep 30", "sleep 30 & wait", "exec >/dev/null 2>&1; sleep 30"}) {
        const ProgramResult result = shell(line, 100ms);
        EXPECT_TRUE(result.timed_out) << line;
        EXPECT_EQ(result.signal, 9) << line;
    }
}

// Each process that holds the write end keeps the pipe open: the one that calls run_program, and the program.
TEST(RunProgram, EndsWithTheProcessThatStartedIt) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    const pid_t caller = ::fork();
    ASSERT_GE(caller, 0);
    if (caller == 0) {
        (void)run_program({"sh", "-c", "echo started >&" + std::to_string(ends[1]) + "; exec sleep 120"}, "", 120s,
                          1000);
        ::_exit(0);
    }
    ::close(ends[1]);
    std::array<char, 8> word{};
    ASSERT_EQ(::read(ends[0], word.data(), word.size()), 8);  // "started" and the end of its line
    ::kill(caller, SIGKILL);
    ::waitpid(caller, nullptr, 0);
    pollfd waiting{ends[0], POLLIN, 0};
    EXPECT_EQ(::poll(&waiting, 1, 60'000), 1) << "the program still runs";
    EXPECT_EQ(::read(ends[0], word.data(), word.size()), 0);
    ::close(ends[0]);
}

TEST(RunProgram, SaysWhichSignalEndedIt) {
    EXPECT_EQ(shell("kill -15 $$").signal, 15);
    EXPECT_EQ(shell("kill -15 $$").exit_code, -1);
}

TEST(RunProgram, ReadsMoreThanItKeeps) {
    const ProgramResult result = shell("yes | head -c 300000; yes | head -c 300000 >&2");
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(result.out.size(), 1000U);
    EXPECT_EQ(result.err.size(), 1000U);
}

TEST(RunProgram, AProgramThatIsNotThereIsAnError) {
    EXPECT_THROW((void)run_program({"halftone-no-such-program"}, "", 60s, 1000), IoError);
    EXPECT_THROW((void)run_program({"sh"}, "/halftone-no-such-folder", 60s, 1000), IoError);
}

TEST(TemporaryFile, LivesAsLongAsItsObject) {
    const auto files = make_posix_file_system();
    std::string path;
    {
        const TemporaryFile file(".txt", "some bytes");
        path = file.path();
        EXPECT_THAT(path, testing::EndsWith(".txt"));
        EXPECT_EQ(files->read(path), "some bytes");
    }
    EXPECT_FALSE(files->exists(path));
}

}  // namespace
}  // namespace halftone
