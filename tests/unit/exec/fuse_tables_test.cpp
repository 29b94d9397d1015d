// Which chains of element-wise operators on codes are tables, and that a table is the chain, code by code.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exec/session.hpp"
#include "support/exec_passes.hpp"
#include "support/rounding_net.hpp"

namespace halftone {
namespace {

using test::apply_pass;
using test::op_sequence;

struct FuseTablesNet : test::RoundingNet {
    FuseTablesNet() : RoundingNet({kSymbolic, 4, 8, 8}) {}
};

/// The outputs on inputs that meet every code, with and without the fusion: through a tap, a chain stays as it is.
void expect_same_table_codes(const Graph& graph) {
    Session fused(graph, reference_ops(), {.batch = 1});
    Session plain(graph, reference_ops(), {.batch = 1, .backend = Backend::ref});
    for (const Session* session : {&fused, &plain}) {
        const auto x = session->input(0).as<float>();
        for (std::size_t i = 0; i < x.size(); ++i) x[i] = 0.05F * (static_cast<float>(i) - 128.0F);
    }
    fused.run();
    plain.run();
    const auto a = fused.output(0);
    const auto b = plain.output(0);
    EXPECT_TRUE(std::equal(a.data, a.data + a.bytes(), b.data));
}

TEST(FuseTables, SiluWithItsOwnRoundingsIsOneTable) {
    FuseTablesNet n;
    const ValueId x = n.rounded("x", n.x, 0.05F, 128);
    const ValueId sigmoid = n.rounded("s", n.node("Sigmoid", "sig", {x}), 1.0F / 255, 0);
    const Graph graph = n.typed(n.quantize("y", n.node("Mul", "mul", {x, sigmoid}), 0.03F, 10));
    const auto fused = apply_pass("fuse_tables", graph);
    ASSERT_TRUE(fused.has_value());
    EXPECT_EQ(op_sequence(*fused), "QuantizeLinear TableLookup");
    // By hand: real numbers of code 200, each step rounded as the file says.
    const Tensor& table = fused->value(fused->nodes()[1].inputs[1]).constant;
    const float real = (200 - 128) * 0.05F;
    const float gate = std::nearbyint(1.0F / (1.0F + std::exp(-real)) * 255.0F) * (1.0F / 255);
    EXPECT_EQ(int{table.as<std::uint8_t>()[200]}, static_cast<int>(std::nearbyint(real * gate / 0.03F)) + 10);
    expect_same_table_codes(graph);
}

TEST(FuseTables, ScalarsOfAnyRankAreTakenAlong) {
    FuseTablesNet n;
    const ValueId x = n.rounded("x", n.x, 0.05F, 128);
    const ValueId half = n.constant("half", test::floats(Shape{1, 1, 1, 1}, {0.5F}));
    const Graph graph = n.typed(n.quantize("y", n.node("Tanh", "t", {n.node("Mul", "m", {half, x})}), 0.01F, 100));
    EXPECT_EQ(op_sequence(*apply_pass("fuse_tables", graph)), "QuantizeLinear TableLookup");
    expect_same_table_codes(graph);
}

TEST(FuseTables, AValueThatOthersReadStaysForThem) {
    FuseTablesNet n;
    const ValueId x = n.rounded("x", n.x, 0.05F, 128);
    const ValueId relu = n.node("Relu", "r", {x});
    n.builder().add_output(relu);
    const auto fused = apply_pass("fuse_tables", n.typed(n.quantize("y", relu, 0.03F, 0)));
    ASSERT_TRUE(fused.has_value());
    EXPECT_EQ(op_sequence(*fused), "QuantizeLinear DequantizeLinear Relu TableLookup");
}

TEST(FuseTables, ATappedGraphStaysAsItIs) {
    FuseTablesNet n;
    const ValueId relu = n.node("Relu", "r", {n.rounded("x", n.x, 0.05F, 128)});
    const Graph graph = n.typed(n.quantize("y", relu, 0.03F, 0));
    EXPECT_TRUE(apply_pass("fuse_tables", graph).has_value());
    EXPECT_FALSE(apply_pass("fuse_tables", graph, {*graph.find_value("r_out")}).has_value());
}

TEST(FuseTables, TwoTensorsOfCodesOrARowAreNoTable) {
    FuseTablesNet two;
    const ValueId a = two.rounded("a", two.x, 0.05F, 128);
    const ValueId b = two.rounded("b", two.x, 0.02F, 128);
    EXPECT_FALSE(apply_pass("fuse_tables", two.typed(two.quantize("y", two.node("Mul", "m", {a, b}), 0.03F, 0))));
    FuseTablesNet row;
    const ValueId x = row.rounded("x", row.x, 0.05F, 128);
    const ValueId weights = row.constant("w", test::random_tensor({8}, 1));
    EXPECT_FALSE(apply_pass("fuse_tables", row.typed(row.quantize("y", row.node("Mul", "m", {x, weights}), 0.03F, 0))));
    FuseTablesNet real;
    EXPECT_FALSE(apply_pass("fuse_tables", real.typed(real.quantize("y", real.node("Relu", "r", {real.x}), 0.03F, 0))));
}

}  // namespace
}  // namespace halftone
