// Control flow keeps its graphs through import and export, and a graph is cut before the first shape that depends on
// data. tests/unit/exec/interpreter_test.cpp runs what is cut off.
#include "graph/tail/split_tail.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/builder.hpp"
#include "graph/passes/passes.hpp"
#include "unit/graph/model_text.hpp"

namespace halftone::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string branch(const std::string& name, const std::string& nodes) {
    return "attribute { name: '" + name + "' type: GRAPH g { name: 'b' output { name: 'r' } " + nodes + "} } ";
}

/// x -> Relu 'head' -> If on the input c; both branches read the Relu's output, and one reads a constant around it.
std::string if_on_data() {
    return value_text("input", "x", {"N", "4"}) +
           "input { name: 'c' type { tensor_type { elem_type: 9 shape { } } } } " +
           value_text("output", "y", {"k", "4"}) + value_text("output", "h", {"N", "4"}) +
           "initializer { name: 'w' dims: 4 data_type: 1 float_data: [1, 2, 3, 4] } "
           "node { op_type: 'Relu' name: 'head' input: 'x' output: 'h' } "
           "node { op_type: 'If' name: 'if' input: 'c' output: 'y' " +
           branch("then_branch", "node { op_type: 'Mul' input: 'h' input: 'w' output: 'r' } ") +
           branch("else_branch", "node { op_type: 'Relu' input: 'h' output: 'r' } ") + "} ";
}

std::vector<std::string> names_of(const Graph& graph, const std::vector<ValueId>& ids) {
    std::vector<std::string> names;
    for (const ValueId id : ids) names.push_back(graph.value(id).name);
    return names;
}

TEST(ControlFlow, KeepsItsGraphsAndReadsWhatTheyCapture) {
    const Graph graph = import_text(if_on_data());
    const Node& node = graph.nodes().back();
    ASSERT_NE(node.bodies, nullptr);
    EXPECT_THAT(names_of(graph, node.inputs), ElementsAre("c", "h", "w"));
    EXPECT_EQ(node.bodies->captured, 2);
    EXPECT_THAT(names_of(*node.bodies->graphs.at("then_branch"), node.bodies->graphs.at("then_branch")->inputs()),
                ElementsAre("h", "w"));
}

TEST(ControlFlow, TheNamesOfItsNodesAreKnown) {
    std::string text = if_on_data();
    text.replace(text.find("op_type: 'Mul'"), 14, "op_type: 'Mul' name: 'inside'");
    EXPECT_THAT(import_text(text).info().node_names, ElementsAre("head", "if", "inside"));
}

TEST(ControlFlow, HasAnIdentityOfItsOwn) {
    std::string other = if_on_data();
    other.replace(other.find("Mul"), 3, "Add");
    EXPECT_NE(hash_of(import_text(if_on_data())), hash_of(import_text(other)));
}

TEST(ControlFlow, ThatIsMalformedIsRefused) {
    const std::string ports = x_to_y();
    EXPECT_THAT(refusal(ports + "node { op_type: 'Loop' name: 'l' input: 'x' input: 'x' output: 'y' }"),
                HasSubstr("Loop node 'l' has no graph 'body'"));
    EXPECT_THAT(
        refusal(ports + "node { op_type: 'If' name: 'i' input: 'x' output: 'y' " + branch("then_branch", "") + "}"),
        HasSubstr("If node 'i'"));
    EXPECT_THAT(refusal(ports + "node { op_type: 'Loop' name: 'l' input: 'x' input: 'x' output: 'y' attribute { name: "
                                "'body' type: GRAPH g { name: 'b' output { name: 'x' } } } }"),
                HasSubstr("its graph has 0 inputs and 1 outputs, needed are 2 and 2"));
    // What is unknown inside is told with the node around it.
    EXPECT_THAT(
        refusal(value_text("input", "x", {"N", "4"}) +
                "input { name: 'c' type { tensor_type { elem_type: 9 shape { } } } } " +
                value_text("output", "y", {"N", "4"}) + "node { op_type: 'If' name: 'if' input: 'c' output: 'y' " +
                branch("then_branch", "node { op_type: 'Foo' input: 'x' output: 'r' } ") +
                branch("else_branch", "node { op_type: 'Relu' input: 'x' output: 'r' } ") + "}"),
        HasSubstr("If node 'if': operators that are not supported: Foo"));
}

