// Passes that decide what becomes a unit: what each of them folds and leaves, and that the graph computes the same. The
// values before and after come from the reference operators, node by node.

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "graph/passes/passes.hpp"
#include "graph/unit.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "support/graph_helpers.hpp"
#include "support/interpreter.hpp"

namespace halftone::test {
namespace {

using Ints = std::vector<std::int64_t>;
using testing::ElementsAre;

Tensor row(std::int64_t n, std::uint64_t seed, float low = 0.5F, float high = 2) {
    return random_tensor({n}, seed, low, high);
}

Graph after(std::string_view pass, const Graph& before) {
    for (const Pass& row : all_passes()) {
        if (row.word == pass) return infer_types(row.value(before, reference_ops()), reference_ops());
    }
    throw std::runtime_error("no pass " + std::string(pass));
}

/// Runs a pass and checks that the graph computes the same, that its input and output keep their names, and that a
/// second run changes nothing.
Graph checked(std::string_view pass, GraphMaker& maker, ValueId y) {
    const Graph before = infer_types(maker.build({y}), reference_ops());
    Graph result = after(pass, before);
    Shape shape = before.value(before.inputs()[0]).type.shape;
    shape[0] = 2;
    const Tensor x = random_tensor(shape, 11, -3, 5);
    const Tensor expected = interpret(before, reference_ops(), {x})[0];
    const Tensor actual = interpret(result, reference_ops(), {x})[0];
    EXPECT_EQ(actual.type(), expected.type());
    const auto a = actual.as<float>();
    const auto e = expected.as<float>();
    for (std::size_t i = 0; i < std::min(a.size(), e.size()); ++i) {
        EXPECT_NEAR(a[i], e[i], 2e-5F * (1 + std::abs(e[i]))) << "element " << i;
    }
    EXPECT_EQ(result.value(result.inputs()[0]).name, before.value(before.inputs()[0]).name);
    EXPECT_EQ(result.value(result.outputs()[0]).name, before.value(before.outputs()[0]).name);
    EXPECT_EQ(hash_of(after(pass, result)), hash_of(result)) << "a second run finds more";
    return result;
}

std::string ops_after(std::string_view pass, GraphMaker& maker, ValueId y) {
    return op_sequence(checked(pass, maker, y));
}

// ---- fold_scale_shift

constexpr const char* kScale = "fold_scale_shift";

TEST(FoldScaleShift, WhatKerasLeavesBehindADepthwiseConvolution) {
    GraphMaker g;
    ValueId y = g.conv("dw", g.input("x", {kSymbolic, 3, 6, 6}), random_tensor({6, 1, 3, 3}, 1), {},
                       {{"group", std::int64_t{3}}, {"pads", Ints{1, 1, 1, 1}}});
    y = g.node("Mul", "mul", {y, g.constant("gamma", random_tensor({1, 6, 1, 1}, 2))});
    y = g.node("Add", "add", {g.constant("beta", random_tensor({6, 1, 1}, 3)), y});
    y = g.node("Sub", "sub", {y, g.constant("mean", Tensor::scalar(0.25F))});
    y = g.node("Div", "div", {y, g.constant("deviation", random_tensor({1, 6, 1, 1}, 4, 0.5F, 2))});
    const Graph graph = checked(kScale, g, y);
    EXPECT_EQ(op_sequence(graph), "Conv");
    EXPECT_EQ(graph.nodes()[0].name, "dw");
    EXPECT_EQ(graph.value(graph.nodes()[0].inputs[1]).name, "dw_w");
}

TEST(FoldScaleShift, AScaleAndAShiftBehindEveryProduct) {
    GraphMaker transposed;
    ValueId y =
        transposed.node("ConvTranspose", "up",
                        {transposed.input("x", {kSymbolic, 4, 3, 3}),
                         transposed.constant("w", random_tensor({4, 3, 2, 2}, 1)), transposed.constant("b", row(6, 2))},
                        {{"group", std::int64_t{2}}, {"strides", Ints{2, 2}}});
    y = transposed.batch_norm("bn", y, row(6, 3), row(6, 4), row(6, 5), row(6, 6), 1e-3F);
    y = transposed.node("Mul", "mul", {y, transposed.constant("m", random_tensor({6, 1, 1}, 7))});
    EXPECT_EQ(ops_after(kScale, transposed, y), "ConvTranspose");

    for (const std::int64_t is_transposed : {0, 1}) {
        GraphMaker g;
        y = g.gemm("fc", g.input("x", {kSymbolic, 5}), random_tensor(is_transposed != 0 ? Shape{4, 5} : Shape{5, 4}, 1),
                   random_tensor({1, 4}, 2), {{"transB", is_transposed}});
        y = g.node("Sub", "sub", {g.constant("one", random_tensor({1, 4}, 3)), y});
        y = g.node("Mul", "mul", {y, g.constant("half", Tensor::scalar(0.5F))});
        EXPECT_EQ(ops_after(kScale, g, y), "Gemm");
    }
}

TEST(FoldScaleShift, AMatMulKeepsOneAddAsItsBias) {
    GraphMaker g;
    ValueId y = g.mat_mul("fc", g.input("x", {kSymbolic, 3, 5}), random_tensor({5, 4}, 1), row(4, 2));
    y = g.node("Mul", "mul", {y, g.constant("m", row(4, 3))});
    y = g.node("Add", "shift", {y, g.constant("s", Tensor::scalar(0.5F))});
    const Graph graph = checked(kScale, g, y);
    EXPECT_EQ(op_sequence(graph), "MatMul Add");
    EXPECT_TRUE(find_units(graph).at(0).bias_add.is_valid());
    EXPECT_EQ(find_units(graph).at(0).name, "fc");

    GraphMaker plain;
    y = plain.mat_mul("fc", plain.input("x", {kSymbolic, 3, 5}), random_tensor({5, 4}, 1), row(4, 2));
    EXPECT_EQ(ops_after(kScale, plain, y), "MatMul Add");
}

TEST(FoldScaleShift, AttentionsScaleBehindReshapeAndTranspose) {
    GraphMaker g;
    ValueId y = g.mat_mul("q", g.input("x", {kSymbolic, 6, 8}), random_tensor({8, 8}, 1), row(8, 2));
    y = g.node("Reshape", "heads", {y, g.constant("shape", int64s({0, 0, 2, 4}))});
    y = g.node("Transpose", "t", {y}, {{"perm", Ints{0, 2, 1, 3}}});
    y = g.node("Div", "scale", {y, g.constant("root", Tensor::scalar(2.0F))});
    const Graph graph = checked(kScale, g, y);
    EXPECT_EQ(op_sequence(graph), "MatMul Add Reshape Transpose");
}

TEST(FoldScaleShift, ARowBehindAReshapeStays) {
    GraphMaker g;
    ValueId y = g.mat_mul("q", g.input("x", {kSymbolic, 2, 4}), random_tensor({4, 4}, 1));
    y = g.node("Reshape", "r", {y, g.constant("shape", int64s({0, 4, 2}))});
    y = g.node("Mul", "m", {y, g.constant("row", row(2, 2))});
    EXPECT_EQ(ops_after(kScale, g, y), "MatMul Reshape Mul");
    GraphMaker shift;
    y = shift.mat_mul("q", shift.input("x", {kSymbolic, 2, 4}), random_tensor({4, 4}, 1));
    y = shift.node("Reshape", "r", {y, shift.constant("shape", int64s({0, 4, 2}))});
    y = shift.node("Add", "a", {y, shift.constant("one", Tensor::scalar(1.0F))});
    EXPECT_EQ(ops_after(kScale, shift, y), "MatMul Reshape Add");
}

/// (x - mean) / deviation before a convolution.
std::string normalized_input(Attributes conv) {
    GraphMaker g;
    ValueId y =
        g.node("Sub", "sub", {g.input("x", {kSymbolic, 4, 5, 5}), g.constant("mean", random_tensor({4, 1, 1}, 1))});
    y = g.node("Div", "div", {y, g.constant("dev", random_tensor({1, 4, 1, 1}, 2, 0.5F, 2))});
    y = g.conv("conv", y, random_tensor({6, 2, 2, 2}, 3), {}, std::move(conv));
    return ops_after(kScale, g, y);
}

TEST(FoldScaleShift, BeforeAConvolutionAnOffsetNeedsThatNothingIsPadded) {
    EXPECT_EQ(normalized_input({{"group", std::int64_t{2}}}), "Conv");
    EXPECT_EQ(normalized_input({{"group", std::int64_t{2}}, {"pads", Ints{0, 0, 0, 0}}}), "Conv");
    EXPECT_EQ(normalized_input({{"group", std::int64_t{2}}, {"auto_pad", std::string("VALID")}}), "Conv");
    EXPECT_EQ(normalized_input({{"group", std::int64_t{2}}, {"pads", Ints{0, 0, 1, 1}}}), "Sub Conv");
    EXPECT_EQ(normalized_input({{"group", std::int64_t{2}}, {"auto_pad", std::string("SAME_UPPER")}}), "Sub Conv");
}

TEST(FoldScaleShift, AFactorPassesAPadOfZeros) {
    GraphMaker g;
    ValueId y =
        g.node("Add", "add", {g.input("x", {kSymbolic, 3, 4, 4}), g.constant("b", random_tensor({3, 1, 1}, 1))});
    y = g.node("Mul", "mul", {g.constant("m", random_tensor({3, 1, 1}, 2)), y});
    y = g.node("Pad", "pad", {y, g.constant("pads", int64s({0, 0, 1, 1, 0, 0, 1, 1}))});
    y = g.node("Mul", "again", {y, g.constant("n", Tensor::scalar(2.0F))});
    EXPECT_EQ(ops_after(kScale, g, g.conv("conv", y, random_tensor({2, 3, 3, 3}, 3))), "Add Pad Conv");
}

TEST(FoldScaleShift, BeforeAndBehindTogether) {
    GraphMaker g;
    ValueId y = g.node("Mul", "before", {g.input("x", {kSymbolic, 5}), g.constant("a", row(5, 1))});
    y = g.node("Add", "shift", {y, g.constant("b", row(5, 2))});
    y = g.gemm("fc", y, random_tensor({5, 3}, 3));
    y = g.node("Mul", "behind", {y, g.constant("c", row(3, 4))});
    EXPECT_EQ(ops_after(kScale, g, y), "Gemm");
    GraphMaker between;
    y = between.gemm("one", between.input("x", {kSymbolic, 5}), random_tensor({5, 3}, 3));
    y = between.node("Mul", "m", {y, between.constant("c", row(3, 4))});
    y = between.gemm("two", y, random_tensor({3, 3}, 5));
    EXPECT_EQ(ops_after(kScale, between, y), "Gemm Gemm");
}

TEST(FoldScaleShift, SharedWeightsAreScaledForOneReaderOnly) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 4});
    const ValueId w = g.constant("w", random_tensor({4, 4}, 1));
    ValueId y = g.node("MatMul", "one", {x, w});
    y = g.node("Mul", "m", {y, g.constant("c", row(4, 2))});
    y = g.node("MatMul", "two", {y, w});
    const Graph graph = checked(kScale, g, y);
    EXPECT_EQ(op_sequence(graph), "MatMul MatMul");
    EXPECT_NE(graph.nodes()[0].inputs[1], graph.nodes()[1].inputs[1]);
}

