// Files on which the HDF5 library itself may crash. The stored inputs of the fuzz target h5 hold real ones.
#include "dump/h5/crash_guard.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "dump/h5/read_all.hpp"
#include "dump/h5_reader.hpp"
#include "dump/h5_writer.hpp"
#include "support/temporary_folder.hpp"

namespace halftone {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class CrashGuard : public ::testing::Test {
protected:
    [[nodiscard]] std::string path() const { return folder_ / "x.h5"; }
    void write(const std::string& bytes) const { make_posix_file_system()->write_atomically(path(), bytes); }

    /// A reading that leaves a line in a file, since the copy's memory is not ours.
    [[nodiscard]] std::function<bool()> counted() const {
        return [this] {
            std::ofstream(folder_ / "readings", std::ios::app) << "x";
            return true;
        };
    }
    [[nodiscard]] std::size_t readings() const {
        const auto files = make_posix_file_system();
        return files->exists(folder_ / "readings") ? files->read(folder_ / "readings").size() : 0;
    }
    [[nodiscard]] std::string refusal(const std::function<bool()>& reading) const {
        try {
            h5::read_in_copy_first(path(), "::/a", reading);
        } catch (const DataError& error) {
            return error.what();
        }
        return "read";
    }

    TemporaryFolder folder_;
};

TEST_F(CrashGuard, ACrashIsARefusalThatNamesTheFile) {
    write("one");
    const auto crash = [] { return ::raise(SIGSEGV) == 0; };
    for (int i = 0; i < 2; ++i) {
        EXPECT_THAT(refusal(crash),
                    AllOf(StartsWith(path() + "::/a: the HDF5 library (1."),
                          HasSubstr("could not read it without a crash (signal 11), so the file is damaged")));
    }
}

TEST_F(CrashGuard, EachFileIsReadOnceUntilItChanges) {
    write("one");
    EXPECT_EQ(refusal(counted()), "read");
    EXPECT_EQ(refusal(counted()), "read");
    EXPECT_EQ(readings(), 1U);
    write("two, longer");
    EXPECT_EQ(refusal(counted()), "read");
    EXPECT_EQ(readings(), 2U);
    h5::read_in_copy_first(path(), "::/b", counted());
    EXPECT_EQ(readings(), 3U) << "another reading of the same file";
}

TEST_F(CrashGuard, AFileOfThisProcessIsNotReadInACopy) {
    write("one");
    h5::trust_file(path());
    EXPECT_EQ(refusal(counted()), "read");
    EXPECT_EQ(readings(), 0U);
    write("two, longer");
    EXPECT_EQ(refusal(counted()), "read");
    EXPECT_EQ(readings(), 1U) << "somebody else wrote it since";
}

// A refusal of the library is met again by the process, which then says it in its own words.
TEST_F(CrashGuard, AnErrorIsNoCrash) {
    write("one");
    EXPECT_EQ(refusal([]() -> bool { throw DataError("x"); }), "read");
}

TEST_F(CrashGuard, EverythingInAFileIsRead) {
    {
        H5Writer writer(path());
        writer.attribute("/", "format", std::string("x"));
        writer.attribute("/", "numbers", std::vector<double>{1, 2});
        writer.table("/t", "a table",
                     {{"x", "numbers", "1", std::vector<double>{1.5, -2}},
                      {"name", "texts", "", std::vector<std::string>{"a", "bc"}},
                      {"i", "integers", "1", std::vector<std::int64_t>{1, 2}}});
        writer.commit();
    }
    const H5Reader reader(path(), H5Guard::off);
    EXPECT_TRUE(h5::read_all(reader));
    EXPECT_THAT(reader.attributes("/"), ElementsAre("format", "numbers"));
    EXPECT_TRUE(reader.has_attribute("/", "format"));
    EXPECT_FALSE(reader.has_attribute("/", "forma"));
    EXPECT_TRUE(reader.has("/t") && reader.has("/t/") && reader.has("/t/x"));
    EXPECT_FALSE(reader.has("/t/none") || reader.has("/none/x") || reader.has("/t/x/y") || reader.has("t"));
    EXPECT_EQ(reader.bytes("/t/name"), 4U);
}

// The copy at the opening leaves out what lies deeper than 16 groups; such an object gets a copy of its own.
TEST_F(CrashGuard, WhatTheFirstCopyLeavesOutIsReadInAnother) {
    std::string deep;
    for (int i = 0; i < 18; ++i) deep += "/g";
    {
        H5Writer writer(path());
        writer.array(
            {.path = deep + "/x", .description = "x", .units = "1", .elements = std::vector<double>{7}, .shape = {}});
        writer.commit();
    }
    const std::string bytes = make_posix_file_system()->read(path());
    write(bytes);  // no file of this process any more: another inode
    EXPECT_FALSE(h5::read_all(H5Reader(path(), H5Guard::off)));
    EXPECT_THAT(H5Reader(path()).numbers(deep + "/x"), ElementsAre(7));
}

}  // namespace
}  // namespace halftone
