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

// A pass looks at every node and mostly finds nothing to do. It must not copy 100,000 nodes for that.
TEST(GraphBuilder, WithoutAnEditItGivesTheGraphThatItWasMadeOf) {
    test::GraphMaker g;
    const Graph graph = g.build({g.node("Relu", "relu", {g.input("x", {4})})});
    GraphBuilder reader(graph);
    EXPECT_EQ(reader.node_count(), 1U);
    EXPECT_EQ(reader.value_count(), 2U);
    EXPECT_FALSE(reader.is_removed(make_id<NodeId>(0)));
    EXPECT_EQ(std::as_const(reader).value(graph.inputs()[0]).name, "x");
    std::vector<ValueId> same;
    for (std::size_t i = 0; i < reader.value_count(); ++i) same.push_back(make_id<ValueId>(i));
    reader.replace_all_uses(same);
    EXPECT_TRUE(std::move(reader).build().shares_memory_with(graph));

    GraphBuilder editor(graph);
    editor.node(make_id<NodeId>(0)).op = "Tanh";
    const Graph edited = std::move(editor).build();
    EXPECT_FALSE(edited.shares_memory_with(graph));
    EXPECT_EQ(edited.nodes()[0].op, "Tanh");
    EXPECT_EQ(graph.nodes()[0].op, "Relu") << "the source stays as it was";
}

TEST(GraphBuilder, NamesThatBeginAlikeAreFoundAndToldApart) {
    test::GraphMaker g;
    const ValueId x = g.input("a_long_name", {4});
    std::vector<ValueId> all;
    for (const char* name : {"a_long_name_2", "a_long_n", "a_long", "b", "a_long_name_10"})
        all.push_back(g.node("Relu", name, {x}, {}, name));
    const Graph graph = g.build(all);
    for (const Value& value : graph.values()) {
        ASSERT_TRUE(graph.find_value(value.name)) << value.name;
        EXPECT_EQ(graph.value(*graph.find_value(value.name)).name, value.name);
    }
    EXPECT_FALSE(graph.find_value("a_long_name_1"));
}

}  // namespace
}  // namespace halftone::test
