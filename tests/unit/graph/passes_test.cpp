#include "graph/passes/passes.hpp"

#include <gmock/gmock.h>

#include "base/error.hpp"
#include "support/graph_helpers.hpp"
#include "support/toy_ops.hpp"

namespace halftone::test {

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

Graph apply(std::string_view pass_name, const Graph& graph) {
    for (const Pass& pass : all_passes()) {
        if (pass.word == pass_name) return pass.value(graph, ToyOps());
    }
    throw std::runtime_error("no pass of that name");
}

TEST(InferTypes, GivesEveryValueItsTypeWithASymbolicBatch) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 3, 8, 8});
    const ValueId c = g.conv("conv", x, random_tensor({4, 3, 3, 3}, 1));
    const Graph graph = infer_types(g.build({g.node("Flatten", "flat", {c})}), ToyOps());
    EXPECT_EQ(value_named(graph, "conv_out").type.shape, (Shape{kSymbolic, 4, 6, 6}));
    EXPECT_EQ(value_named(graph, "flat_out").type.shape, (Shape{kSymbolic, 144}));
    EXPECT_TRUE(value_named(graph, "flat_out").has_type);
}

TEST(InferTypes, NamesAnOperatorThatTheLibraryDoesNotKnow) {
    GraphMaker g;
    const Graph graph = g.build({g.node("Erf", "gelu", {g.input("x", {1})})});
    EXPECT_THAT([&] { (void)infer_types(graph, ToyOps()); }, ThrowsMessage<ModelError>(HasSubstr("Erf node 'gelu'")));
}

TEST(InferTypes, RefusesShapesThatCannotBeReal) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, std::int64_t{1} << 30, std::int64_t{1} << 30});
    const Graph graph = g.build({g.node("Relu", "r", {x})});
    EXPECT_THAT([&] { (void)infer_types(graph, ToyOps()); }, ThrowsMessage<ModelError>(HasSubstr("2^40")));
}

TEST(InferTypes, RefusesANodeWithMoreOutputsThanItsOperatorHas) {
    GraphMaker g;
    const ValueId x = g.input("x", {1});
    const ValueId extra = g.builder().add_value("extra");
    const ValueId y = g.builder().add_value("y");
    g.builder().add_node({.name = "r", .op = "Relu", .inputs = {x}, .outputs = {y, extra}, .attributes = {}});
    const Graph graph = g.build({y});
    EXPECT_THAT([&] { (void)infer_types(graph, ToyOps()); },
                ThrowsMessage<ModelError>(HasSubstr("Relu node 'r' has 2")));
}

TEST(BindBatch, ReplacesTheSymbolicDimensionEverywhere) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 3, 8, 8});
    const Graph graph = g.build({g.conv("conv", x, random_tensor({4, 3, 3, 3}, 1))});
    const std::vector<TensorType> types = bind_batch(graph, ToyOps(), 16);
    EXPECT_EQ(types[graph.inputs()[0].index()].shape, (Shape{16, 3, 8, 8}));
    EXPECT_EQ(types[graph.outputs()[0].index()].shape, (Shape{16, 4, 6, 6}));
    EXPECT_EQ(graph.value(graph.inputs()[0]).type.shape[0], kSymbolic);
}

TEST(RemoveIdentity, BypassesAnIdentityInTheMiddle) {
    GraphMaker g;
    const ValueId a = g.node("Relu", "a", {g.input("x", {1})});
    const Graph graph = apply("remove_identity", g.build({g.node("Relu", "b", {g.node("Identity", "i", {a})})}));
    EXPECT_EQ(op_sequence(graph), "Relu Relu");
}

TEST(RemoveIdentity, ReadsAnAliasedInitialiserDirectly) {
    GraphMaker g;
    const ValueId x = g.input("x", {1});
    const ValueId alias = g.node("Identity", "i", {g.constant("w", floats({2.0F}))});
    const Graph graph = apply("remove_identity", g.build({g.node("Mul", "m", {x, alias})}));
    EXPECT_EQ(graph.value(node_named(graph, "m").inputs[1]).name, "w");
}

