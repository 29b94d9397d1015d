// What import_onnx accepts, and what it makes of it.
#include <gmock/gmock.h>

#include "support/graph_helpers.hpp"
#include "unit/graph/model_text.hpp"

namespace halftone::test {
namespace {

using testing::ElementsAre;

const std::string kRelu = "node { op_type: 'Relu' name: 'r' input: 'x' output: 'y' } ";

/// A model y = x * w with this initialiser text for w.
Graph with_weight(const std::string& tensor) {
    return import_text(x_to_y({"4"}) +
                       "node { op_type: 'Mul' input: 'x' input: 'w' output: 'y' } initializer { name: 'w' " + tensor +
                       " }");
}

template <class T>
std::vector<T> values_of(const Graph& graph, const std::string& name) {
    const auto span = value_named(graph, name).constant.as<T>();
    return {span.begin(), span.end()};
}

TEST(ImportOnnx, ReadsNodesInputsAndOutputs) {
    const Graph graph = import_text(x_to_y() + kRelu);
    EXPECT_EQ(op_sequence(graph), "Relu");
    EXPECT_EQ(graph.nodes()[0].name, "r");
    EXPECT_EQ(graph.value(graph.inputs()[0]).name, "x");
    EXPECT_EQ(graph.value(graph.inputs()[0]).type, (TensorType{DType::f32, {kSymbolic, 4}}));
    EXPECT_EQ(graph.value(graph.outputs()[0]).name, "y");
}

TEST(ImportOnnx, TakesAnOpenFirstDimensionInEverySpellingAsTheBatch) {
    for (const char* batch : {"N", "", "0", "-1"}) {
        const Graph graph = import_text(x_to_y({batch, "4"}) + kRelu);
        EXPECT_EQ(graph.value(graph.inputs()[0]).type.shape[0], kSymbolic) << "'" << batch << "'";
    }
}

TEST(ImportOnnx, KeepsDimensionNamesMetadataAndVersions) {
    const Graph graph = import_onnx(model_bytes("ir_version: 8 opset_import { version: 15 } "
                                                "opset_import { domain: 'ai.onnx.ml' version: 2 } "
                                                "metadata_props { key: 'author' value: 'me' } graph { name: 'net' " +
                                                x_to_y({"batch", "4"}) + kRelu + "}"),
                                    "m.onnx", ToyOps());
    EXPECT_EQ(graph.info().ir_version, 8);
    EXPECT_EQ(graph.info().opset, 15);
    EXPECT_EQ(graph.info().graph_name, "net");
    EXPECT_EQ(graph.info().metadata.at("author"), "me");
    EXPECT_EQ(graph.info().dim_names.at("x:0"), "batch");
}

TEST(ImportOnnx, DoesNotTakeInitialisersThatOldFilesListAsInputs) {
    const Graph graph = import_text(x_to_y({"4"}) + value_text("input", "w", {"4"}) +
                                        "node { op_type: 'Mul' input: 'x' input: 'w' output: 'y' } "
                                        "initializer { name: 'w' dims: 4 data_type: 1 float_data: [1, 2, 3, 4] }",
                                    11, 3);
    EXPECT_EQ(graph.inputs().size(), 1U);
    EXPECT_THAT(floats_of(graph, "w"), ElementsAre(1.0F, 2.0F, 3.0F, 4.0F));
}

TEST(ImportOnnx, ReadsEverySupportedElementTypeFromTypedFields) {
    EXPECT_THAT(values_of<float>(with_weight("dims: 2 data_type: 1 float_data: [0.5, -1]"), "w"),
                ElementsAre(0.5F, -1.0F));
    EXPECT_THAT(values_of<double>(with_weight("dims: 1 data_type: 11 double_data: 0.1"), "w"), ElementsAre(0.1));
    EXPECT_THAT(values_of<std::uint8_t>(with_weight("dims: 2 data_type: 2 int32_data: [0, 255]"), "w"),
                ElementsAre(0, 255));
    EXPECT_THAT(values_of<std::int8_t>(with_weight("dims: 2 data_type: 3 int32_data: [-128, 127]"), "w"),
                ElementsAre(-128, 127));
    EXPECT_THAT(values_of<std::int32_t>(with_weight("dims: 1 data_type: 6 int32_data: -70000"), "w"),
                ElementsAre(-70000));
    EXPECT_THAT(values_of<std::int64_t>(with_weight("dims: 1 data_type: 7 int64_data: 5000000000"), "w"),
                ElementsAre(5000000000));
    EXPECT_THAT(values_of<std::uint8_t>(with_weight("dims: 2 data_type: 9 int32_data: [0, 1]"), "w"),
                ElementsAre(0, 1));
}

TEST(ImportOnnx, ReadsEverySupportedElementTypeFromRawData) {
    EXPECT_THAT(values_of<float>(with_weight("dims: 1 data_type: 1 raw_data: '\\000\\000\\200\\277'"), "w"),
                ElementsAre(-1.0F));
    EXPECT_THAT(values_of<double>(
                    with_weight("dims: 1 data_type: 11 raw_data: '\\000\\000\\000\\000\\000\\000\\000\\100'"), "w"),
                ElementsAre(2.0));
    EXPECT_THAT(values_of<std::uint8_t>(with_weight("dims: 2 data_type: 2 raw_data: '\\001\\377'"), "w"),
                ElementsAre(1, 255));
    EXPECT_THAT(values_of<std::int8_t>(with_weight("dims: 2 data_type: 3 raw_data: '\\001\\377'"), "w"),
                ElementsAre(1, -1));
    EXPECT_THAT(values_of<std::int32_t>(with_weight("dims: 1 data_type: 6 raw_data: '\\001\\002\\000\\000'"), "w"),
                ElementsAre(513));
    EXPECT_THAT(values_of<std::int64_t>(
                    with_weight("dims: 1 data_type: 7 raw_data: '\\377\\377\\377\\377\\377\\377\\377\\377'"), "w"),
                ElementsAre(-1));
    EXPECT_THAT(values_of<std::uint8_t>(with_weight("dims: 2 data_type: 9 raw_data: '\\000\\001'"), "w"),
                ElementsAre(0, 1));
}

TEST(ImportOnnx, KeepsScalarsAndEmptyTensorsAsConstants) {
    EXPECT_EQ(value_named(with_weight("data_type: 1 float_data: 3"), "w").type.shape.rank(), 0U);
    const Graph empty = with_weight("dims: 0 data_type: 1");
    EXPECT_TRUE(value_named(empty, "w").is_constant());
    EXPECT_EQ(value_named(empty, "w").constant.elements(), 0);
}

TEST(ImportOnnx, TurnsConstantNodesIntoConstants) {
    const auto constant = [](const std::string& attribute) {
        return import_text(x_to_y({"4"}) +
                           "node { op_type: 'Mul' input: 'x' input: 'c' output: 'y' } "
                           "node { op_type: 'Constant' output: 'c' attribute { " +
                           attribute + " } }");
    };
    EXPECT_EQ(op_sequence(constant("name: 'value_int' type: INT i: 7")), "Mul");
    EXPECT_THAT(values_of<std::int64_t>(constant("name: 'value_int' type: INT i: 7"), "c"), ElementsAre(7));
    EXPECT_THAT(values_of<float>(constant("name: 'value_float' type: FLOAT f: 0.5"), "c"), ElementsAre(0.5F));
    EXPECT_THAT(values_of<std::int64_t>(constant("name: 'value_ints' type: INTS ints: [1, 2]"), "c"),
                ElementsAre(1, 2));
    EXPECT_THAT(values_of<float>(constant("name: 'value_floats' type: FLOATS floats: [1, 2]"), "c"),
                ElementsAre(1.0F, 2.0F));
    EXPECT_THAT(values_of<float>(constant("name: 'value' type: TENSOR t { dims: 1 data_type: 1 float_data: 9 }"), "c"),
                ElementsAre(9.0F));
}

TEST(ImportOnnx, ReadsEveryKindOfAttribute) {
    const Graph graph = import_text(
        x_to_y() +
        "node { op_type: 'Relu' input: 'x' output: 'y' "
        "attribute { name: 'i' type: INT i: -3 } attribute { name: 'f' type: FLOAT f: 0.5 } "
        "attribute { name: 's' type: STRING s: 'text' } attribute { name: 'is' type: INTS ints: [1, 2] } "
        "attribute { name: 'fs' type: FLOATS floats: [1.5] } attribute { name: 'ss' type: STRINGS strings: 'a' } "
        "attribute { name: 't' type: TENSOR t { dims: 1 data_type: 7 int64_data: 8 } } }");
    const Attributes& attributes = graph.nodes()[0].attributes;
    EXPECT_EQ(std::get<std::int64_t>(attributes.at("i")), -3);
    EXPECT_EQ(std::get<float>(attributes.at("f")), 0.5F);
    EXPECT_EQ(std::get<std::string>(attributes.at("s")), "text");
    EXPECT_THAT(std::get<std::vector<std::int64_t>>(attributes.at("is")), ElementsAre(1, 2));
    EXPECT_THAT(std::get<std::vector<float>>(attributes.at("fs")), ElementsAre(1.5F));
    EXPECT_THAT(std::get<std::vector<std::string>>(attributes.at("ss")), ElementsAre("a"));
    EXPECT_EQ(std::get<Tensor>(attributes.at("t")).as<std::int64_t>()[0], 8);
}

TEST(ImportOnnx, KeepsMissingOptionalInputsAndUnnamedNodes) {
    const Graph graph = import_text(x_to_y() +
                                    "node { op_type: 'Clip' input: 'x' input: '' input: 'six' output: 'y' } "
                                    "initializer { name: 'six' data_type: 1 float_data: 6 }");
    ASSERT_EQ(graph.nodes()[0].inputs.size(), 3U);
    EXPECT_FALSE(graph.nodes()[0].inputs[1].is_valid());
    EXPECT_EQ(graph.nodes()[0].name, "");
}

TEST(ImportOnnx, SortsNodesThatAFileHoldsInAnotherOrder) {
    const Graph graph = import_text(x_to_y() +
                                    "node { op_type: 'Relu' name: 'last' input: 'm' output: 'y' } "
                                    "node { op_type: 'Relu' name: 'first' input: 'x' output: 'm' }");
    EXPECT_EQ(graph.nodes()[0].name, "first");
}

TEST(ImportOnnx, KeepsQuantizeAndDequantizeLinearAsNodes) {
    const Graph graph = import_text(
        x_to_y() +
        "node { op_type: 'QuantizeLinear' input: 'x' input: 's' input: 'z' output: 'q' } "
        "node { op_type: 'DequantizeLinear' input: 'q' input: 's' input: 'z' output: 'y' } "
        "initializer { name: 's' data_type: 1 float_data: 0.5 } initializer { name: 'z' data_type: 2 int32_data: 3 }");
    EXPECT_EQ(op_sequence(graph), "QuantizeLinear DequantizeLinear");
}

}  // namespace
}  // namespace halftone::test
