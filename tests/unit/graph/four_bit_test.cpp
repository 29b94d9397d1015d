// Constants of 4-bit types: two values in a byte of the file, one byte for each in memory.
#include <gmock/gmock.h>

#include "support/graph_helpers.hpp"
#include "unit/graph/model_text.hpp"

namespace halftone::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string shaped(const std::string& tensor) {
    return x_to_y() + "initializer { name: 'w' " + tensor + " } node { op_type: 'Relu' input: 'w' output: 'r' } " +
           value_text("output", "r", {"3"}) + "node { op_type: 'Relu' input: 'x' output: 'y' }";
}

template <class Code>
std::vector<int> codes(const Graph& graph) {
    const auto values = value_named(graph, "w").constant.as<Code>();
    return {values.begin(), values.end()};
}

TEST(FourBit, ValuesAreReadLowHalfFirst) {
    // 0x21, 0xF3: 1, 2, 3 and an unused half.
    const std::string raw = "dims: 3 raw_data: '\\041\\363' data_type: ";
    EXPECT_THAT(codes<std::uint8_t>(import_text(shaped(raw + "21"), 21, 10)), ElementsAre(1, 2, 3));
    EXPECT_THAT(codes<std::int8_t>(import_text(shaped(raw + "22"), 21, 10)), ElementsAre(1, 2, 3));
    const std::string negative = "dims: 2 data_type: 22 raw_data: '\\370'";  // 0xF8: -8, -1
    EXPECT_THAT(codes<std::int8_t>(import_text(shaped(negative), 21, 10)), ElementsAre(-8, -1));
    const std::string typed = "dims: 3 data_type: 22 int32_data: [-8, 255]";
    EXPECT_THAT(codes<std::int8_t>(import_text(shaped(typed), 21, 10)), ElementsAre(-8, -1, -1));
}

TEST(FourBit, SizesAreChecked) {
    EXPECT_THAT(refusal(shaped("dims: 3 data_type: 21 raw_data: '\\041'"), 21, 10),
                HasSubstr("raw_data has 1 bytes; its dimensions [3] need 2"));
    EXPECT_THAT(refusal(shaped("dims: 3 data_type: 21 int32_data: [1]"), 21, 10),
                HasSubstr("int32_data has 1 values; its dimensions need 2"));
    EXPECT_THAT(refusal(shaped("dims: 1 data_type: 21 int32_data: [256]"), 21, 10),
                HasSubstr("value 256 has more than 8 bits"));
}

TEST(FourBit, TheExportPacksThemAgain) {
    const Graph read = import_text(shaped("dims: 3 data_type: 22 raw_data: '\\057\\007'"), 21, 10);  // -1, 2, 7
    GraphMaker g;
    g.builder().info().opset = 21;
    g.builder().add_value("y", {DType::f32, Shape{3}});
    const ValueId codes = g.constant("w", value_named(read, "w").constant);
    onnx::ModelProto model;
    ASSERT_TRUE(model.ParseFromString(export_onnx(g.build({g.node("Cast", "cast", {codes}, {}, "y")}))));
    const onnx::TensorProto& w = model.graph().initializer(0);
    EXPECT_EQ(w.data_type(), 22);
    EXPECT_EQ(w.raw_data(), std::string("\x2F\x07", 2));
}

TEST(FourBit, AreForConstantsOnly) {
    std::string body = x_to_y() + "node { op_type: 'Relu' input: 'x' output: 'y' }";
    body.replace(body.find("elem_type: 1 "), 13, "elem_type: 21 ");
    EXPECT_THAT(refusal(body, 21, 10), HasSubstr("graph input 'x': element type uint4 (21) is not supported"));
}

}  // namespace
}  // namespace halftone::test