TEST(RemoveIdentity, KeepsTheNameOfAGraphOutput) {
    GraphMaker g;
    const ValueId a = g.node("Relu", "a", {g.input("x", {1})});
    const ValueId side = g.node("Relu", "side", {a});
    const Graph graph = apply("remove_identity", g.build({g.node("Identity", "i", {a}, {}, "logits"), side}));
    EXPECT_EQ(op_sequence(graph), "Relu Relu");
    EXPECT_EQ(graph.value(graph.outputs()[0]).name, "logits");
    EXPECT_EQ(graph.value(node_named(graph, "side").inputs[0]).name, "logits");
}

TEST(RemoveIdentity, StaysWhereInputAndOutputBothBelongToTheGraph) {
    GraphMaker g;
    const ValueId x = g.input("x", {1});
    const ValueId first = g.node("Identity", "first", {x}, {}, "y");
    const Graph graph = apply("remove_identity", g.build({first, g.node("Identity", "second", {first}, {}, "z")}));
    EXPECT_EQ(op_sequence(graph), "Identity Identity");
    EXPECT_EQ(graph.value(graph.inputs()[0]).name, "x");
    EXPECT_EQ(graph.value(graph.outputs()[1]).name, "z");
}

TEST(RemoveIdentity, ServesTwoOutputsFromOneValue) {
    GraphMaker g;
    const ValueId a = g.node("Relu", "a", {g.input("x", {1})});
    const ValueId y = g.node("Identity", "i", {a}, {}, "y");
    const Graph graph = apply("remove_identity", g.build({y, g.node("Identity", "j", {a}, {}, "z")}));
    EXPECT_EQ(op_sequence(graph), "Relu Identity");
    EXPECT_EQ(graph.value(graph.outputs()[0]).name, "y");
    EXPECT_EQ(graph.value(graph.outputs()[1]).name, "z");
}

TEST(RemoveIdentity, RemovesADropoutWithAnUnusedMask) {
    GraphMaker g;
    const ValueId a = g.node("Relu", "a", {g.input("x", {1})});
    const ValueId mask = g.builder().add_value("mask");
    const ValueId dropped = g.builder().add_value("dropped");
    g.builder().add_node({.name = "d", .op = "Dropout", .inputs = {a}, .outputs = {dropped, mask}, .attributes = {}});
    const Graph graph = apply("remove_identity", g.build({g.node("Relu", "b", {dropped})}));
    EXPECT_EQ(op_sequence(graph), "Relu Relu");
}

TEST(RemoveIdentity, RemovesAPadThatPadsNothing) {
    for (const std::int64_t last : {0, 1}) {
        GraphMaker g;
        const ValueId a = g.node("Relu", "a", {g.input("x", {1, 2, 3, 3})});
        Tensor pads(TensorType{DType::s64, Shape{8}});
        std::fill_n(pads.mutable_view().data, pads.bytes(), std::byte{0});
        pads.mutable_view().as<std::int64_t>()[7] = last;
        const ValueId padded = g.node("Pad", "pad", {a, g.constant("pads", pads)});
        const Graph graph = apply("remove_identity", g.build({g.node("Relu", "b", {padded})}));
        EXPECT_EQ(op_sequence(graph), last == 0 ? "Relu Relu" : "Relu Pad Relu");
    }
}

TEST(RemoveIdentity, RemovesACastToTheTypeThatIsThere) {
    GraphMaker g;
    const ValueId x = g.input("x", {4});
    const ValueId cast = g.builder().add_value("c", TensorType{DType::f32, {4}});
    g.builder().add_node(
        {.name = "cast", .op = "Cast", .inputs = {x}, .outputs = {cast}, .attributes = {{"to", std::int64_t{1}}}});
    EXPECT_EQ(op_sequence(apply("remove_identity", g.build({g.node("Relu", "r", {cast})}))), "Relu");
}

TEST(RemoveIdentity, RefusesADropoutInTrainingMode) {
    GraphMaker g;
    Tensor on(TensorType{DType::boolean, Shape{}});
    on.mutable_view().as<std::uint8_t>()[0] = 1;
    const ValueId x = g.input("x", {1});
    const ValueId ratio = g.constant("ratio", Tensor::scalar(0.5F));
    const Graph graph = g.build({g.node("Dropout", "d", {x, ratio, g.constant("mode", on)})});
    EXPECT_THAT([&] { (void)apply("remove_identity", graph); }, ThrowsMessage<ModelError>(HasSubstr("training_mode")));
}

