// Which nodes run as one step. Steps are written "op[tags](inputs) -> output"; tags: int8 (reads codes), residual,
// clamp, codes (the output is quantized).
#include "exec/lowering.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/quant_plans.hpp"

namespace halftone {
namespace {

using test::GraphMaker;
using test::kFp32;
using test::kInt8;
using test::QuantCase;
using test::random_tensor;
using ::testing::ElementsAre;

std::vector<std::string> steps_of(const Graph& graph, const std::vector<std::string>& taps = {}) {
    LoweringOptions options;
    for (const std::string& tap : taps) options.taps.push_back(*graph.find_value(tap));
    const Lowering lowering = lower(graph, bind_batch(graph, reference_ops(), 2), options);
    std::vector<std::string> lines;
    for (const LoweredStep& step : lowering.steps) {
        std::string tags;
        const auto add = [&](bool is_on, const char* tag) {
            tags += is_on ? (tags.empty() ? "" : " ") + std::string(tag) : "";
        };
        add(step.request.is_quantized(), "int8");
        add(step.request.epilogue.has_residual, "residual");
        add(!step.request.epilogue.clamp.is_identity(), "clamp");
        add(step.request.outputs[0].params.has_value(), "codes");
        std::string line = step.request.node->op + "[" + tags + "](";
        for (const ValueId input : step.inputs) line += (line.back() == '(' ? "" : ", ") + graph.value(input).name;
        lines.push_back(line + ") -> " + graph.value(step.outputs[0]).name);
    }
    return lines;
}

/// 4 channels of 6x6; convolutions are 1x1 with bias.
class LoweringNet : public GraphMaker {
public:
    ValueId x = input("x", {kSymbolic, 4, 6, 6});

