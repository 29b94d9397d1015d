// Local functions and branches of If become plain nodes, within limits.
#include <gmock/gmock.h>

#include "support/graph_helpers.hpp"
#include "unit/graph/model_text.hpp"

namespace halftone::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string kImports = "ir_version: 8 opset_import { version: 17 } opset_import { domain: 'f' version: 1 } ";

Graph import_model(const std::string& functions, const std::string& graph) {
    return import_onnx(model_bytes(kImports + functions + "graph { name: 'g' " + graph + " }"), "m.onnx", ToyOps());
}

std::string model_refusal(const std::string& functions, const std::string& graph) {
    try {
        (void)import_model(functions, graph);
        return "";
    } catch (const ModelError& error) {
        return error.what();
    }
}

const std::string kTwice =
    "functions { domain: 'f' name: 'Twice' input: 'a' output: 'b' opset_import { version: 17 } "
    "node { op_type: 'Relu' name: 'r' input: 'a' output: 'inner' } "
    "node { op_type: 'Add' name: 's' input: 'inner' input: 'inner' output: 'b' } } ";

TEST(Functions, BecomeTheNodesOfTheirBody) {
    const Graph graph =
        import_model(kTwice, x_to_y() +
                                 "node { op_type: 'Twice' domain: 'f' name: 'c1' input: 'x' output: 'm' } "
                                 "node { op_type: 'Twice' domain: 'f' name: 'c2' input: 'm' output: 'y' }");
    EXPECT_EQ(op_sequence(graph), "Relu Add Relu Add");
    EXPECT_EQ(graph.nodes()[0].name, "c1/r");
    EXPECT_EQ(graph.nodes()[3].name, "c2/s");
    EXPECT_TRUE(graph.find_value("c1/inner"));
    EXPECT_TRUE(graph.find_value("c2/inner"));
}

TEST(Functions, MayCallOthersAndTakeAttributes) {
    const std::string functions =
        "functions { domain: 'f' name: 'Soft' input: 'a' output: 'b' attribute: 'where' opset_import { version: 17 } "
        "node { op_type: 'Softmax' input: 'a' output: 'b' attribute { name: 'axis' type: INT ref_attr_name: 'where' } "
        "} } "
        "functions { domain: 'f' name: 'Outer' input: 'a' output: 'b' opset_import { version: 17 } "
        "node { op_type: 'Soft' domain: 'f' input: 'a' output: 'b' attribute { name: 'where' type: INT i: 1 } } } ";
    const Graph graph =
        import_model(functions, x_to_y() + "node { op_type: 'Outer' domain: 'f' name: 'o' input: 'x' output: 'y' }");
    EXPECT_EQ(op_sequence(graph), "Softmax");
    EXPECT_EQ(int_attribute(graph.nodes()[0], "axis", -9), 1);
}

TEST(Functions, LeaveOutAnAttributeThatTheCallLeavesOut) {
    const std::string functions =
        "functions { domain: 'f' name: 'Soft' input: 'a' output: 'b' attribute: 'where' opset_import { version: 17 } "
        "node { op_type: 'Softmax' input: 'a' output: 'b' attribute { name: 'axis' type: INT ref_attr_name: 'where' } "
        "} } ";
    const Graph graph =
        import_model(functions, x_to_y() + "node { op_type: 'Soft' domain: 'f' name: 'o' input: 'x' output: 'y' }");
    EXPECT_FALSE(graph.nodes()[0].attributes.contains("axis"));
}

TEST(Functions, HandingThroughAnInputGetsANode) {
    const std::string functions =
        "functions { domain: 'f' name: 'Same' input: 'a' output: 'a' opset_import { version: 17 } } ";
    const Graph graph =
        import_model(functions, x_to_y() + "node { op_type: 'Same' domain: 'f' name: 'o' input: 'x' output: 'y' }");
    EXPECT_EQ(op_sequence(graph), "Identity");
}

TEST(Functions, ThatCallThemselvesAreRefused) {
    const std::string functions =
        "functions { domain: 'f' name: 'Self' input: 'a' output: 'b' opset_import { version: 17 } "
        "node { op_type: 'Self' domain: 'f' input: 'a' output: 'b' } } ";
    EXPECT_THAT(
        model_refusal(functions, x_to_y() + "node { op_type: 'Self' domain: 'f' name: 's' input: 'x' output: 'y' }"),
        HasSubstr("functions call each other more than 32 deep"));
}

