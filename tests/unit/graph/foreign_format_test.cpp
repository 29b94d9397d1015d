// Files of other formats: named, with what to do. The bytes are those with which the formats' own documents begin.
#include "graph/onnx/foreign_format.hpp"

#include <gmock/gmock.h>

#include "unit/graph/model_text.hpp"

namespace halftone::test {
namespace {

using namespace std::string_literals;
using testing::AllOf;
using testing::HasSubstr;

std::string refusal_of_file(const std::string& bytes) {
    try {
        (void)import_onnx(bytes, "m.onnx", ToyOps());
        return "";
    } catch (const ModelError& error) {
        return error.what();
    }
}

TEST(ForeignFormat, IsNamedWithWhatToDo) {
    const std::vector<std::tuple<std::string, std::string, std::string>> files{
        {"version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 45\n", "Git LFS pointer", "git lfs pull"},
        {"\x1c\0\0\0TFL3\0\0"s, "TensorFlow Lite", "tf2onnx.convert --tflite"},
        {"\x1c\0\0\0TFL3\0\0"s, "TensorFlow Lite", "halftone import"},
        {"\x12\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01"s, "MXNet", "halftone import"},
        {"{\"nodes\": [], \"arg_nodes\": [], \"heads\": []}"s, "MXNet", "halftone import"},
        {"\x89HDF\r\n\x1a\n\0\0"s, "HDF5", "format=\"onnx\""},
        {"PK\x03\x04 archive/data.pkl \x80\x02"s, "PyTorch", "torch.onnx.export"},
        {"PK\x03\x04 config.json model.weights.h5"s, "Keras", "format=\"onnx\""},
        {"PK\x03\x04 net/model.onnx"s, "zip archive with an ONNX file", "unpack"},
        {"PK\x03\x04 readme.txt"s, "zip archive", "unpack"},
        {"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46"s, "Python pickle", "torch.onnx.export"},
        {"\x10\0\0\0\0\0\0\0{\"w\":{}}      "s, "safetensors", "torch.onnx.export"},
        {"\x08\x01\x12\x02\x0a\x00"s, "saved_model.pb", "tf2onnx.convert --saved-model"},
        {"<!DOCTYPE html><html>", "web page", "download"},
        {"\x1f\x8b\x08\0"s, "gzip", "gunzip"}};
    for (const auto& [bytes, what, advice] : files) {
        EXPECT_THAT(foreign_format(bytes), AllOf(HasSubstr(what), HasSubstr(advice)));
        EXPECT_THAT(refusal_of_file(bytes), AllOf(HasSubstr("m.onnx"), HasSubstr(what), HasSubstr(advice)));
    }
}

TEST(ForeignFormat, IsNothingForModelsAndUnknownBytes) {
    EXPECT_EQ(foreign_format(""), "");
    EXPECT_EQ(foreign_format("some text"), "");
    EXPECT_EQ(foreign_format(model_bytes("ir_version: 7 graph { " + x_to_y() + " }")), "");
}

TEST(ForeignFormat, OfAFolderLooksAtItsFiles) {
    EXPECT_THAT(foreign_folder({"saved_model.pb", "variables"}),
                AllOf(HasSubstr("SavedModel"), HasSubstr("tf2onnx.convert --saved-model")));
    EXPECT_THAT(foreign_folder({"model.onnx"}), HasSubstr("in it is model.onnx"));
    EXPECT_EQ(foreign_folder({}), "is a folder, not an ONNX file");
}

}  // namespace
}  // namespace halftone::test
