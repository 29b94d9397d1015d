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
