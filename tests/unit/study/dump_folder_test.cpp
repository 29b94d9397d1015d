#include "study/dump_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/error.hpp"
#include "support/temporary_folder.hpp"

namespace halftone::study {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ParseBytes, KnowsPowersOf1024) {
    EXPECT_EQ(parse_bytes("1000"), 1000);
    EXPECT_EQ(parse_bytes("2K"), 2048);
    EXPECT_EQ(parse_bytes("512M"), 512 << 20);
    EXPECT_EQ(parse_bytes("20G"), std::int64_t{20} << 30);
    EXPECT_EQ(parse_bytes("1T"), std::int64_t{1} << 40);
}

TEST(ParseBytes, RefusesWhatIsNoNumberOfBytes) {
    for (const char* text : {"", "G", "0", "-1", "1.5G", "1GB", "1 G", "9999999999G", "99999999999999999999"}) {
        EXPECT_THROW((void)parse_bytes(text), ConfigError) << text;
    }
}

TEST(BytesText, ChoosesTheUnit) {
    EXPECT_EQ(bytes_text(0), "0 bytes");
    EXPECT_EQ(bytes_text(1023), "1023 bytes");
    EXPECT_EQ(bytes_text(1536), "1.5 KiB");
    EXPECT_EQ(bytes_text(std::int64_t{20} << 30), "20.0 GiB");
}

class DumpFolderTest : public ::testing::Test {
protected:
    DumpFolderTest() {
        layout_.identity = "one";
        layout_.samples = 3;
        layout_.shards = {{0, 2}, {2, 1}};
    }
    void touch(const std::string& name) const { std::ofstream(parent_ / name) << "x"; }
    [[nodiscard]] bool exists(const std::string& name) const { return files_->exists(parent_ / name); }

    TemporaryFolder parent_;
    std::unique_ptr<FileSystem> files_ = make_posix_file_system();
    DumpLayout layout_;
    DumpSize size_{.outputs = 1000, .weights = 24};
};

TEST_F(DumpFolderTest, ANewFolderMissesAllParts) {
    DumpFolder folder(*files_, parent_ / "new", false);
    EXPECT_FALSE(exists("new"));
    EXPECT_THAT(folder.size_line(layout_, size_), HasSubstr("dump of 0 units x 3 samples: 1000 bytes of outputs, "
                                                            "24 bytes of weights; "));
    EXPECT_THAT(folder.prepare(layout_, size_, 1024), ElementsAre(0, 1));
    EXPECT_TRUE(exists("new"));
}

TEST_F(DumpFolderTest, ADumpThatIsTooLargeCreatesNothing) {
    DumpFolder folder(*files_, parent_ / "new", false);
    EXPECT_THROW((void)folder.prepare(layout_, size_, 1023), ConfigError);
    EXPECT_THROW((void)folder.prepare(layout_, {.outputs = INT64_MAX / 2, .weights = 0}, INT64_MAX), IoError);
    EXPECT_FALSE(exists("new"));
}

TEST_F(DumpFolderTest, ADumpIsContinuedOnlyWhenAsked) {
    touch("part-0000.h5");
    EXPECT_THROW(DumpFolder(*files_, parent_.path(), false), ConfigError);
    DumpFolder folder(*files_, parent_.path(), true);
    EXPECT_THROW((void)folder.prepare(layout_, size_, 1024), DataError) << "the part is damaged";
}

TEST_F(DumpFolderTest, LeftoversOfKilledWritersGo) {
    touch("part-0001.h5.tmp");
    touch("index.h5.tmp");
    touch("mine.tmp");
    DumpFolder folder(*files_, parent_.path(), false);
    EXPECT_THAT(folder.prepare(layout_, size_, 1024), ElementsAre(0, 1));
    EXPECT_FALSE(exists("part-0001.h5.tmp"));
    EXPECT_FALSE(exists("index.h5.tmp"));
    EXPECT_TRUE(exists("mine.tmp")) << "not ours";
}

TEST_F(DumpFolderTest, AFileIsNoFolder) {
    touch("file");
    EXPECT_THROW(DumpFolder(*files_, parent_ / "file", true), IoError);
}

}  // namespace
}  // namespace halftone::study
