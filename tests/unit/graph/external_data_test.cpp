// Tensors in files beside the model: what is read, and what a hostile model cannot reach.
#include "graph/onnx/external_data.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "base/budget.hpp"
#include "base/error.hpp"
#include "base/mapped_files.hpp"
#include "graph/onnx/cut_model.hpp"
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
    EXPECT_EQ(inline_external_data(bytes, folder_.path()).view(), bytes);
    EXPECT_EQ(inline_external_data("no model, but a location", folder_.path()).view(), "no model, but a location");
}

// A message holds 2 GiB at most. The limit is made small here, so that small models take the way of large ones.
constexpr std::uint64_t kSmallMessage = 400;

/// y = x + w, with n values of w in w_large.bin.
std::string large_model_text(std::int64_t n, const std::string& more = "") {
    const std::string size = std::to_string(n);
    return graph_bytes(value_text("input", "x", {size}) + value_text("output", "y", {size}) +
                       "initializer { name: 'w' dims: " + size + " data_type: 1 data_location: EXTERNAL " +
                       entry("location", "w_large.bin") + more +
                       "} node { op_type: 'Add' input: 'x' input: 'w' output: 'y' }");
}

TEST_F(ExternalData, AModelThatNoMessageCanHoldIsReadFromItsData) {
    std::vector<float> values(200);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i) - 7.5F;
    write("model/w_large.bin", values);
    const std::string folder = folder_ / "model";
    const SharedBytes whole = inline_external_data(large_model_text(200), folder, kSmallMessage);
    const Graph large = import_onnx(whole, "m.onnx", ToyOps());
    const Graph small = import_onnx(inline_external_data(large_model_text(200), folder), "m.onnx", ToyOps());
    EXPECT_EQ(hash_of(large), hash_of(small)) << "the weights are the same, whichever way they came";
    EXPECT_TRUE(survey_onnx(whole, "m.onnx", ToyOps(), {}).faults.empty());
    EXPECT_EQ(whole.size(), 2 * kMappedPage) << "a page for the message, and each weight is there once";
    EXPECT_THROW((void)cut_onnx(whole, "m.onnx", {.inputs = {}, .outputs = {"y"}}, {}, ToyOps()), ModelError);
}

TEST_F(ExternalData, DamagedLargeModelsAreRefused) {
    write("model/w_large.bin", std::vector<float>(200, 1.0F));
    const std::string whole(inline_external_data(large_model_text(200), folder_ / "model", kSmallMessage).view());
    const auto why = [](const std::string& bytes) -> std::string {
        try {
            (void)import_onnx(bytes, "m.onnx", ToyOps());
            return "read";
        } catch (const ModelError& error) {
            return error.what();
        }
    };
    EXPECT_THAT(why(whole.substr(0, kMappedPage + 799)),
                HasSubstr("800 bytes from byte 0 on are not in the model's data"));
    EXPECT_THAT(why(whole.substr(0, 60)), HasSubstr("ends within its message"));
    EXPECT_THAT(why(whole.substr(0, 26)), HasSubstr("m.onnx"));
    const std::string partial(
        inline_external_data(large_model_text(200, entry("length", "400")), folder_ / "model", 300).view());
    EXPECT_THAT(why(partial), HasSubstr("raw_data has 400 bytes"));
}

/// Returns whether a constant of the graph lies within these bytes.
bool is_view(const Graph& graph, const std::string& name, std::string_view bytes) {
    const auto* data = reinterpret_cast<const char*>(graph.value(*graph.find_value(name)).constant.view().data);
    return data >= bytes.data() && data < bytes.data() + bytes.size();
}

TEST_F(ExternalData, LargeWeightsAreViewsOfTheMappedFile) {
    write("model/w_large.bin", std::vector<float>(2000, 2.5F));
    const std::string folder = folder_ / "model";
    const Graph graph = [&] {
        const SharedBytes whole = inline_external_data(large_model_text(2000), folder, kSmallMessage);
        EXPECT_FALSE(is_view(import_onnx(whole, "m.onnx", ToyOps()), "w", whole)) << "without a keeper it is a copy";
        Graph made = import_onnx(whole, "m.onnx", ToyOps(), whole.keeper());
        EXPECT_TRUE(is_view(made, "w", whole));
        return made;
    }();
    // The graph alone keeps the mapping now.
    const auto values = graph.value(*graph.find_value("w")).constant.as<float>();
    EXPECT_THAT(std::vector<float>(values.begin(), values.end()), testing::Each(2.5F));
    EXPECT_THROW(Tensor::view_of(TensorType{DType::u8, Shape{1}}, reinterpret_cast<const std::byte*>(values.data()) + 1,
                                 nullptr),
                 InternalError);
}

TEST_F(ExternalData, WhatCouldBecomeASizeOrDoesNotLieRightIsCopied) {
    write("model/w_large.bin", std::vector<float>(2002, 1.0F));
    const auto is_view_with = [&](std::int64_t n, const std::string& more) {
        const SharedBytes whole = inline_external_data(large_model_text(n, more), folder_ / "model", 300);
        return is_view(import_onnx(whole, "m.onnx", ToyOps(), whole.keeper()), "w", whole);
    };
    EXPECT_TRUE(is_view_with(1024, entry("length", "4096")));
    EXPECT_FALSE(is_view_with(1023, entry("length", "4092"))) << "small constants may be sizes";
    EXPECT_FALSE(is_view_with(2000, entry("offset", "8"))) << "not at a multiple of 64 bytes";
    const SharedBytes whole = inline_external_data(
        graph_bytes("output { name: 'y' type { tensor_type { elem_type: 7 shape { dim { dim_value: 1000 } } } } } "
                    "initializer { name: 'w' dims: 1000 data_type: 7 data_location: EXTERNAL " +
                    entry("location", "w_large.bin") + entry("length", "8000") +
                    "} node { op_type: 'Identity' input: 'w' output: 'y' }"),
        folder_ / "model", 300);
    EXPECT_FALSE(is_view(import_onnx(whole, "m.onnx", ToyOps(), whole.keeper()), "w", whole)) << "int64 may be places";
}

TEST_F(ExternalData, AMappedModelCountsAsMemory) {
    write("model/w_large.bin", std::vector<float>(200, 1.0F));
    Budget& budget = process_budget();
    const std::uint64_t limit = budget.byte_limit();
    budget.set_byte_limit(budget.bytes_in_use() + 1000);
    EXPECT_THROW((void)inline_external_data(large_model_text(200), folder_ / "model", kSmallMessage), BudgetError);
    budget.set_byte_limit(limit);
    const std::uint64_t before = budget.bytes_in_use();
    {
        const SharedBytes whole = inline_external_data(large_model_text(200), folder_ / "model", kSmallMessage);
        EXPECT_EQ(budget.bytes_in_use(), before + whole.size());
    }
    EXPECT_EQ(budget.bytes_in_use(), before);
}

}  // namespace
}  // namespace halftone::test
