#include "graph/unit.hpp"

#include <gmock/gmock.h>

#include "graph/passes/passes.hpp"
#include "support/graph_helpers.hpp"
#include "support/toy_ops.hpp"

namespace halftone::test {
namespace {

using testing::ElementsAre;

Tensor weight_1x1(std::int64_t out = 2, std::int64_t in = 2) { return random_tensor({out, in, 1, 1}, 7); }

struct Found {
    Graph graph;
    std::vector<Unit> units;

    /// "conv add relu": the nodes of a unit.
    [[nodiscard]] std::string members(std::size_t unit) const {
        std::string text;
        for (const NodeId id : units[unit].nodes) text += (text.empty() ? "" : " ") + graph.node(id).name;
        return text;
    }
    [[nodiscard]] std::string name_of(ValueId id) const { return graph.value(id).name; }
};

Found found_in(GraphMaker& g, const std::vector<ValueId>& outputs) {
    Graph graph = infer_types(g.build(outputs), ToyOps());
    std::vector<Unit> units = find_units(graph);
    return {std::move(graph), std::move(units)};
}

TEST(FindUnits, TakesConvWithItsActivation) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 2, 4, 4});
    const Found found = found_in(g, {g.node("Relu", "relu", {g.conv("conv", x, weight_1x1(), floats({1, 2}))})});
    ASSERT_EQ(found.units.size(), 1U);
    const Unit& unit = found.units[0];
    EXPECT_EQ(unit.name, "conv");
    EXPECT_EQ(unit.op, "Conv");
    EXPECT_EQ(found.members(0), "conv relu");
    EXPECT_EQ(found.name_of(unit.input), "x");
    EXPECT_EQ(found.name_of(unit.weight), "conv_w");
    EXPECT_EQ(found.name_of(unit.bias), "conv_b");
    EXPECT_EQ(found.name_of(unit.main_output), "conv_out");
    EXPECT_EQ(found.name_of(unit.output), "relu_out");
    EXPECT_FALSE(unit.residual.is_valid());
}

TEST(FindUnits, TakesAClipWithConstantOrAbsentBounds) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 2, 4, 4});
    const ValueId high = g.constant("six", Tensor::scalar(6.0F));
    const ValueId a = g.node("Clip", "clip", {g.conv("conv", x, weight_1x1()), ValueId{}, high});
    EXPECT_EQ(found_in(g, {a}).members(0), "conv clip");
}

TEST(FindUnits, LeavesAClipWhoseBoundIsComputed) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 2, 4, 4});
    const ValueId low = g.input("low", {});
    EXPECT_EQ(found_in(g, {g.node("Clip", "clip", {g.conv("conv", x, weight_1x1()), low})}).members(0), "conv");
}

TEST(FindUnits, PutsAResidualAddAndItsReluIntoTheLaterProducer) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 2, 4, 4});
    const ValueId skip = g.node("Relu", "relu1", {g.conv("conv1", x, weight_1x1())});
    const ValueId main = g.conv("conv2", skip, weight_1x1());
    const Found found = found_in(g, {g.node("Relu", "relu2", {g.node("Add", "add", {skip, main})})});
    ASSERT_EQ(found.units.size(), 2U);
    EXPECT_EQ(found.members(0), "conv1 relu1");
    EXPECT_EQ(found.members(1), "conv2 add relu2");
    EXPECT_EQ(found.name_of(found.units[1].residual), "relu1_out");
    EXPECT_EQ(found.graph.node(found.units[1].residual_add).name, "add");
    EXPECT_EQ(found.name_of(found.units[1].main_output), "conv2_out");
}

TEST(FindUnits, GivesTheAddOfTwoConvsToTheLaterOne) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 2, 4, 4});
    const ValueId body = g.conv("body", x, weight_1x1());
    const ValueId shortcut = g.conv("shortcut", x, weight_1x1());
    const Found found = found_in(g, {g.node("Add", "add", {body, shortcut})});
    EXPECT_EQ(found.members(0), "body");
    EXPECT_EQ(found.members(1), "shortcut add");
    EXPECT_EQ(found.name_of(found.units[1].residual), "body_out");
}