TEST(FoldScaleShift, WhatOthersReadOrWhatOverflowsStays) {
    GraphMaker shared;
    ValueId y = shared.gemm("fc", shared.input("x", {kSymbolic, 4}), random_tensor({4, 4}, 1));
    const ValueId scaled = shared.node("Mul", "m", {y, shared.constant("c", row(4, 2))});
    EXPECT_EQ(ops_after(kScale, shared, shared.node("Add", "sum", {y, scaled})), "Gemm Mul Add");

    GraphMaker zero;
    y = zero.gemm("fc", zero.input("x", {kSymbolic, 4}), random_tensor({4, 4}, 1));
    y = zero.node("Div", "d", {y, zero.constant("c", floats({1, 2, 1e-45F, 3}))});
    y = zero.node("Clip", "clip",
                  {y, zero.constant("lo", Tensor::scalar(-9.0F)), zero.constant("hi", Tensor::scalar(9.0F))});
    EXPECT_EQ(ops_after(kScale, zero, y), "Gemm Div Clip");

    GraphMaker wide;  // the constant gives the result another dimension
    y = wide.gemm("fc", wide.input("x", {kSymbolic, 4}), random_tensor({4, 4}, 1));
    EXPECT_EQ(ops_after(kScale, wide, wide.node("Mul", "m", {y, wide.constant("c", random_tensor({1, 1, 4}, 2))})),
              "Gemm Mul");
}

