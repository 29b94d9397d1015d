#include "base/output_file.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "support/temporary_folder.hpp"

namespace halftone {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class OutputFile : public testing::Test {
protected:
    OutputFile() { files_->write_atomically(folder_ / "model.onnx", "weights"); }

    template <class Failure>
    std::string refusal_of(const std::string& path) const {
        try {
            check_output_file("--output", path, {folder_ / "plan.yaml", folder_ / "model.onnx"});
        } catch (const Failure& error) {
            return error.what();
        }
        return "accepted";
    }

    std::unique_ptr<FileSystem> files_ = make_posix_file_system();
    TemporaryFolder folder_;
};

TEST_F(OutputFile, MayBeNewOrAnOlderOutput) {
    files_->write_atomically(folder_ / "old.onnx", "last week's");
    for (const char* path : {"new.onnx", "old.onnx", "plan.yaml"})  // no plan.yaml is there, so none can be lost
        EXPECT_EQ(refusal_of<Error>(folder_ / path), "accepted") << path;
    EXPECT_EQ(refusal_of<Error>("in_the_working_directory.onnx"), "accepted");
    EXPECT_FALSE(files_->exists(folder_ / "new.onnx"));
}

TEST_F(OutputFile, MayNotBeAnInput) {
    const std::string says = "is read by this command and would be lost";
    EXPECT_THAT(refusal_of<ConfigError>(folder_ / "model.onnx"), StartsWith("--output: '" + (folder_ / "model.onnx")));
    EXPECT_THAT(refusal_of<ConfigError>(folder_ / "./model.onnx"), HasSubstr(says));
    std::filesystem::create_symlink("model.onnx", folder_ / "link.onnx");
    EXPECT_THAT(refusal_of<ConfigError>(folder_ / "link.onnx"), HasSubstr(says));
    std::filesystem::create_hard_link(folder_ / "model.onnx", folder_ / "hard.onnx");
    EXPECT_THAT(refusal_of<ConfigError>(folder_ / "hard.onnx"), HasSubstr(says));
}

TEST_F(OutputFile, MayNotBeAnythingButAFile) {
    EXPECT_EQ(refusal_of<ConfigError>(""), "--output: the path is empty");
    EXPECT_THAT(refusal_of<IoError>(folder_.path()), HasSubstr("is a folder; give the path of a file"));
    EXPECT_THAT(refusal_of<IoError>("/dev/null"), HasSubstr("'/dev/null' is not a regular file"));
    for (const char* path : {"/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "/dev/none.onnx"})
        EXPECT_THAT(refusal_of<IoError>(path), HasSubstr("is not a regular file")) << path;
    ASSERT_EQ(::mkfifo((folder_ / "fifo").c_str(), 0600), 0);
    EXPECT_THAT(refusal_of<IoError>(folder_ / "fifo"), HasSubstr("is not a regular file"));
    EXPECT_THAT(refusal_of<IoError>(folder_ / "none/m.onnx"), HasSubstr("there is no folder '" + (folder_ / "none")));
    EXPECT_THAT(refusal_of<IoError>(folder_ / "model.onnx/m.onnx"), HasSubstr("there is no folder"));
}

}  // namespace
}  // namespace halftone
