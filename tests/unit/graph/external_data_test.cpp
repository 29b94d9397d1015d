// Tensors in files beside the model: what is read, and what a hostile model cannot reach.
#include "graph/onnx/external_data.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "base/error.hpp"
#include "model_text.hpp"
#include "support/temporary_folder.hpp"

namespace halftone::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// y = x + w, w [2] in an external file; `data` is the text of its external_data entries.
std::string model_with(const std::string& data) {
    return graph_bytes(value_text("input", "x", {"N", "2"}) + value_text("output", "y", {"N", "2"}) +
                       "initializer { name: 'w' dims: 2 data_type: 1 data_location: EXTERNAL " + data +
                       "} node { op_type: 'Add' input: 'x' input: 'w' output: 'y' }");
}

std::string entry(const std::string& key, const std::string& value) {
    return "external_data { key: '" + key + "' value: '" + value + "' } ";
}

class ExternalData : public testing::Test {
protected:
    void SetUp() override {
        std::filesystem::create_directories(folder_ / "model/sub");
        write("model/w.bin", {7.0F, 1.5F, -2.5F});
        write("model/sub/w.bin", {3.0F, 4.0F});
        write("secret.bin", {1.0F, 2.0F});
    }

    void write(const std::string& name, const std::vector<float>& values) const {
        std::ofstream file(folder_ / name, std::ios::binary);
        file.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size() * 4));
    }

    [[nodiscard]] std::vector<float> read(const std::string& data) const {
        const Graph graph = import_onnx(inline_external_data(model_with(data), folder_ / "model"), "m.onnx", ToyOps());
        const auto values = graph.value(*graph.find_value("w")).constant.as<float>();
        return {values.begin(), values.end()};
    }

    [[nodiscard]] std::string why_not(const std::string& data) const {
        try {
            (void)read(data);
            return "read";
        } catch (const ModelError& error) {
            return error.what();
        }
    }

    TemporaryFolder folder_;
};

TEST_F(ExternalData, IsReadFromTheModelsFolder) {
    EXPECT_THAT(read(entry("location", "w.bin") + entry("offset", "4") + entry("length", "8")),
                ElementsAre(1.5F, -2.5F));
    EXPECT_THAT(read(entry("location", "w.bin") + entry("offset", "4")), ElementsAre(1.5F, -2.5F));
    EXPECT_THAT(read(entry("location", "sub/w.bin")), ElementsAre(3.0F, 4.0F));
}

TEST_F(ExternalData, LinksWithinTheFolderAreFollowed) {
    std::filesystem::create_symlink("sub/w.bin", folder_ / "model/link.bin");
    EXPECT_THAT(read(entry("location", "link.bin")), ElementsAre(3.0F, 4.0F));
}

TEST_F(ExternalData, DoesNotLeaveTheModelsFolder) {
    std::filesystem::create_symlink("../secret.bin", folder_ / "model/out.bin");
    std::filesystem::create_directory_symlink("..", folder_ / "model/up");
    EXPECT_THAT(why_not(entry("location", folder_ / "secret.bin")), HasSubstr("is at the absolute path"));
    EXPECT_THAT(why_not(entry("location", "../secret.bin")), HasSubstr("is at '../secret.bin', outside"));
    EXPECT_THAT(why_not(entry("location", "sub/../../secret.bin")), HasSubstr("outside the model's folder"));
    EXPECT_THAT(why_not(entry("location", "out.bin")), HasSubstr("a link that leads out"));
    EXPECT_THAT(why_not(entry("location", "up/secret.bin")), HasSubstr("a link that leads out"));
}

TEST_F(ExternalData, RangesAreCheckedAgainstTheFile) {
    const std::string at = entry("location", "w.bin");
    EXPECT_THAT(why_not(at + entry("offset", "13")), HasSubstr("begins at byte 13 of a file of 12 bytes"));
    EXPECT_THAT(why_not(at + entry("offset", "8") + entry("length", "8")),
                HasSubstr("is 8 bytes from byte 8 on, the file has 12 bytes"));
    EXPECT_THAT(why_not(at + entry("offset", "8") + entry("length", "18446744073709551615")),
                HasSubstr("the file has"));
    EXPECT_THAT(why_not(at + entry("offset", "-4")), HasSubstr("offset '-4', which is no count of bytes"));
    EXPECT_THAT(why_not(at + entry("length", "12")), HasSubstr("raw_data has 12 bytes"));
}

TEST_F(ExternalData, MissingFilesAndFoldersAreRefused) {
    EXPECT_THAT(why_not(entry("location", "none.bin")),
                HasSubstr("tensor 'w': its external data is at 'none.bin': No such"));
    EXPECT_THAT(why_not(entry("location", "sub")), HasSubstr("no regular file"));
    EXPECT_THAT(why_not(entry("offset", "0") + entry("location", "")), HasSubstr("names no location"));
}

TEST_F(ExternalData, AModelWithoutAnyIsLeftAsItIs) {
    const std::string bytes =
        graph_bytes(x_to_y() + "node { op_type: 'Relu' input: 'x' output: 'y' name: 'location' }");
    EXPECT_EQ(inline_external_data(bytes, folder_.path()), bytes);
    EXPECT_EQ(inline_external_data("no model, but a location", folder_.path()), "no model, but a location");
}

}  // namespace
}  // namespace halftone::test