TEST(FindUnits, LeavesAnAddWhoseOtherOperandComesLater) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 2, 4, 4});
    const ValueId conv = g.conv("conv", x, weight_1x1());
    const ValueId late = g.node("Relu", "late", {x});
    EXPECT_EQ(found_in(g, {g.node("Add", "add", {conv, late})}).members(0), "conv");
}

TEST(FindUnits, LeavesAnAddAfterAnActivationOrOfAConstantOrOfAnotherShape) {
    GraphMaker after;
    ValueId x = after.input("x", {kSymbolic, 2, 4, 4});
    const ValueId active = after.node("Relu", "relu", {after.conv("conv", x, weight_1x1())});
    EXPECT_EQ(found_in(after, {after.node("Add", "add", {active, x})}).members(0), "conv relu");

    GraphMaker constant;
    x = constant.input("x", {1, 2, 1, 1});
    const ValueId c = constant.conv("conv", x, weight_1x1());
    const ValueId offset = constant.constant("offset", floats({1, 2, 1, 1}, {1, 2}));
    EXPECT_EQ(found_in(constant, {constant.node("Add", "add", {c, offset})}).members(0), "conv");

    GraphMaker doubled;
    x = doubled.input("x", {kSymbolic, 2, 4, 4});
    const ValueId d = doubled.conv("conv", x, weight_1x1());
    EXPECT_EQ(found_in(doubled, {doubled.node("Add", "add", {d, d})}).members(0), "conv");
}

TEST(FindUnits, EndsWhereAnInnerValueIsSeenFromOutside) {
    GraphMaker shared;
    ValueId x = shared.input("x", {kSymbolic, 2, 4, 4});
    ValueId c = shared.conv("conv", x, weight_1x1());
    const ValueId r = shared.node("Relu", "relu", {c});
    EXPECT_EQ(found_in(shared, {shared.node("Mul", "mul", {r, c})}).members(0), "conv");

    GraphMaker output;
    x = output.input("x", {kSymbolic, 2, 4, 4});
    c = output.conv("conv", x, weight_1x1());
    EXPECT_EQ(found_in(output, {output.node("Relu", "relu", {c}), c}).members(0), "conv");
}

TEST(FindUnits, KnowsTheChannelAxisOfItsWeights) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 3});
    const ValueId a = g.gemm("plain", x, random_tensor({3, 5}, 1));
    const ValueId b = g.gemm("transposed", a, random_tensor({4, 5}, 1), {}, {{"transB", std::int64_t{1}}});
    const Found found = found_in(g, {b});
    EXPECT_EQ(found.units[0].weight_channel_axis, 1);
    EXPECT_EQ(found.units[1].weight_channel_axis, 0);
}

TEST(FindUnits, IgnoresWeightsThatAreNotConstant) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 3});
    const ValueId y = g.node("Gemm", "gemm", {x, g.input("w", {3, 5})});
    EXPECT_TRUE(found_in(g, {y}).units.empty());
}

TEST(FindUnits, NamesUnnamedAndDoublyNamedUnitsUniquely) {
    GraphMaker g;
    const ValueId w = g.constant("w", weight_1x1());
    ValueId v = g.input("x", {kSymbolic, 2, 4, 4});
    for (const char* name : {"conv", "conv", "conv_1", ""}) v = g.node("Conv", name, {v, w}, {}, "");
    const Found found = found_in(g, {v});
    std::vector<std::string> names;
    for (const Unit& unit : found.units) names.push_back(unit.name);
    EXPECT_THAT(names, ElementsAre("conv", "conv_2", "conv_1", "Conv__out"));
}

TEST(CodeTransparent, AreOpsThatOnlyMoveOrSelectCodes) {
    const auto node = [](const std::string& op, std::size_t outputs) {
        return Node{.name = "n",
                    .op = op,
                    .inputs = {},
                    .outputs = std::vector<ValueId>(outputs, ValueId{3}),
                    .attributes = {}};
    };
    EXPECT_TRUE(is_code_transparent(node("MaxPool", 1)));
    EXPECT_FALSE(is_code_transparent(node("MaxPool", 2)));
    EXPECT_TRUE(is_code_transparent(node("Flatten", 1)));
    EXPECT_TRUE(is_code_transparent(node("Reshape", 1)));
    EXPECT_FALSE(is_code_transparent(node("AveragePool", 1)));
    EXPECT_FALSE(is_code_transparent(node("Relu", 1)));
}

}  // namespace
}  // namespace halftone::test