TEST(FoldConstants, EvaluatesNodesOverConstantsOnce) {
    GraphMaker g;
    const ValueId x = g.input("x", {2});
    const ValueId sum = g.node("Add", "add", {g.constant("a", floats({1, 2})), g.constant("b", floats({10, 20}))});
    const ValueId scaled = g.node("Mul", "mul", {sum, sum});
    const Graph graph = apply("fold_constants", g.build({g.node("Mul", "m", {x, scaled})}));
    EXPECT_EQ(op_sequence(graph), "Mul");
    EXPECT_THAT(floats_of(graph, "mul_out"), ElementsAre(121.0F, 484.0F));
    EXPECT_FALSE(graph.find_value("a"));
}

TEST(FoldConstants, LeavesDequantizeLinearOfAConstant) {
    GraphMaker g;
    const ValueId x = g.input("x", {2});
    const ValueId codes = g.constant("codes", Tensor::of<std::int8_t>({2}, std::vector<std::int8_t>{1, 2}));
    const ValueId weight = g.node("DequantizeLinear", "dq", {codes, g.constant("scale", Tensor::scalar(0.5F))});
    const Graph graph = apply("fold_constants", g.build({g.node("Mul", "m", {x, weight})}));
    EXPECT_EQ(op_sequence(graph), "DequantizeLinear Mul");
}

TEST(FoldConstants, LeavesTheProducerOfAGraphOutput) {
    GraphMaker g;
    g.input("x", {2});
    const Graph graph = apply("fold_constants", g.build({g.node("Relu", "r", {g.constant("a", floats({1, -1}))})}));
    EXPECT_EQ(op_sequence(graph), "Relu");
}

TEST(RemoveIdentity, WhatReadsAConstantThatIsAnOutputReadsTheConstant) {
    GraphMaker g;
    const ValueId x = g.input("x", {2});
    const ValueId shown = g.node("Identity", "same", {g.constant("a", floats({3, -1}))});
    const Graph graph = apply("remove_identity", g.build({shown, g.node("Mul", "m", {x, shown})}));
    EXPECT_EQ(op_sequence(graph), "Identity Mul");
    EXPECT_EQ(graph.value(graph.nodes()[1].inputs[1]).name, "a");
}

/// The model may show a constant that it computes, such as the shape of a Reshape, and read it as well.
TEST(FoldConstants, WhatReadsAGraphOutputReadsItsValue) {
    GraphMaker g;
    const ValueId x = g.input("x", {2});
    const ValueId shown = g.node("Relu", "r", {g.constant("a", floats({3, -1}))});
    const ValueId twice = g.node("Add", "twice", {shown, shown});
    const Graph graph = apply("fold_constants", g.build({shown, g.node("Mul", "m", {x, twice})}));
    EXPECT_EQ(op_sequence(graph), "Relu Mul");
    EXPECT_THAT(floats_of(graph, "twice_out"), ElementsAre(6.0F, 0.0F));
    EXPECT_FALSE(value_named(graph, "r_out").is_constant());
}

struct NormCase {
    Tensor conv_bias;
    bool is_shared = false;
};

// Two channels, 1x1; scale {1, 2}, variance {4, 0.25}, epsilon 0: factors 0.5 and 4, exact in binary.
Graph conv_and_norm(const NormCase& norm_case) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 1, 4, 4});
    const ValueId c = g.conv("conv", x, floats({2, 1, 1, 1}, {2, -3}), norm_case.conv_bias);
    const ValueId y =
        g.batch_norm("bn", c, floats({1, 2}), floats({0.5F, 7}), floats({3, -1}), floats({4, 0.25F}), 0.0F);
    if (norm_case.is_shared) return g.build({y, g.node("Relu", "r", {c})});
    return g.build({y});
}

TEST(FoldBatchNorm, ScalesTheWeightsAndGivesTheConvABias) {
    const Graph graph = apply("fold_batch_norm", conv_and_norm({}));
    EXPECT_EQ(op_sequence(graph), "Conv");
    EXPECT_THAT(floats_of(graph, "conv_w"), ElementsAre(1.0F, -12.0F));
    EXPECT_THAT(floats_of(graph, "conv_w_bias"), ElementsAre(-1.0F, 11.0F));
    EXPECT_EQ(graph.nodes()[0].name, "conv");
    EXPECT_EQ(graph.value(graph.nodes()[0].outputs[0]).name, "bn_out");
}