    ValueId conv1x1(const std::string& name, ValueId from) {
        return conv(name, from, random_tensor({4, 4, 1, 1}, ++seed_), random_tensor({4}, 50));
    }
    ValueId relu(const std::string& name, ValueId from) { return node("Relu", name, {from}); }
    ValueId clip(const std::string& name, ValueId from, float low, float high) {
        return node(
            "Clip", name,
            {from, constant(name + "_low", Tensor::scalar(low)), constant(name + "_high", Tensor::scalar(high))});
    }
    ValueId max_pool(const std::string& name, ValueId from) {
        return node("MaxPool", name, {from}, {{"kernel_shape", std::vector<std::int64_t>{2, 2}}});
    }
    ValueId add(const std::string& name, ValueId a, ValueId b) { return node("Add", name, {a, b}); }
    Graph typed(const std::vector<ValueId>& outputs) { return infer_types(build(outputs), reference_ops()); }

private:
    std::uint64_t seed_ = 0;
};

TEST(Lowering, Fp32ConvTakesItsReluAlong) {
    LoweringNet n;
    EXPECT_THAT(steps_of(n.typed({n.relu("r", n.conv1x1("c", n.x))})), ElementsAre("Conv[clamp](x) -> r_out"));
}

TEST(Lowering, ABatchNormalizationTakesAReluAlongButNoClip) {
    LoweringNet g;
    const auto normalized = [&](const std::string& name) {
        std::vector<ValueId> inputs{g.x};
        for (const char* part : {"scale", "shift", "mean", "variance"}) {
            inputs.push_back(g.constant(name + part, random_tensor({4}, 7, 0.5F, 1.0F)));
        }
        return g.node("BatchNormalization", name, inputs);
    };
    const ValueId relu = g.relu("relu", normalized("a"));
    const ValueId clip = g.clip("clip", normalized("b"), 0, 6);
    EXPECT_THAT(steps_of(g.typed({relu, clip})),
                ElementsAre("BatchNormalization[clamp](x) -> relu_out", "BatchNormalization[](x) -> b_out",
                            "Clip[](b_out) -> clip_out"));
}

TEST(Lowering, Fp32ConvTakesResidualAndActivationAlong) {
    LoweringNet n;
    const ValueId a = n.relu("r1", n.conv1x1("c1", n.x));
    const ValueId y = n.clip("r2", n.add("add", n.conv1x1("c2", a), a), -1.0F, 1.0F);
    EXPECT_THAT(steps_of(n.typed({y})),
                ElementsAre("Conv[clamp](x) -> r1_out", "Conv[residual clamp](r1_out, r1_out) -> r2_out"));
}

TEST(Lowering, AConvTransposeTakesItsActivationAlong) {
    const auto steps_behind = [](const std::vector<std::string>& ops) {
        LoweringNet net;
        ValueId last = net.node("ConvTranspose", "up", {net.x, net.constant("w", random_tensor({4, 3, 2, 2}, 1))});
        for (const std::string& op : ops) last = net.node(op, "y_" + op, {last});
        return steps_of(net.typed({last}));
    };
    EXPECT_THAT(steps_behind({}), ElementsAre("ConvTranspose[](x) -> up_out"));
    EXPECT_THAT(steps_behind({"Relu"}), ElementsAre("ConvTranspose[clamp](x) -> y_Relu_out"));
    EXPECT_THAT(steps_behind({"Sigmoid", "Relu"}), ElementsAre("ConvTranspose[clamp](x) -> y_Relu_out"));
    // A function that its kernel does not have is a step of its own.
    EXPECT_THAT(steps_behind({"Elu"}), ElementsAre("ConvTranspose[](x) -> up_out", "Elu[](up_out) -> y_Elu_out"));
}

TEST(Lowering, OfTwoConvsThatFeedOneAddTheLaterTakesIt) {
    LoweringNet n;
    const ValueId a = n.conv1x1("c1", n.x);
    const ValueId b = n.conv1x1("c2", n.x);
    EXPECT_THAT(steps_of(n.typed({n.add("add", a, b)})),
                ElementsAre("Conv[](x) -> c1_out", "Conv[residual](x, c1_out) -> add_out"));
}

TEST(Lowering, AnAddOfAConstantIsNoResidual) {
    LoweringNet n;
    const ValueId shift = n.constant("shift", random_tensor({1, 4, 1, 1}, 9));
    EXPECT_THAT(steps_of(n.typed({n.add("add", n.conv1x1("c", n.x), shift)})),
                ElementsAre("Conv[](x) -> c_out", "Add[](c_out) -> add_out"));
}

TEST(Lowering, AValueReadTwiceOrGivenOutIsNotFusedAway) {
    LoweringNet n;
    const ValueId c = n.conv1x1("c", n.x);
    EXPECT_THAT(steps_of(n.typed({n.relu("r", c), n.max_pool("p", c)})),
                ElementsAre("Conv[](x) -> c_out", "Relu[](c_out) -> r_out", "MaxPool[](c_out) -> p_out"));
    LoweringNet m;
    const ValueId d = m.conv1x1("c", m.x);
    EXPECT_THAT(steps_of(m.typed({m.relu("r", d), d})), ElementsAre("Conv[](x) -> c_out", "Relu[](c_out) -> r_out"));
}

TEST(Lowering, TapsStopFusion) {
    LoweringNet n;
    const Graph graph = n.typed({n.relu("r", n.conv1x1("c", n.x))});
    EXPECT_THAT(steps_of(graph, {"c_out"}), ElementsAre("Conv[](x) -> c_out", "Relu[](c_out) -> r_out"));
    EXPECT_THAT(steps_of(graph, {"r_out", "x"}), ElementsAre("Conv[clamp](x) -> r_out"));
}

TEST(Lowering, AnInt8ConvTakesItsReluAndQuantizeAlong) {
    LoweringNet n;
    const ValueId a = n.relu("r1", n.conv1x1("c1", n.x));
    const QuantCase c(n.build({n.relu("r2", n.conv1x1("c2", a))}), {kInt8, kInt8});
    // [-2, 2] does not imply the first Relu; the second conv's output stays real.
    EXPECT_THAT(steps_of(c.apply().graph), ElementsAre("QuantizeLinear[codes](x) -> x_quantized",
                                                       "Conv[int8 clamp codes](x_quantized) -> r1_out_quantized",
                                                       "Conv[int8 clamp](r1_out_quantized) -> r2_out"));
}

TEST(Lowering, AnInt8ResidualAddRunsOnCodes) {
    LoweringNet n;
    const ValueId a = n.conv1x1("c1", n.x);
    const ValueId sum = n.relu("r", n.add("add", n.conv1x1("c2", a), a));
    const QuantCase c(n.build({n.conv1x1("c3", sum)}), {kInt8, kInt8, kInt8}, {{"r_out", {0, 3}}});
    EXPECT_THAT(
        steps_of(c.apply().graph),
        ElementsAre("QuantizeLinear[codes](x) -> x_quantized", "Conv[int8 codes](x_quantized) -> c1_out_quantized",
                    "Conv[int8 codes](c1_out_quantized) -> c2_out_quantized",
                    "Add[int8 codes](c2_out_quantized, c1_out_quantized) -> r_out_quantized",
                    "Conv[int8](r_out_quantized) -> c3_out"));
}

TEST(Lowering, ADequantizedValueIsMadeOnceForAllItsRealReaders) {
    LoweringNet n;
    const ValueId a = n.conv1x1("c1", n.x);
    const ValueId b = n.conv1x1("c2", a);
    const ValueId d = n.conv1x1("c3", a);
    const ValueId e = n.conv1x1("c4", a);
    const QuantCase c(n.build({b, d, e}), {kInt8, kFp32, kInt8, kFp32});
    EXPECT_THAT(
        steps_of(c.apply().graph),
        ElementsAre("QuantizeLinear[codes](x) -> x_quantized", "Conv[int8 codes](x_quantized) -> c1_out_quantized",
                    "DequantizeLinear[int8](c1_out_quantized) -> c1_out_dequantized",
                    "Conv[](c1_out_dequantized) -> c2_out", "Conv[](c1_out_dequantized) -> c4_out",
                    "Conv[int8](c1_out_quantized) -> c3_out"));
}

TEST(Lowering, MaxPoolAndFlattenMoveCodes) {
    LoweringNet n;
    const ValueId flat = n.node("Flatten", "f", {n.max_pool("p", n.conv1x1("c", n.x))});
    const QuantCase c(n.build({n.gemm("g", flat, random_tensor({100, 3}, 5))}), {kInt8, kInt8});
    EXPECT_THAT(
        steps_of(c.apply().graph),
        ElementsAre("QuantizeLinear[codes](x) -> x_quantized", "Conv[int8 codes](x_quantized) -> c_out_quantized",
                    "MaxPool[int8 codes](c_out_quantized) -> p_out_quantized",
                    "Flatten[int8 codes](p_out_quantized) -> f_out_quantized", "Gemm[int8](f_out_quantized) -> g_out"));
}

TEST(Lowering, MaxPoolBetweenDifferentParametersRunsInRealNumbers) {
    LoweringNet n;
    const auto params = [&](const std::string& name, float scale) {
        return std::pair(n.constant(name, Tensor::scalar(scale)),
                         n.constant(name + "z", Tensor::scalar(std::uint8_t{0})));
    };
    const auto [s1, z1] = params("a", 0.5F);
    const auto [s2, z2] = params("b", 0.25F);
    const ValueId q1 = n.node("QuantizeLinear", "q1", {n.x, s1, z1});
    const ValueId pool = n.max_pool("p", n.node("DequantizeLinear", "d1", {q1, s1, z1}));
    const ValueId q2 = n.node("QuantizeLinear", "q2", {pool, s2, z2});
    EXPECT_THAT(steps_of(n.typed({n.node("DequantizeLinear", "d2", {q2, s2, z2})})),
                ElementsAre("QuantizeLinear[codes](x) -> q1_out", "DequantizeLinear[int8](q1_out) -> d1_out",
                            "MaxPool[](d1_out) -> p_out", "QuantizeLinear[codes](p_out) -> q2_out",
                            "DequantizeLinear[int8](q2_out) -> d2_out"));
}

TEST(Lowering, ClipIsTakenAlongOnlyWithConstantBounds) {
    LoweringNet n;
    EXPECT_THAT(steps_of(n.typed({n.clip("r", n.conv1x1("c", n.x), 0, 6)})), ElementsAre("Conv[clamp](x) -> r_out"));
    LoweringNet m;
    const ValueId low = m.input("low", {});
    EXPECT_THAT(steps_of(m.typed({m.node("Clip", "r", {m.conv1x1("c", m.x), low})})),
                ElementsAre("Conv[](x) -> c_out", "Clip[](c_out, low) -> r_out"));
}

/// An exported int8 conv, its stored bias scale or weight axis then changed.
Graph int8_conv(float bias_scale_factor, std::int64_t weight_axis) {
    LoweringNet n;
    const QuantCase c(n.build({n.conv1x1("c", n.x)}), {kInt8});
    GraphBuilder builder(c.apply().graph);
    for (std::size_t i = 0; i < builder.node_count(); ++i) {
        Node& node = builder.node(make_id<NodeId>(i));
        if (node.name == "c_w_DequantizeLinear") node.attributes["axis"] = weight_axis;
        if (node.name != "c_b_DequantizeLinear") continue;
        Value& scale = builder.value(node.inputs[1]);
        Tensor changed = scale.constant.clone();
        for (float& s : changed.mutable_view().as<float>()) s *= bias_scale_factor;
        scale.constant = changed;
    }
    return std::move(builder).build();
}

TEST(Lowering, ABiasOfAnotherScaleThanInputTimesWeightRunsInFp32) {
    EXPECT_THAT(steps_of(int8_conv(1.0F, 0)),
                ElementsAre("QuantizeLinear[codes](x) -> x_quantized", "Conv[int8](x_quantized) -> c_out"));
    EXPECT_THAT(steps_of(int8_conv(1.001F, 0)),
                ElementsAre("QuantizeLinear[codes](x) -> x_quantized",
                            "DequantizeLinear[int8](x_quantized) -> x_dequantized", "Conv[](x_dequantized) -> c_out"));
}

TEST(Lowering, WeightScalesAlongInputChannelsRunInFp32) {
    EXPECT_THAT(steps_of(int8_conv(1.0F, 1)),
                ElementsAre("QuantizeLinear[codes](x) -> x_quantized",
                            "DequantizeLinear[int8](x_quantized) -> x_dequantized", "Conv[](x_dequantized) -> c_out"));
}

TEST(Lowering, AQuantizedGraphOutputNeedsItsRealNumbers) {
    LoweringNet n;
    const ValueId a = n.conv1x1("c1", n.x);
    const QuantCase c(n.build({n.conv1x1("c2", a), a}), {kInt8, kInt8});
    EXPECT_THAT(
        steps_of(c.apply().graph),
        ElementsAre("QuantizeLinear[codes](x) -> x_quantized", "Conv[int8 codes](x_quantized) -> c1_out_quantized",
                    "Conv[int8](c1_out_quantized) -> c2_out", "DequantizeLinear[int8](c1_out_quantized) -> c1_out"));
}

TEST(Lowering, AMatMulByAConstantTakesItsBiasResidualAndActivationAlong) {
    LoweringNet n;
    const ValueId t = n.input("t", {kSymbolic, 5, 8});
    const ValueId a = n.mat_mul("m1", t, random_tensor({8, 8}, 1), random_tensor({8}, 2));
    const ValueId b = n.relu("r", n.mat_mul("m2", n.add("sum", a, t), random_tensor({8, 3}, 3)));
    EXPECT_THAT(steps_of(n.typed({b})),
                ElementsAre("MatMul[residual](t, t) -> sum_out", "MatMul[clamp](sum_out) -> r_out"));
}

TEST(Lowering, AnInt8MatMulAddsItsRealBiasBeforeItsOutputIsQuantized) {
    LoweringNet n;
    const ValueId t = n.input("t", {kSymbolic, 5, 8});
    const ValueId a = n.relu("r", n.mat_mul("m1", t, random_tensor({8, 8}, 1), random_tensor({8}, 2)));
    const QuantCase c(n.build({n.mat_mul("m2", a, random_tensor({8, 3}, 3))}), {kInt8, kInt8}, {{"r_out", {0, 2}}});
    EXPECT_THAT(steps_of(c.apply().graph), ElementsAre("QuantizeLinear[codes](t) -> t_quantized",
                                                       "MatMul[int8 codes](t_quantized) -> r_out_quantized",
                                                       "MatMul[int8](r_out_quantized) -> m2_out"));
}

TEST(Lowering, AMatMulOfTwoTensorsTakesNothingAlong) {
    LoweringNet n;
    const ValueId a = n.input("a", {kSymbolic, 2, 8});
    const ValueId b = n.input("b", {kSymbolic, 8, 2});
    EXPECT_THAT(steps_of(n.typed({n.relu("r", n.node("MatMul", "m", {a, b}))})),
                ElementsAre("MatMul[](a, b) -> m_out", "Relu[](m_out) -> r_out"));
}

TEST(Lowering, AConvolutionWhoseWeightsAreComputedIsAStepOfItsOwn) {
    LoweringNet n;
    const ValueId weight = n.input("w", {4, 4, 1, 1});
    EXPECT_THAT(steps_of(n.typed({n.relu("r", n.node("Conv", "dynamic", {n.x, weight}))})),
                ElementsAre("Conv[](x, w) -> dynamic_out", "Relu[](dynamic_out) -> r_out"));
}

}  // namespace
}  // namespace halftone