TEST(Tail, BeginsWhereAShapeDependsOnData) {
    const Graph head = split_tail(import_text(if_on_data()), ToyOps());
    ASSERT_NE(head.info().tail, nullptr);
    EXPECT_EQ(head.nodes().size(), 1);
    EXPECT_THAT(head.info().output_order, ElementsAre("y", "h"));
    // The model's own output first, then what the tail reads: an input of the model, too.
    EXPECT_THAT(names_of(head, head.outputs()), ElementsAre("h", "c"));
    EXPECT_THAT(names_of(*head.info().tail, head.info().tail->inputs()), ElementsAre("c", "h"));
    EXPECT_THAT(names_of(*head.info().tail, head.info().tail->outputs()), ElementsAre("y"));
    // Samples run one by one, and the export must not say so.
    EXPECT_EQ(head.value(head.inputs()[0]).type.shape, (Shape{1, 4}));
    EXPECT_TRUE(head.info().bound_dims.contains("x:0"));
}

TEST(Tail, IsNothingWhereAllShapesAreKnown) {
    const Graph graph = import_text(x_to_y() + "node { op_type: 'Relu' name: 'a' input: 'x' output: 'y' } ");
    EXPECT_EQ(split_tail(graph, ToyOps()).info().tail, nullptr);
}

TEST(Tail, IsExportedAsItCame) {
    const Graph imported = import_text(if_on_data());
    const Graph head = run_passes(imported, ToyOps());
    onnx::ModelProto model;
    ASSERT_TRUE(model.ParseFromString(export_onnx(head)));
    EXPECT_EQ(model.graph().output(0).name(), "y");
    EXPECT_EQ(model.graph().output(1).name(), "h");
    EXPECT_EQ(model.graph().input(0).type().tensor_type().shape().dim(0).dim_param(), "N");
    EXPECT_EQ(model.graph().output(0).type().tensor_type().shape().dim(0).dim_param(), "k");
    const onnx::NodeProto& node = model.graph().node(1);
    EXPECT_EQ(node.op_type(), "If");
    EXPECT_EQ(node.input_size(), 1);
    EXPECT_EQ(hash_of(import_onnx(export_onnx(head), "again", ToyOps())), hash_of(imported));
}

// A pass may give a value of the head the name of one that stands in the tail only, or take a name that a body reads.
TEST(Tail, KeepsItsNamesInTheExport) {
    std::string text = if_on_data();
    const std::string inner = "output: 'r' } ";
    text.replace(text.find(inner), inner.size(), "output: 'q' } node { op_type: 'Relu' input: 'q' output: 'r' } ");
    Graph graph = import_text(text);
    GraphBuilder builder(graph);
    builder.value(*graph.find_value("w")).name = "q";  // now the graph around calls w what the branch calls its product
    const Graph renamed = std::move(builder).build();
    const Graph again =
        import_onnx(export_onnx(infer_types(split_tail(renamed, ToyOps()), ToyOps())), "again", ToyOps());
    const Node& node = again.nodes().back();
    EXPECT_THAT(names_of(again, node.inputs), ElementsAre("c", "h", "q"));
    EXPECT_EQ(node.bodies->graphs.at("then_branch")->nodes().size(), 2);
}

// Found by fuzzing import_onnx: the constant was written twice, under two names, so the file was another model.
TEST(Tail, SharesAConstantWithTheHead) {
    std::string text = if_on_data();
    const std::string head = "node { op_type: 'Relu' name: 'head' input: 'x' output: 'h' } ";
    text.replace(text.find(head), head.size(),
                 "node { op_type: 'Gemm' name: 'head' input: 'x' input: 'w' output: 'h' } ");
    const std::string row = "dims: 4 data_type: 1 float_data: [1, 2, 3, 4]";
    text.replace(text.find(row), row.size(), "dims: 4 dims: 4 data_type: 1 raw_data: '" + std::string(64, 'a') + "'");
    const Graph graph = run_passes(import_text(text), ToyOps());
    ASSERT_NE(graph.info().tail, nullptr);
    const std::string bytes = export_onnx(graph);
    onnx::ModelProto model;
    ASSERT_TRUE(model.ParseFromString(bytes));
    ASSERT_EQ(model.graph().initializer_size(), 1);
    EXPECT_EQ(model.graph().initializer(0).name(), "w");
    EXPECT_EQ(hash_of(run_passes(import_onnx(bytes, "again", ToyOps()), ToyOps())), hash_of(graph));
}

}  // namespace
}  // namespace halftone::test
