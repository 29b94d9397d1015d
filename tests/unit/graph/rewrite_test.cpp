// Operators that are written with others at import: which nodes they become. Their numbers are compared with ONNX
// Runtime in tests/system.
#include <gmock/gmock.h>

#include "graph/rewrites/rewrites.hpp"
#include "support/graph_helpers.hpp"
#include "unit/graph/model_text.hpp"

namespace halftone::test {
namespace {

using testing::HasSubstr;

std::string contrib(const std::string& op, const std::vector<std::string>& inputs, const std::string& rest = "") {
    std::string text =
        x_to_y({"N", "4"}) + "node { op_type: '" + op + "' domain: 'com.microsoft' name: 'n' output: 'y' ";
    for (const std::string& input : inputs) text += "input: '" + input + "' ";
    text += rest + " } ";
    for (const std::string& input : inputs) {
        if (input == "x" || input.empty()) continue;
        text += "initializer { name: '" + input + "' dims: 4 data_type: 1 float_data: [1, 2, 3, 4] } ";
    }
    return text;
}

std::string text_attribute(const std::string& name, const std::string& value) {
    return "attribute { name: '" + name + "' " + value + " } ";
}

std::string rewritten(const std::string& text) { return op_sequence(import_text(text)); }

TEST(Rewrites, FusedConvIsConvAddAndActivation) {
    const std::string relu = text_attribute("activation", "type: STRING s: 'Relu'");
    EXPECT_EQ(rewritten(contrib("FusedConv", {"x", "w"}, relu)), "Conv Relu");
    EXPECT_EQ(rewritten(contrib("FusedConv", {"x", "w", "b", "x"}, relu)), "Conv Add Relu");
    const Graph graph = import_text(contrib("FusedConv", {"x", "w"}, relu));
    EXPECT_EQ(graph.nodes()[0].name, "n");
    EXPECT_FALSE(graph.nodes()[0].attributes.contains("activation"));
    EXPECT_THAT(refusal(contrib("FusedConv", {"x", "w"}, text_attribute("activation", "type: STRING s: 'Foo'"))),
                HasSubstr("FusedConv node 'n': activation 'Foo' is not supported"));
    EXPECT_THAT(refusal(contrib("FusedConv", {"x", "w"}, text_attribute("activation", "type: STRING s: 'Clip'"))),
                HasSubstr("too short"));
}

TEST(Rewrites, FusedMatMulTransposesAndScales) {
    EXPECT_EQ(rewritten(contrib("FusedMatMul", {"x", "x"})), "MatMul");
    const std::string both = text_attribute("transB", "type: INT i: 1") + text_attribute("alpha", "type: FLOAT f: 0.5");
    EXPECT_EQ(rewritten(contrib("FusedMatMul", {"x", "x"}, both)), "Transpose MatMul Mul");
    EXPECT_THAT(refusal(contrib("FusedMatMul", {"x", "x"}, text_attribute("transBatchA", "type: INT i: 1"))),
                HasSubstr("transBatchA"));
}

TEST(Rewrites, TheGelusAreWrittenInPieces) {
    EXPECT_EQ(rewritten(contrib("Gelu", {"x"})), "Div Erf Add Mul Mul");
    EXPECT_EQ(rewritten(contrib("BiasGelu", {"x", "b"})), "Add Div Erf Add Mul Mul");
    EXPECT_EQ(rewritten(contrib("FastGelu", {"x"})), "Pow Mul Add Mul Tanh Add Mul Mul");
    EXPECT_EQ(rewritten(contrib("QuickGelu", {"x"})), "Mul Sigmoid Mul");
}

TEST(Rewrites, SkipNormalizationsAddFirst) {
    EXPECT_EQ(rewritten(contrib("SkipLayerNormalization", {"x", "x", "g", "b"})), "Add LayerNormalization");
    EXPECT_EQ(rewritten(contrib("SkipLayerNormalization", {"x", "x", "g", "b", "c"})), "Add Add LayerNormalization");
    EXPECT_EQ(rewritten(contrib("SkipSimplifiedLayerNormalization", {"x", "x", "g"})),
              "Add Mul ReduceMean Add Sqrt Div Mul");
}

TEST(Rewrites, OperatorsOnCodesAreSplit) {
    EXPECT_EQ(rewritten(contrib("QLinearAdd", {"x", "a", "", "x", "b", "", "c", ""})),
              "DequantizeLinear DequantizeLinear Add QuantizeLinear");
    EXPECT_EQ(rewritten(contrib("QLinearSigmoid", {"x", "a", "", "b", ""})), "DequantizeLinear Sigmoid QuantizeLinear");
    EXPECT_EQ(rewritten(contrib("QLinearConcat", {"a", "", "x", "b", "", "x", "c", ""},
                                text_attribute("axis", "type: INT i: 1"))),
              "DequantizeLinear DequantizeLinear Concat QuantizeLinear");
    EXPECT_EQ(rewritten(contrib("QLinearGlobalAveragePool", {"x", "a", "", "b", ""})),
              "DequantizeLinear GlobalAveragePool QuantizeLinear");
    EXPECT_EQ(rewritten(contrib("DynamicQuantizeMatMul", {"x", "w", "s", "", "b"})),
              "DynamicQuantizeLinear MatMulInteger Cast Mul Mul Add");
}

/// x [N, 4] by a matrix of 4 rows and 2 columns in one block of 16 rows, of which ONNX Runtime stores all.
std::string n_bits(const std::string& inputs, const std::string& rest = "") {
    const auto number = [](const std::string& name, int value) {
        return text_attribute(name, "type: INT i: " + std::to_string(value));
    };
    // Column 0: 0 to 3; column 1: 15 to 12. The other 12 codes of a block are 0.
    const std::string codes = R"('\020\062\000\000\000\000\000\000\357\315\000\000\000\000\000\000')";
    return value_text("input", "x", {"N", "4"}) + value_text("output", "y", {"N", "2"}) +
           "node { op_type: 'MatMulNBits' domain: 'com.microsoft' name: 'n' output: 'y' " + inputs + number("K", 4) +
           number("N", 2) + number("block_size", 16) + rest +
           " } initializer { name: 'w' dims: 2 dims: 1 dims: 8 data_type: 2 raw_data: " + codes +
           " } initializer { name: 's' dims: 2 data_type: 1 float_data: [0.5, 2] } initializer { name: 'z' dims: 2 "
           "data_type: 2 raw_data: '\\003\\017' }";
}

TEST(Rewrites, MatMulNBitsIsAProductByAMatrixByBlocks) {
    const std::string three = "input: 'x' input: 'w' input: 's' ";
    const Graph graph = import_text(n_bits(three));
    ASSERT_EQ(op_sequence(graph), "DequantizeLinear MatMul");
    EXPECT_EQ(graph.nodes()[1].name, "n");
    EXPECT_EQ(int_attribute(graph.nodes()[0], "block_size", 0), 16);
    const Tensor& codes = graph.value(graph.nodes()[0].inputs[0]).constant;
    EXPECT_EQ(codes.type(), (TensorType{DType::s4, Shape{4, 2}}));
    const auto signed_codes = codes.as<std::int8_t>();
    EXPECT_EQ((std::vector<int>{signed_codes.begin(), signed_codes.end()}),
              (std::vector<int>{-8, 7, -7, 6, -6, 5, -5, 4}))
        << "8 is the code of 0";
    const Graph with_points = import_text(n_bits(three + "input: 'z' "));
    const Node& dequantize = with_points.nodes()[0];
    const auto unsigned_codes = with_points.value(dequantize.inputs[0]).constant.as<std::uint8_t>();
    EXPECT_EQ((std::vector<int>{unsigned_codes.begin(), unsigned_codes.end()}),
              (std::vector<int>{0, 15, 1, 14, 2, 13, 3, 12}));
    const auto points = with_points.value(dequantize.inputs[2]).constant.as<std::uint8_t>();
    EXPECT_EQ((std::vector<int>{points.begin(), points.end()}), (std::vector<int>{3, 15}));

    EXPECT_THAT(refusal(n_bits(three + "input: '' input: 'z' ")), HasSubstr("g_idx is not supported"));
    EXPECT_THAT(refusal(n_bits("input: 'x' input: 'x' input: 's' ")), HasSubstr("B must be constant"));
    EXPECT_THAT(refusal(n_bits(three, text_attribute("bits", "type: INT i: 8"))), HasSubstr("B [2,1,8] does not fit"));
    EXPECT_THAT(refusal(n_bits(three, text_attribute("bits", "type: INT i: 3"))),
                HasSubstr("bits must be 2, 4 or 8, got 3"));
}

TEST(Rewrites, MissingInputsAreNamed) {
    EXPECT_THAT(refusal(contrib("QLinearAdd", {"x", "a"})), HasSubstr("QLinearAdd node 'n': input 3 is missing"));
    EXPECT_THAT(refusal(contrib("QLinearConcat", {"x", "a"})), HasSubstr("takes 2 + 3 * n inputs"));
}

TEST(Rewrites, TheirWordsHaveTheDomainInFront) {
    EXPECT_EQ(rewrite_word("", "Gelu"), "Gelu");
    EXPECT_EQ(rewrite_word("ai.onnx", "Gelu"), "Gelu");
    EXPECT_EQ(rewrite_word("com.microsoft", "Gelu"), "com.microsoft.Gelu");
    EXPECT_EQ(find_rewrite("Gelu"), nullptr);
    EXPECT_NE(find_rewrite("com.microsoft.Gelu"), nullptr);
}

}  // namespace
}  // namespace halftone::test
