#include "dump/tensor_dump.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/error.hpp"

namespace halftone {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TensorDump : public ::testing::Test {
protected:
    void SetUp() override {
        folder_ = (std::filesystem::path(::testing::TempDir()) /
                   ("dump_" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name())))
                      .string();
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
        layout_.identity = "one";
        layout_.samples = 3;
        layout_.batch = 2;
        layout_.shards = {{0, 2}, {2, 1}};
        layout_.units.push_back({.group = dump_group(0, "/conv.1"),
                                 .unit = "/conv.1",
                                 .op = "Conv",
                                 .value = "y",
                                 .sample_shape = {2},
                                 .inner = 2,
                                 .stored = DType::u8,
                                 .scale = 0.5,
                                 .zero_point = 10});
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    void write_part(std::size_t shard, const DumpLayout& layout) const {
        const float fp32[] = {1, 2, 3, 4, 5, 6};
        const std::uint8_t codes[] = {12, 14, 16, 18, 20, 255};
        DumpPart part(layout, shard, folder_);
        const auto first = static_cast<std::size_t>(2 * layout.shards[shard].first);
        part.write(0, 0, layout.shards[shard].count, reinterpret_cast<const std::byte*>(fp32 + first),
                   reinterpret_cast<const std::byte*>(codes + first));
        part.commit();
    }
    void write_all() const {
        for (const std::size_t shard : {0U, 1U}) write_part(shard, layout_);
        H5Writer file(folder_ + "/index.h5");
        write_index(file, layout_, folder_);
        file.commit();
    }
    [[nodiscard]] std::string refusal() const {
        try {
            const DumpReader reader(folder_);
        } catch (const DataError& error) {
            return error.what();
        }
        return "nothing was refused";
    }

    std::string folder_;
    DumpLayout layout_;
};

TEST_F(TensorDump, ReadsBackAsReals) {
    write_all();
    const DumpReader reader(folder_);
    ASSERT_EQ(reader.layout().units.size(), 1U);
    EXPECT_EQ(reader.layout().units[0].unit, "/conv.1");
    std::vector<float> x, y;
    std::vector<std::byte> codes;
    reader.read(0, 0, 0, 2, x, y, codes);
    EXPECT_THAT(x, ElementsAre(1, 2, 3, 4));
    EXPECT_THAT(y, ElementsAre(1, 2, 3, 4));  // 0.5 * (12 - 10), …
    reader.read(0, 1, 2, 1, x, y, codes);
    EXPECT_THAT(y, ElementsAre(5, 122.5));
}

TEST_F(TensorDump, KnowsWhichPartsAreMissingOrOfAnotherDump) {
    write_part(0, layout_);
    EXPECT_EQ(check_part(layout_, 0, folder_), "");
    EXPECT_EQ(check_part(layout_, 1, folder_), "missing");
    DumpLayout other = layout_;
    other.identity = "two";
    write_part(1, other);
    EXPECT_THAT(check_part(layout_, 1, folder_), HasSubstr("of another dump"));
}

TEST_F(TensorDump, RefusesDamageByName) {
    write_all();
    const std::string part = folder_ + "/part-0001.h5";
    std::filesystem::rename(part, folder_ + "/kept");
    EXPECT_THAT(refusal(), HasSubstr("part-0001.h5: missing"));
    std::filesystem::create_symlink(folder_ + "/kept", part);
    EXPECT_THAT(refusal(), HasSubstr("links are not followed"));
    std::filesystem::remove(part);
    std::filesystem::copy(folder_ + "/kept", part);
    std::filesystem::resize_file(part, 100);
    EXPECT_THAT(refusal(), HasSubstr("has 100 bytes"));
}

TEST(DumpGroup, IsAPlainNameWithItsNumber) {
    EXPECT_EQ(dump_group(3, "/layer1/0/conv"), "003_layer1_0_conv");
    EXPECT_EQ(dump_group(12, "a b//c"), "012_a_b_c");
}

}  // namespace
}  // namespace halftone
