// 16-bit floats: read as fp32, and declared again in the export.
#include <gmock/gmock.h>

#include <cmath>

#include "graph/passes/passes.hpp"
#include "support/graph_helpers.hpp"
#include "tensor/half.hpp"
#include "unit/graph/model_text.hpp"

namespace halftone::test {
namespace {

using testing::ElementsAre;

TEST(Half, Float16IsExactInFp32) {
    EXPECT_EQ(float_of_float16(0x3C00), 1.0F);
    EXPECT_EQ(float_of_float16(0xC000), -2.0F);
    EXPECT_EQ(float_of_float16(0x7BFF), 65504.0F);
    EXPECT_EQ(float_of_float16(0x0400), std::ldexp(1.0F, -14));
    EXPECT_EQ(float_of_float16(0x0001), std::ldexp(1.0F, -24));  // the least number without a hidden 1
    EXPECT_EQ(float_of_float16(0x3555), 0.333251953125F);
    EXPECT_TRUE(std::signbit(float_of_float16(0x8000)));
    EXPECT_EQ(float_of_float16(0xFC00), -INFINITY);
    EXPECT_TRUE(std::isnan(float_of_float16(0x7E00)));
}

TEST(Half, Bfloat16IsTheUpperHalfOfFp32) {
    EXPECT_EQ(float_of_bfloat16(0x3F80), 1.0F);
    EXPECT_EQ(float_of_bfloat16(0xC040), -3.0F);
    EXPECT_EQ(float_of_bfloat16(0x7F80), INFINITY);
}

std::string scaled(const std::string& tensor) {
    return x_to_y({"1", "2"}) + "node { op_type: 'Mul' input: 'x' input: 'w' output: 'y' } initializer { name: 'w' " +
           tensor + " }";
}

TEST(Half, InitialisersAreReadFromRawAndTypedData) {
    EXPECT_THAT(floats_of(import_text(scaled("dims: 2 data_type: 10 raw_data: '\\000\\074\\000\\300'")), "w"),
                ElementsAre(1.0F, -2.0F));
    EXPECT_THAT(floats_of(import_text(scaled("dims: 2 data_type: 10 int32_data: [15360, 49152]")), "w"),
                ElementsAre(1.0F, -2.0F));
    EXPECT_THAT(floats_of(import_text(scaled("dims: 2 data_type: 16 int32_data: [16256, 49216]")), "w"),
                ElementsAre(1.0F, -3.0F));
}

TEST(Half, InputsAndOutputsAreDeclaredAgainInTheExport) {
    std::string text = x_to_y({"N", "4"}) + "node { op_type: 'Relu' input: 'x' output: 'y' }";
    for (std::size_t at = text.find("elem_type: 1 "); at != std::string::npos; at = text.find("elem_type: 1 ")) {
        text.replace(at, 13, "elem_type: 10 ");
    }
    const Graph graph = infer_types(import_text(text), ToyOps());
    EXPECT_EQ(graph.value(graph.inputs()[0]).type.dtype, DType::f32);
    onnx::ModelProto model;
    ASSERT_TRUE(model.ParseFromString(export_onnx(graph)));
    EXPECT_EQ(model.graph().input(0).type().tensor_type().elem_type(), 10);
    EXPECT_EQ(model.graph().output(0).type().tensor_type().elem_type(), 10);
    ASSERT_EQ(model.graph().node_size(), 3);
    EXPECT_EQ(model.graph().node(0).op_type(), "Cast");
    EXPECT_EQ(model.graph().node(1).input(0), "x_fp32");
    EXPECT_EQ(model.graph().node(1).output(0), "y_fp32");
    EXPECT_EQ(model.graph().node(2).output(0), "y");
}

}  // namespace
}  // namespace halftone::test
