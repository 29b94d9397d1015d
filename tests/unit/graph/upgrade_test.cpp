// Older operator forms become opset-13 forms. The rules are those of ONNX's Changelog.md.
#include <gmock/gmock.h>

#include "support/graph_helpers.hpp"
#include "unit/graph/model_text.hpp"

namespace halftone::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::int64_t> int64s_of(const Graph& graph, const std::string& name) {
    const auto values = value_named(graph, name).constant.as<std::int64_t>();
    return {values.begin(), values.end()};
}

std::string softmax(const std::string& axis) {
    return "node { op_type: 'Softmax' name: 's' input: 'x' output: 'y' " +
           (axis.empty() ? "" : "attribute { name: 'axis' type: INT i: " + axis + " } ") + "}";
}

TEST(Upgrade, LeavesTheAxisOfANewSoftmaxAlone) {
    const Graph graph = import_text(x_to_y({"N", "3", "4"}) + softmax("1"), 13);
    EXPECT_EQ(op_sequence(graph), "Softmax");
    EXPECT_EQ(int_attribute(graph.nodes()[0], "axis", -9), 1);
}

TEST(Upgrade, TakesAnOldSoftmaxOverTheLastAxisAsItIs) {
    const Graph by_default = import_text(x_to_y({"N", "4"}) + softmax(""), 11);
    EXPECT_EQ(op_sequence(by_default), "Softmax");
    EXPECT_EQ(int_attribute(by_default.nodes()[0], "axis", -9), -1);
    const Graph explicit_axis = import_text(x_to_y({"N", "3", "4"}) + softmax("2"), 12);
    EXPECT_EQ(int_attribute(explicit_axis.nodes()[0], "axis", -9), -1);
}

TEST(Upgrade, ExpandsAnOldSoftmaxOverSeveralAxes) {
    const Graph graph = import_text(x_to_y({"N", "3", "4"}) + softmax(""), 11);
    EXPECT_EQ(op_sequence(graph), "Flatten Softmax Reshape");
    EXPECT_EQ(int_attribute(node_named(graph, "s_flatten"), "axis", -9), 1);
    EXPECT_EQ(int_attribute(node_named(graph, "s"), "axis", -9), -1);
    EXPECT_THAT(int64s_of(graph, "y_shape"), ElementsAre(-1, 3, 4));
    EXPECT_EQ(graph.value(graph.outputs()[0]).name, "y");
}

TEST(Upgrade, FindsTheRankOfAnOldSoftmaxByInference) {
    const auto text = [](const std::vector<std::string>& dims) {
        return value_text("input", "x", dims) +
               "output { name: 'z' } node { op_type: 'Relu' input: 'x' output: 'a' } "
               "node { op_type: 'Softmax' name: 's' input: 'a' output: 'b' } "
               "node { op_type: 'Relu' input: 'b' output: 'z' }";
    };
    EXPECT_EQ(op_sequence(import_text(text({"N", "4"}), 11)), "Relu Softmax Relu");
    EXPECT_EQ(op_sequence(import_text(text({"N", "3", "4"}), 11)), "Relu Flatten Softmax Reshape Relu");
}

TEST(Upgrade, RefusesAnOldSoftmaxAxisOutsideOfTheRank) {
    EXPECT_THAT(refusal(x_to_y({"N", "4"}) + softmax("7"), 11), HasSubstr("axis 7 is outside of shape [N,4]"));
}

TEST(Upgrade, TurnsAnAxesAttributeIntoAnInput) {
    const Graph graph = import_text(x_to_y({"N", "1", "4"}) +
                                        "node { op_type: 'Squeeze' input: 'x' output: 'y' "
                                        "attribute { name: 'axes' type: INTS ints: 1 } }",
                                    11);
    EXPECT_TRUE(graph.nodes()[0].attributes.empty());
    ASSERT_EQ(graph.nodes()[0].inputs.size(), 2U);
    EXPECT_THAT(int64s_of(graph, "y_axes"), ElementsAre(1));
}

TEST(Upgrade, LeavesASqueezeWithoutAxesAlone) {
    const Graph graph = import_text(x_to_y({"N", "1", "4"}) + "node { op_type: 'Squeeze' input: 'x' output: 'y' }", 11);
    EXPECT_EQ(graph.nodes()[0].inputs.size(), 1U);
}

TEST(Upgrade, TurnsTheRatioOfDropoutIntoAnInput) {
    const Graph graph = import_text(x_to_y() +
                                        "node { op_type: 'Dropout' input: 'x' output: 'y' "
                                        "attribute { name: 'ratio' type: FLOAT f: 0.25 } }",
                                    11);
    EXPECT_TRUE(graph.nodes()[0].attributes.empty());
    EXPECT_THAT(floats_of(graph, "y_ratio"), ElementsAre(0.25F));
}

const std::string kNormInputs =
    "initializer { name: 's' dims: 1 data_type: 1 float_data: 1 } initializer { name: 'b' dims: 1 data_type: 1 "
    "float_data: 0 } "
    "initializer { name: 'm' dims: 1 data_type: 1 float_data: 0 } initializer { name: 'v' dims: 1 data_type: 1 "
    "float_data: 1 } ";

std::string norm(const std::string& rest) {
    return x_to_y({"N", "1"}) + kNormInputs +
           "node { op_type: 'BatchNormalization' name: 'n' input: 'x' input: 's' input: 'b' input: 'm' input: 'v' "
           "output: 'y' " +
           rest + " }";
}

TEST(Upgrade, DropsATrainingModeOfZeroWhichOpset13DoesNotHave) {
    const Graph graph = import_text(norm("attribute { name: 'training_mode' type: INT i: 0 }"), 14);
    EXPECT_TRUE(graph.nodes()[0].attributes.empty());
}

TEST(Upgrade, RefusesABatchNormalizationInTrainingMode) {
    EXPECT_THAT(refusal(norm("attribute { name: 'training_mode' type: INT i: 1 }"), 15),
                HasSubstr("BatchNormalization node 'n': training_mode must be 0"));
    EXPECT_THAT(refusal(norm("output: 'mean' output: 'var'"), 13), HasSubstr("training outputs"));
}

}  // namespace
}  // namespace halftone::test
