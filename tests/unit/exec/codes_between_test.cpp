// Sums, products and transpositions between codes and codes: which run as one step, and that the codes are those of the
// nodes one by one.
#include <gmock/gmock.h>

#include "exec/session.hpp"
#include "support/rounding_net.hpp"

namespace halftone {
namespace {

struct CodesBetweenNet : test::RoundingNet {
    CodesBetweenNet() : RoundingNet({kSymbolic, 3, 16}) {}
};

std::vector<std::string> steps_of(const Session& session) {
    std::vector<std::string> ops;
    for (const StepInfo& step : session.steps()) {
        if (step.op != "Reorder") ops.push_back(step.op);
    }
    return ops;
}

std::vector<std::uint8_t> run(Session& session) {
    const auto x = session.input(0).as<float>();
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = 0.17F * (static_cast<float>(i) - 40.0F);
    session.run();
    const TensorView y = session.output(0);
    std::vector<std::uint8_t> bytes;
    for (std::size_t i = 0; i < y.bytes(); ++i) bytes.push_back(static_cast<std::uint8_t>(y.data[i]));
    return bytes;
}

/// A tap on every value keeps the nodes apart.
std::vector<std::uint8_t> run_node_by_node(const Graph& graph) {
    CompileOptions options{.batch = 2, .backend = Backend::ref};
    for (const Node& node : graph.nodes()) options.taps.push_back(node.outputs[0]);
    Session session(graph, reference_ops(), options);
    return run(session);
}

std::vector<std::string> expect_same_codes(const Graph& graph) {
    const std::vector<std::uint8_t> expected = run_node_by_node(graph);
    for (const Backend backend : {Backend::ref, Backend::dnnl}) {
        Session session(graph, reference_ops(), {.batch = 2, .backend = backend});
        EXPECT_THAT(run(session), testing::ElementsAreArray(expected));
    }
    return steps_of(Session(graph, reference_ops(), {.batch = 2, .backend = Backend::ref}));
}

TEST(CodesBetween, ASumWithAConstantRowIsOneStep) {
    for (const std::string op : {"Add", "Mul", "Sub"}) {
        CodesBetweenNet n;
        const ValueId row = n.constant("row", test::random_tensor({16}, 3));
        const ValueId y = n.node(op, "sum", {n.rounded("x", n.x, 0.05F, 128), row});
        EXPECT_THAT(expect_same_codes(n.typed(n.quantize("y", y, 0.07F, 100))),
                    testing::ElementsAre("QuantizeLinear", op));
    }
}

TEST(CodesBetween, AProductOfCodesAndRealsTakesItsReluAndQuantizeAlong) {
    CodesBetweenNet n;
    const ValueId tanh = n.node("Tanh", "tanh", {n.x});
    const ValueId y = n.node("Relu", "relu", {n.node("Mul", "m", {tanh, n.rounded("x", n.x, 0.05F, 128)})});
    EXPECT_THAT(expect_same_codes(n.typed(n.quantize("y", y, 0.03F, 7))),
                testing::UnorderedElementsAre("Tanh", "QuantizeLinear", "Mul"));
}

TEST(CodesBetween, ARealSumIsQuantizedAtOnce) {
    CodesBetweenNet n;
    const ValueId y = n.node("Add", "a", {n.node("Tanh", "t", {n.x}), n.node("Sigmoid", "s", {n.x})});
    EXPECT_THAT(expect_same_codes(n.typed(n.quantize("y", y, 0.02F, 90))),
                testing::UnorderedElementsAre("Tanh", "Sigmoid", "Add"));
}

TEST(CodesBetween, ATranspositionMovesCodesOfOneKind) {
    const Attributes perm{{"perm", std::vector<std::int64_t>{0, 2, 1}}};
    CodesBetweenNet same;
    const ValueId moved = same.node("Transpose", "t", {same.rounded("x", same.x, 0.05F, 128)}, perm);
    EXPECT_THAT(expect_same_codes(same.typed(same.quantize("y", moved, 0.05F, 128))),
                testing::ElementsAre("QuantizeLinear", "Transpose"));
    CodesBetweenNet other;
    const ValueId real = other.node("Transpose", "t", {other.rounded("x", other.x, 0.05F, 128)}, perm);
    EXPECT_THAT(expect_same_codes(other.typed(other.quantize("y", real, 0.06F, 128))),
                testing::ElementsAre("QuantizeLinear", "DequantizeLinear", "Transpose", "QuantizeLinear"));
}

TEST(CodesBetween, AConcatOfDifferentCodesMovesThemOnceTheyAreAligned) {
    CodesBetweenNet n;
    const ValueId tanh = n.rounded("t", n.node("Tanh", "tanh", {n.x}), 0.01F, 120);
    const ValueId joined =
        n.node("Concat", "cat", {n.rounded("x", n.x, 0.05F, 128), tanh}, {{"axis", std::int64_t{1}}});
    EXPECT_THAT(expect_same_codes(n.typed(n.quantize("y", joined, 0.05F, 128))),
                testing::UnorderedElementsAre("Tanh", "QuantizeLinear", "QuantizeLinear", "TableLookup", "Concat"));
}

}  // namespace
}  // namespace halftone
