// What a path is, told by bytes, names in a folder and endings.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "import/source.hpp"

namespace halftone {
namespace {

using testing::HasSubstr;

class SourceTest : public testing::Test {
protected:
    void write(const std::string& path, const std::string& bytes) {
        const std::size_t slash = path.rfind('/');
        if (slash != std::string::npos) files_->create_directories(path.substr(0, slash));
        files_->write_atomically(path, bytes);
    }
    [[nodiscard]] SourceKind kind(const std::string& path) const { return recognize_source(*files_, path).kind; }
    void expect_refused(const std::string& path, const std::string& word) const {
        try {
            (void)recognize_source(*files_, path);
            FAIL() << path;
        } catch (const ModelError& error) {
            EXPECT_THAT(error.what(), HasSubstr(word));
        }
    }
    std::unique_ptr<MemoryFileSystem> files_ = make_memory_file_system();
};

TEST_F(SourceTest, IsToldByItsFirstBytes) {
    write("a.dat", std::string("\x1c\0\0\0TFL3", 8));
    write("b.dat", "\x89HDF\r\n\x1a\n");
    write("c.dat", "PK\x03\x04 config.json model.weights.h5");
    write("d.dat", "PK\x03\x04 net/models/model.json");
    write("e.dat", "PK\x03\x04 serialized_exported_program.json");
    write("f.dat", "PK\x03\x04 net/data.pkl net/code/__torch__.py net/constants.pkl");
    EXPECT_EQ(kind("a.dat"), SourceKind::tflite);
    EXPECT_EQ(kind("b.dat"), SourceKind::keras);
    EXPECT_EQ(kind("c.dat"), SourceKind::keras);
    EXPECT_EQ(kind("d.dat"), SourceKind::torch_program);
    EXPECT_EQ(kind("e.dat"), SourceKind::torch_program);
    EXPECT_EQ(kind("f.dat"), SourceKind::torch_script);
}

TEST_F(SourceTest, NamesOfMembersAtTheEndOfALongArchiveCount) {
    write("long.pt", "PK\x03\x04" + std::string(3U << 20U, 'x') + "net/constants.pkl");
    EXPECT_EQ(kind("long.pt"), SourceKind::torch_script);
}

TEST_F(SourceTest, AnEmptyFileAndAPointerOfGitLfsAreNoModels) {
    const std::string pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
    for (const char* ending : {".pb", ".pt", ".tflite", "-symbol.json", "-0000.params"}) {
        write(std::string("empty") + ending, "");
        expect_refused(std::string("empty") + ending, "the file is empty");
        write(std::string("lfs") + ending, pointer);
        expect_refused(std::string("lfs") + ending, "is a Git LFS pointer");
    }
    write("saved/saved_model.pb", pointer);
    expect_refused("saved", "saved/saved_model.pb: is a Git LFS pointer");
    write("net-symbol.json", R"({"nodes": []})");
    write("net-0000.params", pointer);
    expect_refused("net-symbol.json", "net-0000.params: is a Git LFS pointer");
}

TEST_F(SourceTest, MessagesWithoutAMarkAreToldByTheirEnding) {
    write("m.onnx", "\x08\x08");
    write("m.pb", "\x0a\x02");
    EXPECT_EQ(kind("m.onnx"), SourceKind::onnx);
    EXPECT_EQ(kind("m.pb"), SourceKind::tf_graph);
    expect_refused("none", "no such model");
    write("m.bin", "abc");
    expect_refused("m.bin", "no model of a format that is known here");
}

TEST_F(SourceTest, ASavedModelIsItsFolder) {
    write("saved/saved_model.pb", "\x08\x01\x12");
    for (const char* path : {"saved", "saved/saved_model.pb"}) {
        const ImportSource source = recognize_source(*files_, path);
        EXPECT_EQ(source.kind, SourceKind::tf_saved_model);
        EXPECT_EQ(source.path, "saved");
    }
}

TEST_F(SourceTest, MxnetsFilesBelongTogether) {
    write("nets/net-symbol.json", "{}");
    write("nets/net-0000.params", "a");
    write("nets/net-0012.params", "b");
    write("nets/other-0099.params", "c");
    for (const char* path : {"nets", "nets/net", "nets/net-symbol.json"}) {
        const ImportSource source = recognize_source(*files_, path);
        EXPECT_EQ(source.kind, SourceKind::mxnet) << path;
        EXPECT_EQ(source.path, "nets/net-symbol.json") << path;
        EXPECT_EQ(source.params, "nets/net-0012.params") << "the latest epoch; " << path;
    }
    EXPECT_EQ(recognize_source(*files_, "nets/net-0000.params").params, "nets/net-0000.params");
    expect_refused("nets/other-0099.params", "nets/other-symbol.json");
}

TEST_F(SourceTest, APickleIsRefusedWithTheLinesThatHelp) {
    write("w.pth", "\x80\x02}q");
    write("z.pt", "PK\x03\x04 archive/data.pkl archive/data/0");
    for (const char* path : {"w.pth", "z.pt"}) expect_refused(path, "torch.export.save(program, \"model.pt2\")");
}

TEST_F(SourceTest, TheHashIsThatOfTheContent) {
    write("a/saved_model.pb", "1");
    write("a/variables/v", "2");
    write("b/saved_model.pb", "1");
    write("b/variables/v", "2");
    const auto hash = [&](const std::string& path) { return hash_of_source(*files_, recognize_source(*files_, path)); };
    EXPECT_EQ(hash("a"), hash("b"));
    const std::uint64_t before = hash("b");
    write("b/variables/v", "3");
    EXPECT_NE(hash("b"), before);
}

TEST(Frameworks, LpotsWords) {
    EXPECT_EQ(framework_of_word("tensorflow_itex"), "tensorflow");
    EXPECT_EQ(framework_of_word("pytorch_fx"), "pytorch");
    EXPECT_EQ(framework_of_word("mxnet"), "mxnet");
    EXPECT_EQ(framework_of_word("onnxrt_qlinearops"), "");
}

}  // namespace
}  // namespace halftone