TEST(FoldScaleShift, TheEndOfAGeluOrANormalizationStaysWhole) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 3, 4, 4});
    ValueId y = g.node("Mul", "product", {x, g.node("Erf", "erf", {x})});
    y = g.node("Mul", "half", {y, g.constant("half_c", Tensor::scalar(0.5F))});
    EXPECT_EQ(ops_after(kScale, g, g.conv("conv", y, random_tensor({2, 3, 1, 1}, 1))), "Erf Mul Mul Conv");
}

// ---- clamp_forms

TEST(ClampForms, MaxAndMinOfANumberAreReluAndClip) {
    const auto number = [](GraphMaker& g, float value) { return g.constant("n", Tensor::scalar(value)); };
    GraphMaker relu;
    EXPECT_EQ(ops_after("clamp_forms", relu, relu.node("Max", "m", {number(relu, 0), relu.input("x", {kSymbolic, 4})})),
              "Relu");
    for (const bool max_first : {true, false}) {
        GraphMaker g;
        ValueId y =
            g.node(max_first ? "Max" : "Min", "a", {g.input("x", {kSymbolic, 4}), number(g, max_first ? 0.0F : 2.0F)});
        y = g.node(max_first ? "Min" : "Max", "b", {y, g.constant("m", floats({max_first ? 2.0F : 0.0F}))});
        const Graph graph = checked("clamp_forms", g, y);
        EXPECT_EQ(op_sequence(graph), "Clip");
        EXPECT_EQ(graph.nodes()[0].inputs.size(), 3U);
    }
    GraphMaker above;
    EXPECT_EQ(
        ops_after("clamp_forms", above, above.node("Min", "m", {above.input("x", {kSymbolic, 4}), number(above, 1)})),
        "Clip");
}

