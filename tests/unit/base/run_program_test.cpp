#include "base/run_program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