TEST(FoldBatchNorm, ScalesABiasThatIsThere) {
    const Graph graph = apply("fold_batch_norm", conv_and_norm({.conv_bias = floats({10, 20})}));
    EXPECT_THAT(floats_of(graph, "conv_b"), ElementsAre(4.0F, 91.0F));
}

TEST(FoldBatchNorm, RoundsOnceFromDouble) {
    // NumPy 2.2 in float64, rounded to float32 at the end; float32 all the way gives 0.51650244 and -0.095144287.
    GraphMaker g;
    const ValueId c = g.conv("conv", g.input("x", {kSymbolic, 1, 4, 4}), floats({1, 1, 1, 1}, {0.7F}));
    const Graph graph =
        apply("fold_batch_norm",
              g.build({g.batch_norm("bn", c, floats({0.7F}), floats({0.2F}), floats({0.4F}), floats({0.9F}), 1e-5F)}));
    EXPECT_EQ(floats_of(graph, "conv_w")[0], 0.5165024995803833F);
    EXPECT_EQ(floats_of(graph, "conv_w_bias")[0], -0.09514427185058594F);
}

TEST(FoldBatchNorm, LeavesASharedConvOutputAlone) {
    const Graph graph = apply("fold_batch_norm", conv_and_norm({.conv_bias = {}, .is_shared = true}));
    EXPECT_EQ(op_sequence(graph), "Conv BatchNormalization Relu");
}

TEST(FoldBatchNorm, LeavesANormalizationAfterAResidualAdd) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 1, 4, 4});
    const ValueId sum = g.node("Add", "add", {g.conv("conv", x, floats({1, 1, 1, 1}, {1})), x});
    const Graph graph =
        apply("fold_batch_norm",
              g.build({g.batch_norm("bn", sum, floats({1}), floats({0}), floats({0}), floats({1}), 0.0F)}));
    EXPECT_EQ(op_sequence(graph), "Conv Add BatchNormalization");
}

TEST(FoldBatchNorm, LeavesParametersThatWouldGiveInfiniteWeights) {
    GraphMaker g;
    const ValueId c = g.conv("conv", g.input("x", {kSymbolic, 1, 4, 4}), floats({1, 1, 1, 1}, {1}));
    const Graph graph = apply(
        "fold_batch_norm", g.build({g.batch_norm("bn", c, floats({1}), floats({0}), floats({0}), floats({0}), 0.0F)}));
    EXPECT_EQ(op_sequence(graph), "Conv BatchNormalization");
}

TEST(FoldBatchNorm, DoesNotChangeAnotherReaderOfSharedWeights) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 1, 4, 4});
    const ValueId w = g.constant("w", floats({1, 1, 1, 1}, {3}));
    const ValueId plain = g.node("Conv", "plain", {x, w});
    const ValueId y =
        g.batch_norm("bn", g.node("Conv", "normed", {x, w}), floats({2}), floats({0}), floats({0}), floats({1}), 0.0F);
    const Graph graph = apply("fold_batch_norm", g.build({plain, y}));
    EXPECT_THAT(floats_of(graph, "w"), ElementsAre(3.0F));
    EXPECT_THAT(floats_of(graph, "w_1"), ElementsAre(6.0F));
}

TEST(RunPasses, FoldsANormalizationWhoseParametersAreAliased) {
    GraphMaker g;
    const ValueId c = g.conv("conv", g.input("x", {kSymbolic, 1, 4, 4}), floats({1, 1, 1, 1}, {1}));
    const ValueId scale = g.node("Identity", "alias", {g.constant("scale", floats({2}))});
    const ValueId y =
        g.node("BatchNormalization", "bn",
               {c, scale, g.constant("b", floats({0})), g.constant("m", floats({0})), g.constant("v", floats({1}))},
               {{"epsilon", 0.0F}});
    const Graph graph = run_passes(g.build({y}), ToyOps());
    EXPECT_EQ(op_sequence(graph), "Conv");
    EXPECT_THAT(floats_of(graph, "conv_w"), ElementsAre(2.0F));
    for (const Value& value : graph.values()) EXPECT_TRUE(value.has_type) << value.name;
}

}  // namespace
}  // namespace halftone::test