TEST(ClampForms, WhatIsNoClampStays) {
    GraphMaker row_limits;
    ValueId y =
        row_limits.node("Max", "m", {row_limits.input("x", {kSymbolic, 4}), row_limits.constant("r", row(4, 1))});
    EXPECT_EQ(ops_after("clamp_forms", row_limits, y), "Max");
    GraphMaker crossed;  // the upper limit lies below the lower one, so that the order counts
    y = crossed.node("Max", "a", {crossed.input("x", {kSymbolic, 4}), crossed.constant("one", Tensor::scalar(1.0F))});
    y = crossed.node("Min", "b", {y, crossed.constant("zero", Tensor::scalar(0.0F))});
    EXPECT_EQ(ops_after("clamp_forms", crossed, y), "Clip Clip");
    GraphMaker wider;
    y = wider.node("Max", "a", {wider.input("x", {kSymbolic, 4}), wider.constant("one", random_tensor({1, 1, 1}, 1))});
    EXPECT_EQ(ops_after("clamp_forms", wider, y), "Max");
}

// ---- leaky_forms

TEST(LeakyForms, KerasWritesPReluAsTwoRelus) {
    for (const bool is_sum : {true, false}) {
        for (const Shape& shape : {Shape{1, 1, 4}, Shape{4}, Shape{1}}) {
            GraphMaker g;
            const ValueId x = g.input("x", {kSymbolic, 3, 4});
            const ValueId negative = g.node("Relu", "n", {g.node("Neg", "neg", {x})});
            const ValueId scaled = g.node("Mul", "m", {g.constant("alpha", random_tensor(shape, 1)), negative});
            const ValueId positive = g.node("Relu", "p", {x});
            const ValueId y = is_sum ? g.node("Add", "y", {scaled, positive}) : g.node("Sub", "y", {positive, scaled});
            EXPECT_EQ(ops_after("leaky_forms", g, y), shape == Shape{1} ? "LeakyRelu" : "PRelu");
        }
    }
}

TEST(LeakyForms, JaxWritesLeakyReluAsMax) {
    for (const float slope : {0.2F, 1.5F, -0.1F}) {
        GraphMaker g;
        const ValueId x = g.input("x", {kSymbolic, 3, 4});
        const ValueId y = g.node("Max", "y", {g.node("Mul", "m", {x, g.constant("a", Tensor::scalar(slope))}), x});
        EXPECT_EQ(ops_after("leaky_forms", g, y), slope == 0.2F ? "LeakyRelu" : "Mul Max");
    }
}

