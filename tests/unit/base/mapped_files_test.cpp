// Files mapped into memory, and what happens when somebody changes them.
#include "base/mapped_files.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/budget.hpp"
#include "base/error.hpp"
#include "support/temporary_folder.hpp"

namespace halftone {
namespace {

using testing::HasSubstr;

class MappedFiles : public testing::Test {
protected:
    std::string write(const std::string& name, const std::string& bytes) const {
        std::ofstream(folder_ / name, std::ios::binary) << bytes;
        return folder_ / name;
    }

    TemporaryFolder folder_;
};

TEST_F(MappedFiles, LieBehindTheStartEachAtItsPage) {
    const std::string a = write("a", std::string(5000, 'a'));
    const std::string empty = write("empty", "");
    const std::string b = write("b", "bb");
    const SharedBytes bytes = map_files_behind("start", {{a, 5000}, {empty, 0}, {b, 2}});
    ASSERT_EQ(bytes.size(), 4 * kMappedPage);
    EXPECT_EQ(bytes.view().substr(0, 6), std::string_view("start\0", 6));
    EXPECT_EQ(bytes.view().substr(kMappedPage, 5001), std::string(5000, 'a') + '\0');
    EXPECT_EQ(bytes.view().substr(3 * kMappedPage, 3), std::string_view("bb\0", 3));
    EXPECT_NO_THROW(check_mapped_files());
}

TEST_F(MappedFiles, WhatIsNotTheExpectedFileIsRefused) {
    const std::string a = write("a", "abc");
    const auto why = [](const std::string& path, std::uint64_t size) -> std::string {
        try {
            (void)map_files_behind("", {{path, size}});
            return "mapped";
        } catch (const IoError& error) {
            return error.what();
        }
    };
    EXPECT_EQ(why(a, 3), "mapped");
    EXPECT_THAT(why(a, 4), HasSubstr("a: its size has changed"));
    EXPECT_THAT(why(folder_ / "none", 3), HasSubstr("cannot map"));
    EXPECT_THAT(why(folder_.path(), 3), HasSubstr("no regular file"));
    std::filesystem::create_symlink(a, folder_ / "link");
    EXPECT_THAT(why(folder_ / "link", 3), HasSubstr("cannot map"));
    ASSERT_EQ(::mkfifo((folder_ / "fifo").c_str(), 0600), 0);
    EXPECT_THAT(why(folder_ / "fifo", 3), HasSubstr("no regular file"));
}

TEST_F(MappedFiles, AChangeIsFoundAsLongAsTheFileIsMapped) {
    const std::string a = write("a", "abc");
    {
        const SharedBytes bytes = map_files_behind("", {{a, 3}});
        write("a", "abcd");
        try {
            check_mapped_files();
            FAIL() << "nothing was thrown";
        } catch (const IoError& error) {
            EXPECT_THAT(error.what(), HasSubstr("was changed while it was in use"));
        }
    }
    EXPECT_NO_THROW(check_mapped_files());
}

TEST_F(MappedFiles, AFileThatIsReplacedOrRemovedStaysAsItWas) {
    const std::string a = write("a", "abc");
    const std::string b = write("b", "xyz!");
    const SharedBytes bytes = map_files_behind("", {{a, 3}, {b, 4}});
    std::filesystem::rename(write("new", "other"), a);
    std::filesystem::remove(b);
    EXPECT_NO_THROW(check_mapped_files());
    EXPECT_EQ(bytes.view().substr(0, 3), "abc");
    EXPECT_EQ(bytes.view().substr(kMappedPage, 4), "xyz!");
}

TEST_F(MappedFiles, AFileThatIsCutOffEndsTheProcessWithItsName) {
    testing::GTEST_FLAG(death_test_style) = "threadsafe";
    EXPECT_EXIT(
        {
            const std::string a = write("cut", std::string(3 * kMappedPage, 'a'));
            const SharedBytes bytes = map_files_behind("", {{a, 3 * kMappedPage}});
            std::filesystem::resize_file(a, 10);
            const volatile char* last = bytes.view().data() + 3 * kMappedPage - 1;
            ::_exit(*last == 'a' ? 0 : 1);  // never reached: there is nothing to read
        },
        testing::ExitedWithCode(static_cast<int>(ExitCode::io)),
        "error: cannot read .*cut: it became shorter, or its disk failed, while it was in use");
}

TEST(SharedBytes, AreCollectedFromPieces) {
    const std::uint64_t before = process_budget().bytes_in_use();
    {
        SharedBytesBuilder builder(5);
        builder.append("ab");
        builder.append("cde");
        const SharedBytes bytes = builder.take();
        EXPECT_EQ(bytes.view(), "abcde");
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(bytes.view().data()) % kMappedPage, 0U);
        EXPECT_EQ(process_budget().bytes_in_use(), before + 5);
    }
    EXPECT_EQ(process_budget().bytes_in_use(), before);
    EXPECT_THROW(SharedBytesBuilder(1).append("ab"), InternalError);
    EXPECT_EQ(SharedBytesBuilder(0).take().view(), "");
}

TEST(SharedBytes, KeepATextWhereItIs) {
    SharedBytes copy;
    {
        const SharedBytes bytes(std::string("a text that somebody gave away"));
        copy = bytes;
        EXPECT_EQ(copy.view().data(), bytes.view().data());
    }
    EXPECT_EQ(copy.view(), "a text that somebody gave away");
    EXPECT_TRUE(SharedBytes().empty());
}

}  // namespace
}  // namespace halftone