TEST(Functions, ThatStandForTooManyNodesAreRefused) {
    // Each calls the one before ten times: 10^6 nodes from seven short functions.
    std::string functions =
        "functions { domain: 'f' name: 'F0' input: 'a' output: 'b' opset_import { version: 17 } "
        "node { op_type: 'Relu' input: 'a' output: 'b' } } ";
    for (int level = 1; level <= 6; ++level) {
        functions += "functions { domain: 'f' name: 'F" + std::to_string(level) +
                     "' input: 'a' output: 'b9' opset_import { version: 17 } ";
        for (int i = 0; i < 10; ++i) {
            functions += "node { op_type: 'F" + std::to_string(level - 1) + "' domain: 'f' input: '" +
                         (i == 0 ? "a" : "b" + std::to_string(i - 1)) + "' output: 'b" + std::to_string(i) + "' } ";
        }
        functions += "} ";
    }
    EXPECT_THAT(
        model_refusal(functions, x_to_y() + "node { op_type: 'F6' domain: 'f' name: 's' input: 'x' output: 'y' }"),
        HasSubstr("stand for more than 200000 nodes"));
}

TEST(Functions, ThatDoNotFitTheirCallAreRefused) {
    EXPECT_THAT(model_refusal(kTwice, x_to_y() + "node { op_type: 'Twice' domain: 'f' name: 'c' input: 'x' input: 'x' "
                                                 "output: 'y' }"),
                HasSubstr("Twice node 'c': its function has 1 inputs and 1 outputs, the node has 2 and 1"));
    EXPECT_THAT(model_refusal("functions { domain: 'f' name: 'Bad' output: 'b' opset_import { version: 17 } "
                              "node { op_type: 'Relu' input: 'x' output: 'b' } } ",
                              x_to_y() + "node { op_type: 'Bad' domain: 'f' name: 'c' output: 'y' }"),
                HasSubstr("reads 'x' before anything writes it"));
    EXPECT_THAT(model_refusal(kTwice + kTwice, x_to_y()), HasSubstr("defines the function 'Twice' twice"));
}

std::string if_node(const std::string& condition, const std::string& then_nodes, const std::string& else_nodes) {
    const auto branch = [](const std::string& name, const std::string& nodes) {
        return "attribute { name: '" + name + "' type: GRAPH g { name: 'b' output { name: 'r' } " + nodes + "} } ";
    };
    return x_to_y() + "initializer { name: 'c' data_type: 9 int32_data: " + condition +
           " } node { op_type: 'If' name: 'if' input: 'c' output: 'y' " + branch("then_branch", then_nodes) +
           branch("else_branch", else_nodes) + "}";
}

TEST(If, KeepsTheBranchThatAConstantTakes) {
    const std::string relu = "node { op_type: 'Relu' input: 'x' output: 'r' } ";
    const std::string softmax = "node { op_type: 'Softmax' input: 'x' output: 'r' } ";
    EXPECT_EQ(op_sequence(import_text(if_node("1", relu, softmax))), "Relu Identity");
    EXPECT_EQ(op_sequence(import_text(if_node("0", relu, softmax))), "Softmax Identity");
    // The other branch may hold what nobody could run.
    EXPECT_EQ(op_sequence(import_text(if_node("1", relu, "node { op_type: 'Loop' input: 'x' output: 'r' } "))),
              "Relu Identity");
}

TEST(If, BringsTheConstantsOfItsBranch) {
    const std::string product =
        "initializer { name: 'w' dims: 1 dims: 4 data_type: 1 float_data: [1, 2, 3, 4] } "
        "node { op_type: 'Mul' input: 'x' input: 'w' output: 'r' } ";
    const Graph graph = import_text(if_node("1", product, product));
    EXPECT_EQ(op_sequence(graph), "Mul Identity");
    EXPECT_THAT(floats_of(graph, "if/w"), ElementsAre(1, 2, 3, 4));
}

TEST(If, OnDataKeepsBothBranches) {
    const std::string relu = "node { op_type: 'Relu' input: 'x' output: 'r' } ";
    std::string text = if_node("1", relu, relu);
    text.replace(text.find("initializer"), text.find("node {") - text.find("initializer"),
                 "input { name: 'c' type { tensor_type { elem_type: 9 shape { } } } } ");
    EXPECT_EQ(op_sequence(import_text(text)), "If");
}

}  // namespace
}  // namespace halftone::test
