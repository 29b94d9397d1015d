// Shapes computed by the graph itself, as exporters write them: followed while types are inferred, folded where they do
// not depend on the batch, and right at any batch when a session runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "exec/session.hpp"
#include "graph/passes/passes.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "support/graph_helpers.hpp"

namespace halftone {
namespace {

using test::GraphMaker;
using test::int64s;
using test::op_sequence;
using test::random_tensor;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

class ShapeArithmeticNet : public GraphMaker {
public:
    ValueId x = input("x", {kSymbolic, 4, 6});

    ValueId numbers(std::vector<std::int64_t> values) {
        return constant("n" + std::to_string(next_++), int64s(values));
    }
    /// Dimension `place` of a value, as a vector of one element.
    ValueId dimension(ValueId of, std::int64_t place) {
        const std::string name = "d" + std::to_string(next_++);
        return node("Gather", name, {node("Shape", name + "_shape", {of}), numbers({place})});
    }
    ValueId joined(std::vector<ValueId> parts) {
        return node("Concat", "joined" + std::to_string(next_++), std::move(parts), {{"axis", std::int64_t{0}}});
    }
    Graph typed(ValueId y) { return infer_types(build({y}), reference_ops()); }

private:
    int next_ = 0;
};

std::string type_of(const Graph& graph, const std::string& name) {
    return graph.value(*graph.find_value(name)).type.shape.to_text();
}

std::vector<float> run_arithmetic(const Graph& graph, const Tensor& x) {
    Session session(graph, reference_ops(), {.batch = x.shape()[0]});
    std::copy_n(x.view().data, x.bytes(), session.input(0).data);
    session.run();
    const auto y = session.output(0).as<float>();
    return {y.begin(), y.end()};
}

TEST(ShapeArithmetic, TheBatchIsFollowedThroughGatherAndConcat) {
    ShapeArithmeticNet n;
    const ValueId wanted = n.joined({n.dimension(n.x, 0), n.numbers({2, 12})});
    EXPECT_EQ(type_of(n.typed(n.node("Reshape", "r", {n.x, wanted})), "r_out"), "[N,2,12]");
}

TEST(ShapeArithmetic, NumbersOfAKnownDimensionAreComputed) {
    ShapeArithmeticNet n;
    const ValueId half = n.node("Div", "half", {n.dimension(n.x, 2), n.numbers({2})});
    const ValueId y = n.node("Slice", "s", {n.x, n.numbers({0}), half, n.numbers({2})});
    EXPECT_EQ(type_of(n.typed(y), "s_out"), "[N,4,3]");
}

TEST(ShapeArithmetic, ATokenIsExpandedToTheBatch) {
    ShapeArithmeticNet n;
    const ValueId token = n.constant("token", random_tensor({1, 1, 6}, 5));
    const ValueId wanted = n.joined({n.dimension(n.x, 0), n.numbers({1, 6})});
    const ValueId y = n.node("Concat", "y", {n.node("Expand", "e", {token, wanted}), n.x}, {{"axis", std::int64_t{1}}});
    const Graph graph = run_passes(n.typed(y), reference_ops());
    EXPECT_EQ(type_of(graph, "y_out"), "[N,5,6]");
    for (const std::int64_t batch : {1, 3}) {
        const Tensor x = random_tensor({batch, 4, 6}, 9);
        const std::vector<float> have = run_arithmetic(graph, x);
        const auto expected_token = random_tensor({1, 1, 6}, 5);
        for (std::size_t b = 0; b < static_cast<std::size_t>(batch); ++b) {
            const auto first = have.begin() + static_cast<std::ptrdiff_t>(b * 30);
            EXPECT_THAT(std::vector<float>(first, first + 6), ElementsAreArray(expected_token.as<float>()));
            EXPECT_THAT(std::vector<float>(first + 6, first + 30), ElementsAreArray(x.as<float>().subspan(b * 24, 24)));
        }
    }
}

TEST(ShapeArithmetic, AReshapeToTheBatchLosesItsArithmetic) {
    ShapeArithmeticNet n;
    const ValueId wanted = n.joined({n.dimension(n.x, 0), n.dimension(n.x, 1), n.numbers({3, 2})});
    const Graph graph = run_passes(n.typed(n.node("Reshape", "r", {n.x, wanted})), reference_ops());
    EXPECT_EQ(op_sequence(graph), "Reshape");
    for (const std::int64_t batch : {1, 2, 5}) {
        const Tensor x = random_tensor({batch, 4, 6}, 3);
        EXPECT_THAT(run_arithmetic(graph, x), ElementsAreArray(x.as<float>()));
    }
}

TEST(ShapeArithmetic, ADimensionThatMixesTheBatchIsRefusedWithTheNode) {
    ShapeArithmeticNet n;
    const ValueId twice = n.node("Mul", "twice", {n.dimension(n.x, 0), n.numbers({2})});
    const ValueId wanted = n.joined({twice, n.numbers({12})});
    try {
        (void)n.typed(n.node("Reshape", "r", {n.x, wanted}));
        FAIL() << "a dimension of twice the batch has no type";
    } catch (const ModelError& error) {
        EXPECT_THAT(error.what(), HasSubstr("Reshape node 'r': the input 'shape' depends on the batch"));
    }
}

TEST(ShapeArithmetic, TapsAndConstantOutputsSurviveTheFolding) {
    ShapeArithmeticNet n;
    const ValueId r = n.node("Relu", "r", {n.x});
    const ValueId shape = n.node("Shape", "shape", {r});
    n.builder().add_output(r);
    const Graph graph = infer_types(n.build({shape}), reference_ops());
    Session session(graph, reference_ops(), {.batch = 2, .taps = {*graph.find_value("r_out")}});
    session.run();
    EXPECT_THAT(session.output(1).as<std::int64_t>(), ElementsAreArray({2, 4, 6}));
    EXPECT_EQ(session.tap(0).type.shape, (Shape{2, 4, 6}));
}

// PyTorch's interpolate(x, y.shape[2:]): the sizes are joined from two shapes, and the batch is one of them.
TEST(ShapeArithmetic, AResizeToAnotherValuesSizeKeepsTheBatch) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 2, 3, 3});
    const ValueId batch = g.node(
        "Slice", "s", {g.node("Shape", "shape", {x}), g.constant("from", int64s({0})), g.constant("to", int64s({2}))});
    const ValueId sizes =
        g.node("Concat", "sizes", {batch, g.constant("size", int64s({6, 5}))}, {{"axis", std::int64_t{0}}});
    const ValueId y = g.node("Resize", "r", {x, ValueId{}, ValueId{}, sizes},
                             {{"mode", std::string("nearest")},
                              {"coordinate_transformation_mode", std::string("asymmetric")},
                              {"nearest_mode", std::string("floor")}});
    const Graph graph = infer_types(g.build({y}), reference_ops());
    EXPECT_EQ(type_of(graph, "r_out"), "[N,2,6,5]");
    const Tensor image = random_tensor({2, 2, 3, 3}, 4);
    const std::vector<float> have = run_arithmetic(graph, image);
    ASSERT_EQ(have.size(), 2U * 2 * 6 * 5);
    for (std::size_t i = 0; i < have.size(); ++i) {
        const std::size_t row = i / 5 % 6 / 2;
        const std::size_t column = i % 5 * 3 / 5;
        EXPECT_EQ(have[i], image.as<float>()[i / 30 * 9 + row * 3 + column]) << i;
    }
}

/// An operator that takes a constant only finds it also where the model has the computed constant as an output.
TEST(ShapeArithmetic, AShapeMayBeAnOutputAsWell) {
    ShapeArithmeticNet n;
    const ValueId shape = n.joined({n.numbers({-1}), n.numbers({24})});
    const Graph graph = run_passes(n.build({n.node("Reshape", "r", {n.x, shape}), shape}), reference_ops());
    const Tensor x = random_tensor({2, 4, 6}, 1);
    EXPECT_THAT(run_arithmetic(graph, x), ElementsAreArray(x.as<float>()));
}

}  // namespace
}  // namespace halftone
