// Shapes that the model computes are constants for the session's batch.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/passes/passes.hpp"
#include "support/exec_passes.hpp"
#include "support/graph_helpers.hpp"

namespace halftone {
namespace {

using test::apply_pass;

TEST(BindShapes, AComputedShapeBecomesThatOfTheBatch) {
    test::GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 4, 6});
    const ValueId shape = g.node("Shape", "shape", {x});
    const ValueId tail = g.constant("tail", test::int64s({24}));
    const ValueId batch = g.node("Gather", "batch", {shape, g.constant("zero", test::int64s({0}))});
    const ValueId wanted = g.node("Concat", "wanted", {batch, tail}, {{"axis", std::int64_t{0}}});
    const Graph graph = infer_types(g.build({g.node("Reshape", "r", {x, wanted})}), reference_ops());
    for (const std::int64_t size : {1, 7}) {
        const auto bound = apply_pass("bind_shapes", graph, {}, size);
        ASSERT_TRUE(bound.has_value());
        EXPECT_EQ(test::op_sequence(*bound), "Reshape");
        EXPECT_EQ(test::value_named(*bound, "r_out").type.shape, (Shape{size, 24}));
    }
}

TEST(BindShapes, AGraphWithoutShapeArithmeticStaysAsItIs) {
    test::GraphMaker g;
    const Graph graph = infer_types(g.build({g.node("Relu", "r", {g.input("x", {kSymbolic, 4})})}), reference_ops());
    EXPECT_FALSE(apply_pass("bind_shapes", graph, {}, 3).has_value());
}

}  // namespace
}  // namespace halftone