TEST(LeakyForms, DynamoAndJaxChooseByTheSign) {
    for (const char* compare : {"Greater", "GreaterOrEqual", "Less", "LessOrEqual"}) {
        for (const Shape& shape : {Shape{1}, Shape{3, 1}}) {
            for (const float limit : {0.0F, 1.0F}) {
                GraphMaker g;
                const ValueId x = g.input("x", {kSymbolic, 3, 4});
                const ValueId test = g.node(compare, "test", {x, g.constant("limit", Tensor::scalar(limit))});
                const ValueId scaled = g.node("Mul", "m", {g.constant("a", random_tensor(shape, 1)), x});
                const bool is_above = std::string(compare).starts_with("Greater");
                const ValueId y =
                    is_above ? g.node("Where", "y", {test, x, scaled}) : g.node("Where", "y", {test, scaled, x});
                const std::string kept = std::string(compare) + " Mul Where";
                EXPECT_EQ(ops_after("leaky_forms", g, y), limit != 0          ? kept
                                                          : shape == Shape{1} ? "LeakyRelu"
                                                                              : "PRelu");
            }
        }
    }
}

TEST(LeakyForms, ReluOfAnotherValueStays) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 4});
    const ValueId negative = g.node("Relu", "n", {g.node("Neg", "neg", {g.node("Abs", "abs", {x})})});
    const ValueId scaled = g.node("Mul", "m", {g.constant("alpha", row(4, 1)), negative});
    EXPECT_EQ(ops_after("leaky_forms", g, g.node("Add", "y", {g.node("Relu", "p", {x}), scaled})),
              "Abs Neg Relu Mul Relu Add");
}

// ---- cancel_transposes

const Attributes kToNhwc{{"perm", Ints{0, 2, 3, 1}}};
const Attributes kToNchw{{"perm", Ints{0, 3, 1, 2}}};

TEST(CancelTransposes, ThatElementwiseOperatorsSeparate) {
    GraphMaker g;
    ValueId y = g.conv("conv", g.input("x", {kSymbolic, 3, 4, 5}), random_tensor({6, 3, 1, 1}, 1));
    y = g.node("Transpose", "t1", {y}, kToNhwc);
    y = g.node("Mul", "mul", {y, g.constant("gamma", row(6, 2))});
    y = g.node("Add", "add", {g.constant("beta", random_tensor({1, 5, 6}, 3)), y});
    y = g.node("Clip", "clip", {y, g.constant("lo", Tensor::scalar(0.0F)), g.constant("hi", Tensor::scalar(6.0F))});
    y = g.node("Transpose", "t2", {y}, kToNchw);
    EXPECT_EQ(ops_after("cancel_transposes", g, y), "Conv Mul Add Clip Identity");
}

TEST(CancelTransposes, OfBothOperandsOfAnAddAndOfSeveralReaders) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 3, 4, 5});
    const ValueId a = g.node("Transpose", "t1", {g.conv("c1", x, random_tensor({6, 3, 1, 1}, 1))}, kToNhwc);
    const ValueId b = g.node("Transpose", "t2", {g.conv("c2", x, random_tensor({6, 3, 1, 1}, 2))}, kToNhwc);
    const ValueId sum = g.node("Relu", "relu", {g.node("Add", "add", {a, b})});
    const ValueId left = g.conv("c3", g.node("Transpose", "t3", {sum}, kToNchw), random_tensor({2, 6, 1, 1}, 3));
    const ValueId right = g.conv("c4", g.node("Transpose", "t4", {sum}, kToNchw), random_tensor({2, 6, 1, 1}, 4));
    const std::string ops = ops_after("cancel_transposes", g, g.node("Mul", "y", {left, right}));
    EXPECT_EQ(ops.find("Transpose"), std::string::npos) << ops;
}

TEST(CancelTransposes, ThatADropoutSeparatesGoInOneRunOfAllPasses) {
    GraphMaker g;
    ValueId y = g.node("Transpose", "t1", {g.node("Relu", "r", {g.input("x", {kSymbolic, 3, 4, 5})})}, kToNhwc);
    y = g.node("Transpose", "t2", {g.node("Dropout", "drop", {y})}, kToNchw);
    const Graph graph = run_passes(g.build({g.node("Sigmoid", "s", {y})}), reference_ops());
    EXPECT_EQ(op_sequence(graph), "Relu Sigmoid");
}

