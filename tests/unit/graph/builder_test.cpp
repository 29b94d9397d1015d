#include "graph/builder.hpp"

#include <gmock/gmock.h>

#include "base/error.hpp"
#include "support/graph_helpers.hpp"

namespace halftone::test {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

Node relu(ValueId in, ValueId out, const std::string& name) {
    return {.name = name, .op = "Relu", .inputs = {in}, .outputs = {out}, .attributes = {}};
}

TEST(GraphBuilder, SortsNodesThatWereAddedInAnyOrder) {
    GraphBuilder builder;
    const ValueId x = builder.add_value("x", TensorType{});
    const ValueId middle = builder.add_value("middle");
    const ValueId y = builder.add_value("y");
    builder.add_node(relu(middle, y, "second"));
    builder.add_node(relu(x, middle, "first"));
    builder.add_input(x);
    builder.add_output(y);
    const Graph graph = std::move(builder).build();
    EXPECT_EQ(graph.nodes()[0].name, "first");
    EXPECT_EQ(graph.nodes()[1].name, "second");
}

TEST(GraphBuilder, KeepsAnOrderThatIsAlreadyTopological) {
    GraphMaker g;
    const ValueId x = g.input("x", {1});
    const ValueId b = g.node("Relu", "b", {x});
    const ValueId a = g.node("Relu", "a", {x});
    const ValueId c = g.node("Relu", "c", {b});
    const Graph graph = g.build({g.node("Add", "add", {c, a})});
    std::string names;
    for (const Node& node : graph.nodes()) names += node.name + " ";
    EXPECT_EQ(names, "b a c add ");
}

TEST(GraphBuilder, DropsWhatNoOutputNeedsButKeepsGraphInputs) {
    GraphMaker g;
    const ValueId x = g.input("x", {1});
    g.input("unused_input", {1});
    g.constant("unused_constant", floats({1.0F}));
    g.node("Relu", "dead", {x});
    const Graph graph = g.build({g.node("Relu", "alive", {x})});
    EXPECT_EQ(op_sequence(graph), "Relu");
    EXPECT_EQ(graph.inputs().size(), 2U);
    EXPECT_FALSE(graph.find_value("unused_constant"));
    EXPECT_FALSE(graph.find_value("dead_out"));
}

TEST(GraphBuilder, KnowsProducersAndUses) {
    GraphMaker g;
    const ValueId x = g.input("x", {1});
    const ValueId a = g.node("Relu", "a", {x});
    const Graph graph = g.build({g.node("Add", "add", {x, a})});
    const ValueId in = *graph.find_value("x");
    EXPECT_FALSE(graph.producer(in).is_valid());
    ASSERT_EQ(graph.uses(in).size(), 2U);
    EXPECT_EQ(graph.node(graph.uses(in)[1].node).name, "add");
    EXPECT_EQ(graph.uses(in)[1].input, 0U);
    EXPECT_EQ(graph.node(graph.producer(*graph.find_value("a_out"))).name, "a");
    EXPECT_TRUE(graph.is_output(*graph.find_value("add_out")));
    EXPECT_FALSE(graph.is_output(in));
}

TEST(GraphBuilder, RefusesAnInputThatNothingProduces) {
    GraphMaker g;
    const ValueId y = g.node("Relu", "r", {g.builder().add_value("ghost")});
    EXPECT_THAT([&] { (void)g.build({y}); },
                ThrowsMessage<ModelError>(HasSubstr("Relu node 'r' reads 'ghost', which nothing produces")));
}

TEST(GraphBuilder, RefusesAnUndefinedInputEvenInAnUnneededNode) {
    GraphMaker g;
    const ValueId x = g.input("x", {1});
    g.node("Relu", "dead", {g.builder().add_value("ghost")});
    EXPECT_THROW((void)g.build({x}), ModelError);
}

TEST(GraphBuilder, RefusesAValueWithTwoProducers) {
    GraphMaker g;
    const ValueId x = g.input("x", {1});
    const ValueId y = g.node("Relu", "one", {x}, {}, "y");
    g.node("Relu", "two", {x}, {}, "y");
    EXPECT_THAT(
        [&] { (void)g.build({y}); },
        ThrowsMessage<ModelError>(HasSubstr("'y' is defined twice: by Relu node 'one' and by Relu node 'two'")));
}

TEST(GraphBuilder, RefusesANodeThatOverwritesAnInitialiser) {
    GraphMaker g;
    const ValueId x = g.input("x", {1});
    g.constant("w", floats({1.0F}));
    const ValueId y = g.node("Relu", "r", {x}, {}, "w");
    EXPECT_THAT([&] { (void)g.build({y}); },
                ThrowsMessage<ModelError>(HasSubstr("by an initialiser and by Relu node 'r'")));
}

TEST(GraphBuilder, RefusesACycle) {
    GraphMaker g;
    const ValueId a = g.builder().add_value("a");
    const ValueId b = g.node("Relu", "first", {a});
    g.node("Relu", "second", {b}, {}, "a");
    EXPECT_THAT([&] { (void)g.build({b}); }, ThrowsMessage<ModelError>(HasSubstr("cycle")));
}

TEST(GraphBuilder, RefusesAGraphWithoutOutputsAndAnOutputListedTwice) {
    GraphMaker none;
    none.input("x", {1});
    EXPECT_THROW((void)none.build({}), ModelError);
    GraphMaker twice;
    const ValueId y = twice.node("Relu", "r", {twice.input("x", {1})});
    EXPECT_THROW((void)twice.build({y, y}), ModelError);
}

TEST(GraphBuilder, FreshNamesSkipTakenOnes) {
    GraphMaker g;
    const ValueId x = g.input("x", {1});
    g.node("Relu", "r", {x});
    g.node("Relu", "r_1", {x});
    EXPECT_EQ(g.builder().fresh_value_name("y"), "y");
    EXPECT_EQ(g.builder().fresh_value_name("x"), "x_1");
    EXPECT_EQ(g.builder().fresh_node_name("r"), "r_2");
}

TEST(GraphBuilder, EditsACopyAndLeavesTheGraphAlone) {
    GraphMaker g;
    const ValueId x = g.input("x", {1});
    const ValueId a = g.node("Relu", "a", {x});
    const Graph graph = g.build({g.node("Relu", "b", {a})});
    GraphBuilder builder(graph);
    builder.replace_uses(*graph.find_value("a_out"), *graph.find_value("x"));
    const Graph edited = std::move(builder).build();
    EXPECT_EQ(op_sequence(graph), "Relu Relu");
    EXPECT_EQ(op_sequence(edited), "Relu");
    EXPECT_EQ(edited.nodes()[0].name, "b");
}

TEST(GraphBuilder, ReplacesUsesInGraphOutputsToo) {
    GraphMaker g;
    const ValueId x = g.input("x", {1});
    const Graph graph = g.build({g.node("Relu", "a", {x})});
    GraphBuilder builder(graph);
    builder.replace_uses(*graph.find_value("a_out"), *graph.find_value("x"));
    const Graph edited = std::move(builder).build();
    EXPECT_EQ(edited.outputs(), edited.inputs());
    EXPECT_TRUE(edited.nodes().empty());
}

TEST(GraphBuilder, RefusesToAddATakenNameAsAProgrammersError) {
    GraphBuilder builder;
    builder.add_value("x");
    EXPECT_THROW(builder.add_value("x"), InternalError);
    EXPECT_EQ(builder.value_named("x").index(), 0U);
}

}  // namespace
}  // namespace halftone::test
