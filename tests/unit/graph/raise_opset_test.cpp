// Raising the operator set: operators that have another form later get it, and those of another meaning are named.
// The rules are those of ONNX's Changelog.md.
#include "graph/raise_opset.hpp"

#include <gmock/gmock.h>

#include "support/graph_helpers.hpp"

namespace halftone::test {
namespace {

using testing::HasSubstr;

Graph raised(const Graph& graph) {
    GraphBuilder builder(graph);
    raise_opset(builder, kBlockedOpset);
    return std::move(builder).build();
}

Graph with_node(const std::string& op, const Attributes& attributes, std::int64_t opset) {
    GraphMaker g;
    g.builder().info().opset = opset;
    const ValueId x = g.input("x", {2, 4, 6, 6});
    return g.build({g.node(op, "n", {x}, attributes)});
}

TEST(RaiseOpset, AxesOfReductionsBecomeAnInput) {
    const Attributes axes{{"axes", std::vector<std::int64_t>{2, 3}}};
    for (const char* op : {"ReduceMean", "ReduceMax", "ReduceL2", "ReduceLogSumExp"}) {
        const Graph graph = raised(with_node(op, axes, 13));
        EXPECT_EQ(graph.info().opset, 21);
        const Node& node = graph.nodes()[0];
        EXPECT_FALSE(node.attributes.contains("axes")) << op;
        ASSERT_TRUE(has_input(node, 1)) << op;
        const auto values = graph.value(node.inputs[1]).constant.as<std::int64_t>();
        EXPECT_THAT(std::vector<std::int64_t>(values.begin(), values.end()), testing::ElementsAre(2, 3));
    }
}

TEST(RaiseOpset, SplitSaysIntoHowManyPartsAndGridSampleRenamesItsModes) {
    GraphMaker g;
    const ValueId x = g.input("x", {2, 4});
    const std::vector<ValueId> parts{g.builder().value_named("a"), g.builder().value_named("b")};
    g.builder().add_node({.name = "s", .op = "Split", .inputs = {x}, .outputs = parts, .attributes = {}});
    EXPECT_EQ(int_attribute(raised(g.build({parts[0], parts[1]})).nodes()[0], "num_outputs", 0), 2);

    for (const auto& [old, later] :
         {std::pair{"bicubic", "cubic"}, std::pair{"bilinear", "linear"}, std::pair{"nearest", "nearest"}}) {
        const Graph graph = raised(with_node("GridSample", {{"mode", std::string(old)}}, 16));
        EXPECT_EQ(string_attribute(graph.nodes()[0], "mode", "linear"), later);
    }
    EXPECT_EQ(string_attribute(raised(with_node("GridSample", {}, 16)).nodes()[0], "mode", ""), "linear")
        << "the preset is the same mode by its new name";
}

TEST(RaiseOpset, RoiAlignKeepsItsOldDefault) {
    const auto mode = [](const Graph& graph) {
        return string_attribute(graph.nodes()[0], "coordinate_transformation_mode", "");
    };
    EXPECT_EQ(mode(raised(with_node("RoiAlign", {}, 13))), "output_half_pixel");
    const Attributes half{{"coordinate_transformation_mode", std::string("half_pixel")}};
    EXPECT_EQ(mode(raised(with_node("RoiAlign", half, 13))), "half_pixel");
}

TEST(RaiseOpset, AGraphOfThatSetStaysAsItIs) {
    const Graph graph = raised(with_node("ReduceMean", {{"keepdims", std::int64_t{0}}}, 22));
    EXPECT_EQ(graph.info().opset, 22);
    EXPECT_EQ(graph.nodes()[0].inputs.size(), 1U);
}

TEST(RaiseOpset, NamesWhatHasAnotherMeaning) {
    EXPECT_THAT(why_not_opset(with_node("GroupNormalization", {}, 18), 21),
                HasSubstr("GroupNormalization node 'n' has another meaning in opset 21 than in the model's 18"));
    EXPECT_EQ(why_not_opset(with_node("GroupNormalization", {}, 21), 21), "");
    EXPECT_THAT(why_not_opset(with_node("DFT", {}, 17), 21), HasSubstr("DFT node 'n' has another meaning"));
    EXPECT_EQ(why_not_opset(with_node("ReduceMean", {{"axes", std::vector<std::int64_t>{1}}}, 13), 21), "");
}

TEST(RaiseOpset, RefusesInBodiesWhatItWouldHaveToRewrite) {
    const auto body =
        std::make_shared<const Graph>(with_node("ReduceMean", {{"axes", std::vector<std::int64_t>{1}}}, 13));
    GraphMaker g;
    const ValueId x = g.input("x", {2});
    const ValueId y = g.builder().value_named("y");
    Node loop{.name = "loop", .op = "Loop", .inputs = {x}, .outputs = {y}, .attributes = {}};
    loop.bodies = std::make_shared<const NodeBodies>(NodeBodies{.graphs = {{"body", body}}, .captured = 0});
    g.builder().add_node(std::move(loop));
    EXPECT_THAT(why_not_opset(g.build({y}), 21), HasSubstr("ReduceMean node 'n' has another meaning"));
}

}  // namespace
}  // namespace halftone::test
