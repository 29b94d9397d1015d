#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/error.hpp"
#include "dump/h5_reader.hpp"
#include "dump/h5_writer.hpp"

namespace halftone {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class H5 : public ::testing::Test {
protected:
    void SetUp() override {
        folder_ = std::filesystem::path(::testing::TempDir()) /
                  ("h5_" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }

    /// A file with one of each.
    void write_sample(const std::string& name) const {
        H5Writer file(path(name));
        file.attribute("/", "format", "sample");
        file.attribute("/", "format_version", std::int64_t{1});
        file.table("/t", "a table",
                   {{"key", "which", "", std::vector<std::string>{"a", "längere", ""}},
                    {"x", "how much", "m", std::vector<double>{1.5, -2, 0}},
                    {"kind", "of what kind", "", H5Codes{{1, 0, 1}, {"no", "yes"}}}});
        file.array({.path = "/m",
                    .description = "a matrix",
                    .units = "1",
                    .elements = std::vector<std::int64_t>{1, 2, 3, 4, 5, 6},
                    .shape = {2, 3},
                    .scales = {},
                    .is_packed = true});
        file.commit();
    }

    template <class F>
    static std::string refusal(F&& body) {
        try {
            body();
        } catch (const DataError& error) {
            return error.what();
        }
        return "nothing was refused";
    }

    std::filesystem::path folder_;
};

TEST_F(H5, WhatIsWrittenReadsBack) {
    write_sample("a.h5");
    const H5Reader file(path("a.h5"));
    EXPECT_NO_THROW(check_format(file, path("a.h5"), "sample", 1));
    EXPECT_THAT(file.list("/t"), ElementsAre("key", "x", "kind"));
    EXPECT_THAT(file.texts("/t/key"), ElementsAre("a", "längere", ""));
    EXPECT_THAT(file.numbers("/t/x"), ElementsAre(1.5, -2, 0));
    EXPECT_EQ(file.text_attribute("/t/x", "units"), "m");
    EXPECT_EQ(file.layout("/m").shape, (std::vector<std::int64_t>{2, 3}));
    EXPECT_THAT(file.integers("/m"), ElementsAre(1, 2, 3, 4, 5, 6));
    EXPECT_FALSE(file.has("/t/none"));
}

TEST_F(H5, AFileCanBeReadFromMemory) {
    write_sample("a.h5");
    std::ifstream file(path("a.h5"), std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    const H5Reader reader(bytes, "image");
    EXPECT_THAT(reader.numbers("/t/x"), ElementsAre(1.5, -2, 0));
    EXPECT_THAT(refusal([&] { (void)reader.numbers("/none"); }), HasSubstr("image::/none: is missing"));
    EXPECT_THAT(refusal([&] { H5Reader text("just a text", "image"); }), HasSubstr("image: not an HDF5 file"));
}

TEST_F(H5, EqualContentsGiveEqualFiles) {
    write_sample("a.h5");
    write_sample("b.h5");
    const auto bytes = [&](const char* name) {
        std::ifstream file(path(name), std::ios::binary);
        return std::string(std::istreambuf_iterator<char>(file), {});
    };
    EXPECT_EQ(bytes("a.h5"), bytes("b.h5"));
}

TEST_F(H5, NothingIsThereBeforeItIsCommitted) {
    for (const H5Growth growth : {H5Growth::in_memory, H5Growth::on_disk}) {
        H5Writer file(path("a.h5"), growth);
        file.group("/g", "a group");
        EXPECT_FALSE(std::filesystem::exists(path("a.h5")));
    }
    EXPECT_TRUE(std::filesystem::is_empty(folder_)) << "an uncommitted file leaves nothing";
}

TEST_F(H5, AFailedCommitLeavesTheOldFile) {
    write_sample("a.h5");
    H5Writer file(path("a.h5"), H5Growth::on_disk);
    std::filesystem::rename(path("a.h5.tmp"), path("elsewhere"));  // as if somebody had tidied up
    EXPECT_THROW(file.commit(), IoError);
    EXPECT_THAT(H5Reader(path("a.h5")).numbers("/t/x"), ElementsAre(1.5, -2, 0));
}

TEST_F(H5, RowsCanBeWrittenInPiecesAndCompressed) {
    const std::vector<float> values{1, 2, 3, 4, 5, 6, 7, 8};
    for (const int gzip : {0, 5}) {
        H5Writer file(path("rows.h5"), H5Growth::on_disk);
        file.create_rows({.path = "/r/x", .dtype = DType::f32, .shape = {4, 2}, .chunk_rows = 3, .gzip = gzip});
        const auto* bytes = reinterpret_cast<const std::byte*>(values.data());
        file.write_rows("/r/x", 0, 1, bytes);
        file.write_rows("/r/x", 1, 3, bytes + 2 * sizeof(float));
        file.commit();
        const H5Reader reader(path("rows.h5"));
        std::vector<float> two(4);
        reader.read_rows("/r/x", 1, 2, std::as_writable_bytes(std::span(two)));
        EXPECT_THAT(two, ElementsAre(3, 4, 5, 6));
        EXPECT_THAT(refusal([&] { reader.read_rows("/r/x", 3, 2, {}); }), HasSubstr("too few rows"));
    }
}

TEST_F(H5, AVirtualDatasetIsNotFollowedByOurReader) {
    write_sample("part.h5");
    H5Writer file(path("index.h5"));
    file.virtual_rows({.path = "/v", .dtype = DType::f32, .shape = {2, 3}, .chunk_rows = 1, .gzip = 0},
                      {{.file = "part.h5", .path = "/m", .first = 0, .rows = 2}});
    file.commit();
    EXPECT_THAT(refusal([&] { (void)H5Reader(path("index.h5")).layout("/v"); }), HasSubstr("not followed"));
}

TEST_F(H5, RefusesWhatIsNoFileOfOurs) {
    EXPECT_THAT(refusal([&] { H5Reader file(path("none.h5")); }), HasSubstr("no such file"));
    std::ofstream(path("text.h5")) << "just a text";
    EXPECT_THAT(refusal([&] { H5Reader file(path("text.h5")); }), HasSubstr("text.h5: not an HDF5 file"));
    write_sample("a.h5");
    const H5Reader file(path("a.h5"));
    EXPECT_THAT(refusal([&] { check_format(file, "a.h5", "study", 1); }), HasSubstr("no study"));
    EXPECT_THAT(refusal([&] { check_format(file, "a.h5", "sample", 2); }), HasSubstr("version 1 is unknown"));
    EXPECT_THAT(refusal([&] { (void)file.numbers("/t/none"); }), HasSubstr("::/t/none: is missing"));
    EXPECT_THAT(refusal([&] { (void)file.text_attribute("/m", "none"); }), HasSubstr("none"));
    EXPECT_THAT(refusal([&] { (void)file.texts("/t/x"); }), HasSubstr("no texts"));
}

TEST_F(H5, RefusesAFileThatWasCutOff) {
    write_sample("a.h5");
    const auto size = std::filesystem::file_size(path("a.h5"));
    for (const std::uintmax_t kept : {size - 1, size / 2, std::uintmax_t{600}, std::uintmax_t{7}}) {
        write_sample("a.h5");
        std::filesystem::resize_file(path("a.h5"), kept);
        EXPECT_THAT(refusal([&] { (void)H5Reader(path("a.h5")).integers("/m"); }), HasSubstr("a.h5")) << kept;
    }
}

}  // namespace
}  // namespace halftone