TEST(CancelTransposes, ThatSomethingElseReadsStay) {
    GraphMaker g;
    ValueId y = g.node("Transpose", "t1", {g.input("x", {kSymbolic, 3, 4, 5})}, kToNhwc);
    y = g.node("Softmax", "softmax", {y}, {{"axis", std::int64_t{-1}}});
    y = g.node("Transpose", "t2", {y}, kToNchw);
    EXPECT_EQ(ops_after("cancel_transposes", g, y), "Transpose Softmax Transpose");
    GraphMaker other;  // the second is not the inverse
    y = other.node("Transpose", "t1", {other.input("x", {kSymbolic, 3, 4, 5})}, kToNhwc);
    y = other.node("Relu", "relu", {y});
    y = other.node("Transpose", "t2", {y}, kToNhwc);
    EXPECT_EQ(ops_after("cancel_transposes", other, y), "Transpose Relu Transpose");
    GraphMaker mixed;  // the other operand has no Transpose that could go
    const ValueId x = mixed.input("x", {kSymbolic, 3, 3, 3});
    y = mixed.node("Add", "add", {mixed.node("Transpose", "t1", {x}, kToNhwc), x});
    y = mixed.node("Transpose", "t2", {y}, kToNchw);
    EXPECT_EQ(ops_after("cancel_transposes", mixed, y), "Transpose Add Transpose");
}

// ---- fold_gemm_factors

TEST(FoldGemmFactors, GoIntoWeightsAndBias) {
    for (const Shape& shape : {Shape{}, Shape{1}, Shape{1, 1}, Shape{3}, Shape{1, 3}}) {
        GraphMaker g;
        const ValueId y = g.gemm("fc", g.input("x", {kSymbolic, 4}), random_tensor({4, 3}, 1), random_tensor(shape, 2),
                                 {{"alpha", 0.5F}, {"beta", -2.0F}});
        const Graph graph = checked("fold_gemm_factors", g, y);
        EXPECT_TRUE(graph.nodes()[0].attributes.empty()) << shape.to_text();
        EXPECT_EQ(graph.value(graph.nodes()[0].inputs[2]).constant.elements(), 3) << shape.to_text();
    }
}

TEST(FoldGemmFactors, OfComputedOperandsStay) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 4});
    const ValueId c = g.node("ReduceMean", "mean", {x}, {{"axes", Ints{1}}, {"keepdims", std::int64_t{1}}});
    const ValueId y =
        g.node("Gemm", "fc", {x, g.constant("w", random_tensor({4, 3}, 1)), c}, {{"alpha", 0.5F}, {"beta", 3.0F}});
    const Graph graph = checked("fold_gemm_factors", g, y);
    EXPECT_EQ(node_named(graph, "fc").attributes.count("alpha"), 0U);
    EXPECT_EQ(node_named(graph, "fc").attributes.count("beta"), 1U);
}

// ---- pad_all_axes

TEST(PadAllAxes, PadsOfUnnamedAxesAreZeros) {
    GraphMaker g;
    const ValueId y = g.node("Pad", "pad",
                             {g.input("x", {kSymbolic, 2, 4, 3}),
                              g.constant("pads", int64s({1, 2, -1, 3})),
                              {},
                              g.constant("axes", int64s({-1, 2}))});
    const Graph graph = checked("pad_all_axes", g, y);
    const Node& pad = graph.nodes()[0];
    EXPECT_EQ(pad.inputs.size(), 2U);
    const auto pads = graph.value(pad.inputs[1]).constant.as<std::int64_t>();
    EXPECT_THAT(Ints(pads.begin(), pads.end()), ElementsAre(0, 0, 2, 1, 0, 0, 3, -1));
}

// ---- unique_node_names

TEST(UniqueNodeNames, UnitsKeepTheNamesThatPlansKnow) {
    GraphMaker g;
    ValueId y = g.node("Relu", "block", {g.input("x", {kSymbolic, 4})});
    y = g.gemm("block", y, random_tensor({4, 4}, 1));
    y = g.node("Sigmoid", "", {y});
    y = g.node("MatMul", "block", {y, g.constant("w2", random_tensor({4, 4}, 2))});
    y = g.node("Tanh", "block", {y});
    y = g.node("Tanh", "block_1", {y});
    const Graph before = infer_types(g.build({y}), reference_ops());
    std::vector<std::string> units;
    for (const Unit& unit : find_units(before)) units.push_back(unit.name);
    const Graph graph = after("unique_node_names", before);
    std::vector<std::string> same;
    for (const Unit& unit : find_units(graph)) same.push_back(unit.name);
    EXPECT_EQ(same, units);
    std::vector<std::string> names;
    for (const Node& node : graph.nodes()) names.push_back(node.name);
    std::sort(names.begin(), names.end());
    EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
    EXPECT_EQ(names.front(), "") << "a node without a name stays so";
    EXPECT_EQ(hash_of(after("unique_node_names", graph)), hash_of(graph));
}

}  // namespace
}  // namespace halftone::test
