#include "base/run_in_copy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "base/file_system.hpp"
#include "support/temporary_folder.hpp"

namespace halftone {
namespace {

using namespace std::chrono_literals;

CopyResult in_copy(const std::function<std::string()>& work) { return run_in_copy(work, 60s, 60s); }

TEST(RunInCopy, GivesWhatTheFunctionReturns) {
    int changed = 1;
    const CopyResult result = in_copy([&] {
        changed = 2;
        return std::string(10'000, 'x');
    });
    EXPECT_TRUE(result.has_answered);
    EXPECT_EQ(result.answer, std::string(10'000, 'x'));
    EXPECT_EQ(changed, 1) << "the copy has memory of its own";
}

TEST(RunInCopy, ACrashEndsTheCopyOnly) {
    for (const int number : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE}) {
        const CopyResult result = in_copy([&]() -> std::string {
            ::raise(number);
            return "survived";
        });
        EXPECT_FALSE(result.has_answered);
        EXPECT_EQ(result.signal, number);
    }
}

TEST(RunInCopy, AnExceptionIsNoAnswer) {
    const CopyResult result = in_copy([]() -> std::string { throw std::runtime_error("inside"); });
    EXPECT_FALSE(result.has_answered);
    EXPECT_EQ(result.signal, 0);
}

TEST(RunInCopy, TheClockEndsACopyThatWaitsForEver) {
    const CopyResult result = run_in_copy(
        []() -> std::string {
            for (;;) ::pause();
        },
        60s, 1s);
    EXPECT_TRUE(result.timed_out);
    EXPECT_FALSE(result.has_answered);
}

TEST(RunInCopy, TheProcessorTimeEndsALoop) {
    const CopyResult result = run_in_copy(
        []() -> std::string {
            volatile bool goes_on = true;
            while (goes_on) continue;
            return "ended";
        },
        1s, 600s);
    EXPECT_TRUE(result.timed_out);
    EXPECT_FALSE(result.has_answered);
}

TEST(RunInCopy, ASignalToTheWholeGroupDoesNotEndIt) {
    const CopyResult result = in_copy([]() -> std::string {
        for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGPIPE}) ::kill(::getpid(), number);
        return "here";
    });
    EXPECT_EQ(result.answer, "here");
}

// The process must not write what its buffers hold a second time, nor run the end of the program.
TEST(RunInCopy, LeavesWithoutTheCleanUpOfTheProcess) {
    const TemporaryFolder folder;
    const std::string path = folder / "buffered";
    std::FILE* file = std::fopen(path.c_str(), "w");
    ASSERT_NE(file, nullptr);
    std::fputs("once", file);
    EXPECT_TRUE(in_copy([] { return std::string(); }).has_answered);
    std::fclose(file);
    EXPECT_EQ(make_posix_file_system()->read(path), "once");
}

// A copy has one thread. Memory must be there for it all the same, whatever the other threads were doing.
TEST(RunInCopy, MayTakeMemoryWhileOtherThreadsDo) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "the allocator of the sanitizer keeps its locks in a copy, that of the C library does not";
#endif
    std::atomic<bool> goes_on{true};
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
        threads.emplace_back([&] {
            while (goes_on) std::string(1000, 'x').swap(*std::make_unique<std::string>(2000, 'y'));
        });
    }
    for (int i = 0; i < 50; ++i) {
        const CopyResult result = in_copy([] {
            std::string text;
            for (int j = 0; j < 1000; ++j) text += std::to_string(j);
            return text.substr(0, 3);
        });
        EXPECT_EQ(result.answer, "012");
    }
    goes_on = false;
    for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace halftone
