// All passes in order, and the taps through them.
#include "exec/execution_graph.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exec/passes/passes.hpp"
#include "support/rounding_net.hpp"

namespace halftone {
namespace {

using test::op_sequence;

struct ExecutionGraphNet : test::RoundingNet {
    ExecutionGraphNet() : RoundingNet({kSymbolic, 4}) {}
};

TEST(ExecPasses, RunInTheOrderOfTheirList) {
    std::vector<std::string_view> words;
    for (const auto& row : exec_passes()) words.push_back(row.word);
    EXPECT_THAT(words, ::testing::ElementsAre("bind_shapes", "fuse_patterns", "fuse_normalizations", "fuse_attention",
                                              "fuse_integer_products", "fuse_block_products", "fold_codes",
                                              "align_concat", "fuse_tables"));
}

TEST(ExecutionGraph, AGraphThatNoPassChangesIsNotCopied) {
    ExecutionGraphNet n;
    const Graph graph = n.typed(n.node("Relu", "r", {n.x}));
    const ExecutionGraph execution(graph, reference_ops(), 1, {*graph.find_value("r_out")});
    EXPECT_EQ(&execution.graph(), &graph);
    EXPECT_THAT(execution.taps(), ::testing::ElementsAre(*graph.find_value("r_out")));
}

TEST(ExecutionGraph, ALaterPassSeesWhatAnEarlierOneMade) {
    ExecutionGraphNet n;  // Sigmoid and Mul become Swish, and Swish between codes becomes a table
    const ValueId x = n.rounded("x", n.x, 0.05F, 128);
    const ValueId silu = n.node("Mul", "mul", {x, n.node("Sigmoid", "sig", {x})});
    const Graph graph = n.typed(n.quantize("y", silu, 0.03F, 10));
    const ExecutionGraph execution(graph, reference_ops(), 1, {});
    EXPECT_EQ(op_sequence(execution.graph()), "QuantizeLinear TableLookup");
}

TEST(ExecutionGraph, TapsAreFoundAgainByTheirNames) {
    ExecutionGraphNet n;
    const ValueId relu = n.node("Relu", "r", {n.x});
    const Graph graph = n.typed(n.node("Mul", "mul", {relu, n.node("Sigmoid", "sig", {relu})}));
    const ExecutionGraph execution(graph, reference_ops(), 1, {*graph.find_value("r_out")});
    EXPECT_EQ(op_sequence(execution.graph()), "Relu Swish");
    ASSERT_EQ(execution.taps().size(), 1U);
    EXPECT_EQ(execution.graph().value(execution.taps()[0]).name, "r_out");
}

}  // namespace
}  // namespace halftone
