// Texts of paths, and the files that another file may name.
#include "base/path.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/contained_file.hpp"
#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/process.hpp"
#include "support/temporary_folder.hpp"

namespace halftone {
namespace {

TEST(Path, PartsOfATextAreFoundWithoutFiles) {
    EXPECT_EQ(parent_path("runs/a/x.onnx"), "runs/a");
    EXPECT_EQ(parent_path("x.onnx"), "");
    EXPECT_EQ(path_stem("runs/a/x.onnx"), "x");
    EXPECT_EQ(path_stem(""), "");
    EXPECT_TRUE(is_absolute_path("/a"));
    EXPECT_FALSE(is_absolute_path("a/b"));
}

TEST(Path, JoiningKeepsAbsolutePathsAndNeedsNoFolder) {
    EXPECT_EQ(joined_path("configs", "data/x"), "configs/data/x");
    EXPECT_EQ(joined_path("", "data/x"), "data/x");
    EXPECT_EQ(joined_path("configs", "/data/x"), "/data/x");
}

TEST(Process, KnowsItsFolderAndItsEnvironment) {
    EXPECT_TRUE(is_absolute_path(working_directory()));
    EXPECT_TRUE(environment("PATH").has_value());
    EXPECT_FALSE(environment("HALFTONE_NO_SUCH_VARIABLE").has_value());
}

TEST(FreeSpace, IsThatOfTheNearestFolderThatExists) {
    const TemporaryFolder folder;
    const FreeSpace space = free_space_for(folder / "not/yet/there");
    EXPECT_EQ(space.folder, folder.path());
    EXPECT_GT(space.bytes, 0);
}

class ContainedFile : public ::testing::Test {
protected:
    ContainedFile() {
        const auto files = make_posix_file_system();
        files->create_directories(folder_ / "model/weights");
        files->write_atomically(folder_ / "model/weights/w", "1");
        files->write_atomically(folder_ / "outside", "2");
    }
    [[nodiscard]] std::string refusal(const std::string& location) const {
        try {
            return contained_file(folder_ / "model", location);
        } catch (const IoError& error) {
            return error.what();
        }
    }
    TemporaryFolder folder_;
};

TEST_F(ContainedFile, IsFoundWithoutItsLinks) {
    const std::string real = std::filesystem::canonical(folder_ / "model/weights/w").string();
    EXPECT_EQ(refusal("weights/w"), real);
    std::filesystem::create_symlink("weights/w", folder_ / "model/link");
    EXPECT_EQ(refusal("link"), real);
}

TEST(Path, PlainPathsOfOneFolderAreEqual) {
    for (const char* path : {"a/b", "a/b/", "a//b", "./a/./b", "a/c/../b/"}) EXPECT_EQ(plain_path(path), "a/b") << path;
    EXPECT_EQ(plain_path("/"), "/");
    EXPECT_EQ(plain_path("."), ".");
    EXPECT_EQ(plain_path(""), "");
}

TEST_F(ContainedFile, NeverLiesOutsideTheFolder) {
    EXPECT_EQ(refusal(""), "names no location");
    EXPECT_EQ(refusal("/etc/passwd"), "is at the absolute path '/etc/passwd'");
    EXPECT_EQ(refusal("../outside"), "is at '../outside', outside the model's folder");
    EXPECT_EQ(refusal("weights/../../outside"), "is at 'weights/../../outside', outside the model's folder");
    std::filesystem::create_symlink("../outside", folder_ / "model/leak");
    EXPECT_EQ(refusal("leak"), "is at 'leak', a link that leads out of the model's folder");
    EXPECT_EQ(refusal(std::string("w\0", 2)), "has a location with a NUL");
}

TEST_F(ContainedFile, MustBeARegularFile) {
    EXPECT_EQ(refusal("weights"), "is at 'weights', which is no regular file");
    EXPECT_EQ(refusal("none"), "is at 'none': No such file or directory");
}

}  // namespace
}  // namespace halftone
