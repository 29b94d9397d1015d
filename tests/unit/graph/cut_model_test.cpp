// A part of a model between two lists of tensors.
#include "graph/onnx/cut_model.hpp"

#include <gmock/gmock.h>

#include "support/config_text.hpp"
#include "unit/graph/model_text.hpp"

namespace halftone::test {
namespace {

using testing::HasSubstr;

/// x -> a -> b -> y, and b + z -> w. Between a and b a constant is read.
const std::string kCutBody = value_text("input", "x", {"N", "4"}) + value_text("input", "z", {"N", "4"}) +
                             "node { op_type: 'Relu' name: 'first' input: 'x' output: 'block/a:0' } "
                             "node { op_type: 'Clip' name: 'second' input: 'block/a:0' input: 'c' output: 'block/b' } "
                             "node { op_type: 'Relu' name: 'third' input: 'block/b' output: 'y' } "
                             "node { op_type: 'Add' name: 'fourth' input: 'block/b' input: 'z' output: 'w' } "
                             "initializer { name: 'c' data_type: 1 float_data: 1 } "
                             "initializer { name: 'd' dims: 1 data_type: 1 float_data: 5 } " +
                             value_text("output", "y", {"N", "4"}) + value_text("output", "w", {"N", "4"});

/// The part as text: inputs with shapes, nodes, outputs, constants.
std::string part(const ModelEnds& ends, const InputSizes& sizes = {}) {
    onnx::ModelProto model;
    EXPECT_TRUE(model.ParseFromString(cut_onnx(graph_bytes(kCutBody), "m.onnx", ends, sizes, ToyOps())));
    std::string text;
    for (const auto& input : model.graph().input()) {
        text += input.name() + "(" + std::to_string(input.type().tensor_type().elem_type());
        for (const auto& dim : input.type().tensor_type().shape().dim()) {
            text += "," + (dim.has_dim_value() ? std::to_string(dim.dim_value()) : "?");
        }
        text += ") ";
    }
    for (const auto& node : model.graph().node()) text += node.name() + " ";
    for (const auto& output : model.graph().output()) text += "-> " + output.name() + " ";
    for (const auto& constant : model.graph().initializer()) text += constant.name() + " ";
    return text;
}
std::string cut_refusal(const ModelEnds& ends) {
    return message_of<ConfigError>([&] { (void)part(ends); });
}

TEST(CutModel, TheEndsMayLieInsideOfTheModel) {
    EXPECT_EQ(part({.outputs = {"y"}}), "x(1,?,4) first second third -> y c ");
    EXPECT_EQ(part({.outputs = {"block/b"}}), "x(1,?,4) first second -> block/b c ");
    EXPECT_EQ(part({.inputs = {"block/b", "z"}}), "block/b(1,?,4) z(1,?,4) third fourth -> y -> w ");
    EXPECT_EQ(part({.inputs = {"block/a:0"}, .outputs = {"y", "block/b"}}),
              "block/a:0(1,?,4) second third -> y -> block/b c ");
}

TEST(CutModel, APartCanBeImported) {
    const std::string bytes =
        cut_onnx(graph_bytes(kCutBody), "m.onnx", {.inputs = {"block/a"}, .outputs = {"y"}}, {}, ToyOps());
    const Graph graph = import_onnx(bytes, "m.onnx", ToyOps());
    EXPECT_EQ(graph.nodes().size(), 2U);
    EXPECT_EQ(graph.value(graph.inputs().at(0)).name, "block/a:0");
}

TEST(CutModel, SizesThatAreGivenStayOpenSoThatTheBytesDoNotDependOnThem) {
    const std::string expected = "block/b(1,?,?) third -> y ";
    EXPECT_EQ(part({.inputs = {"block/b"}, .outputs = {"y"}}, {.shapes = {{"block/b", {-1, 9}}}}), expected);
    EXPECT_EQ(part({.inputs = {"block/b"}, .outputs = {"y"}}, {.shapes = {{"block/b", {3, 4}}}}), expected);
}

TEST(CutModel, WhereNothingChangesTheBytesAreThoseOfTheFile) {
    const std::string whole = graph_bytes(kCutBody);
    EXPECT_EQ(cut_onnx(whole, "m.onnx", {}, {}, ToyOps()), whole);
    EXPECT_EQ(cut_onnx(whole, "m.onnx", {.inputs = {"x", "z"}, .outputs = {"y", "w"}}, {}, ToyOps()), whole);
}

TEST(CutModel, NamesThatTheModelDoesNotHaveAreRefusedWithThoseThatAreNear) {
    EXPECT_THAT(cut_refusal({.inputs = {"block/c"}}),
                AllOf(HasSubstr("m.onnx: the model has no tensor 'block/c'"), HasSubstr("'block/b'")));
    EXPECT_THAT(cut_refusal({.outputs = {"block"}}), HasSubstr("near it are 'block/a:0', 'block/b'"));
    EXPECT_THAT(cut_refusal({.outputs = {"entirely_different"}}), HasSubstr("its inputs are 'x', 'z'"));
    EXPECT_THAT(cut_refusal({.outputs = {"c"}}), HasSubstr("has no tensor 'c'")) << "a constant is no end";
    EXPECT_EQ(unknown_ends(graph_bytes(kCutBody), "m.onnx", {.inputs = {"x:0", "q"}, .outputs = {"block/a"}}),
              std::vector<std::string>{"q"});
}

TEST(CutModel, InputsThatDoNotFitTheOutputsAreRefused) {
    EXPECT_THAT(cut_refusal({.inputs = {"block/b"}}), HasSubstr("the outputs need the input 'z' as well as 'block/b'"));
    EXPECT_THAT(cut_refusal({.inputs = {"x", "z"}, .outputs = {"y"}}), HasSubstr("no output needs the input 'z'"));
    EXPECT_THAT(cut_refusal({.inputs = {"x", "x"}}), HasSubstr("the input 'x' is named twice"));
}

}  // namespace
}  // namespace halftone::test
