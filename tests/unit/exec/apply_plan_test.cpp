// The nodes of the quantized graph: which values get Q and DQ, who reads which, what is left out.
#include "exec/apply_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "support/quant_plans.hpp"
#include "support/random_net.hpp"

namespace halftone {
namespace {

using namespace test;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

class PlanNet : public GraphMaker {
public:
    ValueId x = input("x", {kSymbolic, 4, 6, 6});
    ValueId conv1x1(const std::string& name, ValueId from) {
        return conv(name, from, random_tensor({4, 4, 1, 1}, ++seed_));
    }
    ValueId relu(const std::string& name, ValueId from) { return node("Relu", name, {from}); }
    ValueId add(const std::string& name, ValueId a, ValueId b) { return node("Add", name, {a, b}); }

private:
    std::uint64_t seed_ = 0;
};

TEST(ApplyPlan, AnInt8ConvIsQAndDqOnItsInputAndDqOnWeightAndBias) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 4, 6, 6});
    const ValueId y = g.conv("c", x, random_tensor({2, 4, 1, 1}, 1), random_tensor({2}, 2));
    const Graph graph = QuantCase(g.build({y}), {kInt8}).apply().graph;
    EXPECT_THAT(outline(graph),
                UnorderedElementsAre("x_quantized = QuantizeLinear(x)", "x_dequantized = DequantizeLinear(x_quantized)",
                                     "c_w_dequantized = DequantizeLinear(c_w_quantized)",
                                     "c_b_dequantized = DequantizeLinear(c_b_quantized)",
                                     "c_out = Conv(x_dequantized, c_w_dequantized, c_b_dequantized)"));
    EXPECT_EQ(value_named(graph, "c_w_quantized").constant.type(), (TensorType{DType::s8, Shape{2, 4, 1, 1}}));
    EXPECT_EQ(value_named(graph, "c_b_quantized").constant.type(), (TensorType{DType::s32, Shape{2}}));
    EXPECT_EQ(value_named(graph, "x_quantized").type, (TensorType{DType::u8, Shape{kSymbolic, 4, 6, 6}}));
}

// Export rule E.7: the product is not rounded before its bias is added.
TEST(ApplyPlan, AnInt8MatMulIsQAndDqOnItsInputAndDqOnItsWeightAndItsBiasStaysReal) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 5, 8});
    const ValueId y = g.mat_mul("m", x, random_tensor({8, 3}, 1), random_tensor({3}, 2));
    const Graph graph = QuantCase(g.build({y}), {kInt8}).apply().graph;
    EXPECT_THAT(outline(graph),
                UnorderedElementsAre("x_quantized = QuantizeLinear(x)", "x_dequantized = DequantizeLinear(x_quantized)",
                                     "m_w_dequantized = DequantizeLinear(m_w_quantized)",
                                     "m_out = MatMul(x_dequantized, m_w_dequantized)", "m_add_out = Add(m_b, m_out)"));
    EXPECT_EQ(value_named(graph, "m_w_scale").constant.shape(), Shape{3});
    EXPECT_EQ(int_attribute(node_named(graph, "m_w_DequantizeLinear"), "axis", 0), 1);
}

// Export rules E.2, E.3 and E.6.
TEST(ApplyPlan, ScalesAreScalarsPerTensorAndVectorsWithAnAxisPerChannelAndZeroPointsArePresent) {
    for (const bool is_per_channel : {false, true}) {
        GraphMaker g;
        const ValueId x = g.input("x", {kSymbolic, 4, 6, 6});
        const ValueId y = g.conv("c", x, random_tensor({2, 4, 1, 1}, 1), random_tensor({2}, 2));
        const auto granularity = is_per_channel ? Granularity::per_channel : Granularity::per_tensor;
        const Graph graph = QuantCase(g.build({y}), {int8(Scheme::asym, granularity)}).apply().graph;
        const Shape weight_shape = is_per_channel ? Shape{2} : Shape{};
        EXPECT_EQ(value_named(graph, "x_scale").constant.shape(), Shape{});
        EXPECT_EQ(value_named(graph, "x_zero_point").constant.type(), (TensorType{DType::u8, Shape{}}));
        EXPECT_EQ(value_named(graph, "c_w_scale").constant.shape(), weight_shape);
        EXPECT_EQ(value_named(graph, "c_w_zero_point").constant.type(), (TensorType{DType::s8, weight_shape}));
        EXPECT_EQ(value_named(graph, "c_b_zero_point").constant.type(), (TensorType{DType::s32, weight_shape}));
        EXPECT_EQ(node_named(graph, "c_w_DequantizeLinear").attributes.contains("axis"), is_per_channel);
        const float input_scale = value_named(graph, "x_scale").constant.as<float>()[0];
        const auto weight_scales = value_named(graph, "c_w_scale").constant.as<float>();
        const auto bias_scales = value_named(graph, "c_b_scale").constant.as<float>();
        for (std::size_t c = 0; c < bias_scales.size(); ++c) EXPECT_EQ(bias_scales[c], input_scale * weight_scales[c]);
    }
}

// Vector (h) of the techniques: the channel axis of a Gemm is transB ? 0 : 1.
TEST(ApplyPlan, GemmWeightsHaveTheirScalesAlongTheOutputChannels) {
    for (const std::int64_t transposed : {0, 1}) {
        GraphMaker g;
        const ValueId x = g.input("x", {kSymbolic, 3});
        const Tensor weight = random_tensor(transposed != 0 ? Shape{5, 3} : Shape{3, 5}, 1);
        const ValueId y = g.gemm("g", x, weight, {}, {{"transB", transposed}});
        const Graph graph = QuantCase(g.build({y}), {kInt8}).apply().graph;
        EXPECT_EQ(value_named(graph, "g_w_scale").constant.shape(), Shape{5});
        EXPECT_EQ(int_attribute(node_named(graph, "g_w_DequantizeLinear"), "axis", -9), 1 - transposed);
    }
}

TEST(ApplyPlan, ABroadcastGemmBiasBecomesOneValueForEachColumnAndHoldsBeta) {  // E.5: beta must be 1
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 3});
    const ValueId y = g.gemm("g", x, random_tensor({3, 2}, 1), test::floats({1}, {4.0F}), {{"beta", 0.5F}});
    const Graph graph = QuantCase(g.build({y}), {kInt8}).apply().graph;
    EXPECT_FALSE(node_named(graph, "g").attributes.contains("beta"));
    const auto codes = value_named(graph, "g_b_quantized").constant.as<std::int32_t>();
    const auto scales = value_named(graph, "g_b_scale").constant.as<float>();
    ASSERT_EQ(codes.size(), 2U);
    for (std::size_t c = 0; c < 2; ++c) EXPECT_NEAR(static_cast<float>(codes[c]) * scales[c], 2.0F, scales[c]);
}

// Vector (g): one Q, one DQ, which all three readers share.
TEST(ApplyPlan, AValueThatAnInt8UnitMakesHasOneQAndOneDqForAllReaders) {
    PlanNet n;
    const ValueId a = n.conv1x1("c1", n.x);
    const QuantCase c(n.build({n.conv1x1("c2", a), n.conv1x1("c3", a), n.relu("r", a)}), {kInt8, kInt8, kFp32});
    EXPECT_THAT(data_outline(c.apply().graph),
                UnorderedElementsAre("x_quantized = QuantizeLinear(x)", "x_dequantized = DequantizeLinear(x_quantized)",
                                     "c1_out = Conv(x_dequantized, c1_w_dequantized)",
                                     "c1_out_quantized = QuantizeLinear(c1_out)",
                                     "c1_out_dequantized = DequantizeLinear(c1_out_quantized)",
                                     "c2_out = Conv(c1_out_dequantized, c2_w_dequantized)",
                                     "c3_out = Conv(c1_out_dequantized, c3_w)", "r_out = Relu(c1_out_dequantized)"));
}

// Export rule E.9.
TEST(ApplyPlan, AValueThatAnFp32UnitMakesIsRoundedForInt8ReadersOnly) {
    PlanNet n;
    const ValueId a = n.conv1x1("c1", n.x);
    const QuantCase c(n.build({n.conv1x1("c2", a), n.conv1x1("c3", a)}), {kFp32, kInt8, kFp32});
    EXPECT_THAT(
        data_outline(c.apply().graph),
        UnorderedElementsAre("c1_out = Conv(x, c1_w)", "c1_out_quantized = QuantizeLinear(c1_out)",
                             "c1_out_dequantized = DequantizeLinear(c1_out_quantized)",
                             "c2_out = Conv(c1_out_dequantized, c2_w_dequantized)", "c3_out = Conv(c1_out, c3_w)"));
}

// Export rule E.4: ONNX Runtime has no int8 convolution that writes reals.
TEST(ApplyPlan, AnInt8ConvWritesCodesWhoeverReadsThem) {
    PlanNet n;
    const QuantCase c(n.build({n.conv1x1("c2", n.conv1x1("c1", n.x))}), {kInt8, kFp32});
    EXPECT_THAT(data_outline(c.apply().graph), Contains("c2_out = Conv(c1_out_dequantized, c2_w)"));
}

TEST(ApplyPlan, AnotherValueThatNoInt8UnitReadsIsNotQuantized) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 4});
    const ValueId a = g.gemm("g1", x, random_tensor({4, 4}, 1));
    const QuantCase c(g.build({g.gemm("g2", a, random_tensor({4, 4}, 2))}), {kInt8, kFp32});
    EXPECT_THAT(data_outline(c.apply().graph), Contains("g2_out = Gemm(g1_out, g2_w)"));
}

// Export rule E.9: ONNX Runtime would quantize the float weights of a Conv between DQ and Q.
TEST(ApplyPlan, AnFp32UnitBetweenCodesIsGuardedByAMax) {
    const auto ops_between = [](const char* activation) {
        PlanNet n;
        ValueId middle = n.conv1x1("c2", n.conv1x1("c1", n.x));
        if (std::string(activation) == "Clip") {
            middle =
                n.node("Clip", "act",
                       {middle, n.constant("low", Tensor::scalar(0.0F)), n.constant("high", Tensor::scalar(6.0F))});
        } else if (*activation != 0) {
            middle = n.node(activation, "act", {middle});
        }
        const QuantCase c(n.build({n.conv1x1("c3", middle)}), {kInt8, kFp32, kInt8});
        const Graph graph = c.apply().graph;
        const std::vector<float> real = test::run_once(graph, random_tensor({2, 4, 6, 6}, 1));
        const Session session(graph, reference_ops(), {.batch = 2});
        EXPECT_EQ(std::count_if(session.steps().begin(), session.steps().end(),
                                [](const StepInfo& step) { return step.op == "Max" || step.op == "Relu"; }),
                  0)
            << "fused with the convolution";
        return test::op_sequence(graph);
    };
    EXPECT_THAT(ops_between(""), HasSubstr("Max QuantizeLinear"));
    EXPECT_THAT(ops_between("Clip"), AllOf(HasSubstr("Clip"), HasSubstr("Max QuantizeLinear")));
    EXPECT_THAT(ops_between("Relu"), AllOf(HasSubstr("Max QuantizeLinear"), Not(HasSubstr("Relu"))));
}

// Export rule E.9: ONNX Runtime's QLinearAveragePool has no dilations, and counts pads otherwise with ceil_mode.
TEST(ApplyPlan, AnAveragePoolBetweenCodesIsGuardedIfItIsNoPlainOne) {
    using Ints = std::vector<std::int64_t>;
    const auto ops_with = [](Attributes attributes) {
        PlanNet n;
        attributes["kernel_shape"] = Ints{2, 2};
        const ValueId pooled = n.node("AveragePool", "pool", {n.conv1x1("c1", n.x)}, std::move(attributes));
        const QuantCase c(n.build({n.conv1x1("c2", pooled)}), {kInt8, kInt8});
        return test::op_sequence(c.apply().graph);
    };
    const std::int64_t yes = 1;
    EXPECT_THAT(ops_with({}), HasSubstr("AveragePool QuantizeLinear"));
    EXPECT_THAT(ops_with({{"dilations", Ints{1, 1}}, {"ceil_mode", yes}}), HasSubstr("AveragePool QuantizeLinear"));
    EXPECT_THAT(ops_with({{"dilations", Ints{1, 2}}}), HasSubstr("Max QuantizeLinear"));
    EXPECT_THAT(ops_with({{"ceil_mode", yes}, {"count_include_pad", yes}}), HasSubstr("Max QuantizeLinear"));
}

// Vector (e): a Concat of ranges [0, 1] and [-8, 8].
TEST(ApplyPlan, AConcatOfInt8ConvsSharesTheUnionOfTheirRanges) {
    const std::map<std::string, Range> ranges{{"a", {0, 1}}, {"b", {-8, 8}}, {"joined", {-8, 8}}};
    const auto concat_of = [&](std::vector<UnitConfig> configs) {
        PlanNet n;
        const ValueId a = n.node("Relu", "ra", {n.conv1x1("c1", n.x)}, {}, "a");
        const ValueId b = n.node("Relu", "rb", {n.conv1x1("c2", n.x)}, {}, "b");
        const ValueId joined = n.node("Concat", "concat", {a, b}, {{"axis", std::int64_t{1}}}, "joined");
        const ValueId pooled = n.node("MaxPool", "pool", {joined}, {{"kernel_shape", std::vector<std::int64_t>{1, 1}}});
        const Graph graph = n.build({n.conv("c3", pooled, random_tensor({2, 8, 1, 1}, 7))});
        return QuantCase(graph, std::move(configs), ranges).apply();
    };
    const QuantizedModel model = concat_of({kInt8, kInt8, kInt8});
    std::map<std::string, QuantParams> params;
    for (const QuantizedTensor& tensor : model.tensors) params[tensor.name] = tensor.params;
    EXPECT_FLOAT_EQ(params.at("a").scale[0], 16.0F / 255);
    EXPECT_EQ(params.at("a"), params.at("b"));
    EXPECT_EQ(params.at("a"), params.at("joined"));
    EXPECT_THAT(data_outline(model.graph), AllOf(Contains("joined_quantized = QuantizeLinear(joined)"),
                                                 Contains("pool_out = MaxPool(joined_dequantized)")));
    const QuantizedModel mixed = concat_of({kInt8, kFp32, kInt8});
    for (const QuantizedTensor& tensor : mixed.tensors) {
        if (tensor.name != "a") continue;
        EXPECT_FLOAT_EQ(tensor.params.scale[0], 1.0F / 255) << "b is real: nothing to share";
    }
}

TEST(ApplyPlan, WithEveryUnitInFp32TheGraphStaysAsItIs) {
    PlanNet n;
    const QuantCase c(n.build({n.relu("r", n.conv1x1("c1", n.x))}), {kFp32});
    const QuantizedModel model = c.apply();
    EXPECT_EQ(outline(model.graph), outline(c.graph));
    EXPECT_TRUE(model.tensors.empty());
}

TEST(ApplyPlan, AnInt8ResidualAddReadsTwoQuantizedOperands) {
    PlanNet n;
    const ValueId a = n.conv1x1("c1", n.x);
    const ValueId sum = n.add("add", a, n.conv1x1("c2", a));
    const QuantCase c(n.build({n.conv1x1("c3", sum)}), {kInt8, kInt8, kInt8});
    EXPECT_THAT(data_outline(c.apply().graph), AllOf(Contains("add_out = Add(c1_out_dequantized, c2_out_dequantized)"),
                                                     Contains("c2_out_quantized = QuantizeLinear(c2_out)"),
                                                     Contains("add_out_quantized = QuantizeLinear(add_out)"),
                                                     Contains("c3_out = Conv(add_out_dequantized, c3_w_dequantized)")));
}

TEST(ApplyPlan, TheResidualOfAnInt8UnitIsQuantizedAlsoWhereItsMakerIsFp32) {
    PlanNet n;
    const ValueId a = n.conv1x1("c1", n.x);
    const ValueId b = n.conv1x1("c2", n.x);
    const QuantCase c(n.build({n.add("add", a, b), n.relu("r", a)}), {kFp32, kInt8});
    EXPECT_THAT(data_outline(c.apply().graph),
                UnorderedElementsAre("x_quantized = QuantizeLinear(x)", "x_dequantized = DequantizeLinear(x_quantized)",
                                     "c1_out = Conv(x, c1_w)", "c1_out_quantized = QuantizeLinear(c1_out)",
                                     "c1_out_dequantized = DequantizeLinear(c1_out_quantized)",
                                     "c2_out = Conv(x_dequantized, c2_w_dequantized)",
                                     "c2_out_quantized = QuantizeLinear(c2_out)",
                                     "c2_out_dequantized = DequantizeLinear(c2_out_quantized)",
                                     "add_out = Add(c1_out_dequantized, c2_out_dequantized)", "r_out = Relu(c1_out)"));
}

TEST(ApplyPlan, AnFp32ResidualAddReadsWhatItsInt8NeighbourWrites) {
    PlanNet n;
    const ValueId a = n.conv1x1("c1", n.x);
    const QuantCase c(n.build({n.add("add", a, n.conv1x1("c2", a))}), {kInt8, kFp32});
    EXPECT_THAT(data_outline(c.apply().graph), Contains("add_out = Add(c1_out_dequantized, c2_out)"));
}

// Export rule E.4, and vector (f): Relu and Relu6 before the Q.
TEST(ApplyPlan, AnActivationThatSaturationImpliesIsLeftOut) {
    const auto ops = [](const char* op, Range range) {
        PlanNet n;
        std::vector<ValueId> inputs{n.conv1x1("c1", n.x)};
        if (std::string(op) == "Clip") {
            inputs.push_back(n.constant("low", Tensor::scalar(0.0F)));
            inputs.push_back(n.constant("high", Tensor::scalar(6.0F)));
        }
        const ValueId a = n.node(op, "act", inputs, {}, "a");
        const Graph graph = QuantCase(n.build({n.conv1x1("c2", a)}), {kInt8, kInt8}, {{"a", range}}).apply().graph;
        EXPECT_THAT(data_outline(graph), Contains("a_quantized = QuantizeLinear(a)"));  // the value keeps its name
        return test::op_sequence(graph);
    };
    EXPECT_THAT(ops("Relu", {0, 5}), Not(HasSubstr("Relu")));
    EXPECT_THAT(ops("Relu", {-1, 5}), HasSubstr("Relu"));  // a zero point above 0 has codes for negative numbers
    EXPECT_THAT(ops("Clip", {0, 6}), Not(HasSubstr("Clip")));
    EXPECT_THAT(ops("Clip", {0, 4}), Not(HasSubstr("Clip")));  // saturates below 6
    EXPECT_THAT(ops("Clip", {0, 7}), HasSubstr("Clip"));
}

TEST(ApplyPlan, AnActivationStaysWhereItsOutputIsNotQuantizedOrItsUnitIsFp32) {
    PlanNet n;
    const QuantCase last(n.build({n.relu("r", n.conv1x1("c1", n.x))}), {kInt8}, {{"r_out", {0, 5}}});
    EXPECT_THAT(data_outline(last.apply().graph), Contains("r_out = Relu(c1_out)"));
    PlanNet m;
    const ValueId a = m.relu("r", m.conv1x1("c1", m.x));
    const QuantCase fp32(m.build({m.conv1x1("c2", a)}), {kFp32, kInt8}, {{"r_out", {0, 5}}});
    EXPECT_THAT(data_outline(fp32.apply().graph), Contains("r_out = Relu(c1_out)"));
}

TEST(ApplyPlan, AReluAfterAResidualAddIsLeftOutAfterTheAdd) {
    PlanNet n;
    const ValueId a = n.conv1x1("c1", n.x);
    const ValueId r = n.relu("r", n.add("add", n.conv1x1("c2", a), a));
    const QuantCase c(n.build({n.conv1x1("c3", r)}), {kInt8, kInt8, kInt8}, {{"r_out", {0, 5}}});
    EXPECT_THAT(data_outline(c.apply().graph), AllOf(Contains("r_out = Add(c2_out_dequantized, c1_out_dequantized)"),
                                                     Contains("r_out_quantized = QuantizeLinear(r_out)")));
}

// Export rule E.5: the same parameters on both sides of what only moves codes.
TEST(ApplyPlan, AChainOfPoolAndFlattenCarriesTheCodesOfItsTop) {
    PlanNet n;
    const ValueId pool =
        n.node("MaxPool", "p", {n.conv1x1("c", n.x)}, {{"kernel_shape", std::vector<std::int64_t>{6, 6}}});
    const ValueId flat = n.node("Flatten", "f", {pool});
    const QuantCase c(n.build({n.gemm("g", flat, random_tensor({4, 3}, 5)), n.relu("r", pool)}), {kInt8, kInt8},
                      {{"c_out", {-1, 3}}});
    const Graph graph = c.apply().graph;
    EXPECT_THAT(
        data_outline(graph),
        AllOf(Contains("p_out = MaxPool(c_out_dequantized)"), Contains("p_out_quantized = QuantizeLinear(p_out)"),
              Contains("f_out = Flatten(p_out_dequantized)"), Contains("f_out_quantized = QuantizeLinear(f_out)"),
              Contains("g_out = Gemm(f_out_dequantized, g_w_dequantized)"),
              Contains("r_out = Relu(p_out_dequantized)")));
    for (const char* name : {"p_out", "f_out"}) {
        EXPECT_EQ(test::floats_of(graph, name + std::string("_scale")), test::floats_of(graph, "c_out_scale"));
        EXPECT_EQ(value_named(graph, name + std::string("_zero_point")).constant.as<std::uint8_t>()[0],
                  value_named(graph, "c_out_zero_point").constant.as<std::uint8_t>()[0]);
    }
}

TEST(ApplyPlan, AChainUnderAnFp32UnitIsQuantizedAtItsEndOnly) {
    PlanNet n;
    const ValueId pool =
        n.node("MaxPool", "p", {n.conv1x1("c", n.x)}, {{"kernel_shape", std::vector<std::int64_t>{6, 6}}});
    const QuantCase c(n.build({n.conv1x1("c2", pool)}), {kFp32, kInt8});
    EXPECT_THAT(data_outline(c.apply().graph),
                UnorderedElementsAre("c_out = Conv(x, c_w)", "p_out = MaxPool(c_out)",
                                     "p_out_quantized = QuantizeLinear(p_out)",
                                     "p_out_dequantized = DequantizeLinear(p_out_quantized)",
                                     "c2_out = Conv(p_out_dequantized, c2_w_dequantized)"));
}

TEST(ApplyPlan, AQuantizedGraphOutputKeepsItsName) {
    PlanNet n;
    const ValueId a = n.conv1x1("c1", n.x);
    const Graph graph = QuantCase(n.build({a, n.conv1x1("c2", a)}), {kInt8, kInt8}).apply().graph;
    ASSERT_EQ(graph.outputs().size(), 2U);
    EXPECT_EQ(graph.value(graph.outputs()[0]).name, "c1_out");
    EXPECT_EQ(graph.node(graph.producer(graph.outputs()[0])).op, "DequantizeLinear");
    EXPECT_THAT(data_outline(graph), Contains("c2_out = Conv(c1_out, c2_w_dequantized)"));
}

TEST(ApplyPlan, SharedWeightsAreStoredForEachUnitAsItsConfigurationSays) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 4, 6, 6});
    const ValueId w = g.constant("w", random_tensor({4, 4, 1, 1}, 1));
    const ValueId a = g.node("Conv", "c1", {x, w});
    const ValueId b = g.node("Conv", "c2", {a, w});
    const QuantCase c(g.build({g.node("Conv", "c3", {b, w})}), {int8(Scheme::asym, Granularity::per_tensor),
                                                                int8(Scheme::asym, Granularity::per_channel), kFp32});
    const Graph graph = c.apply().graph;
    EXPECT_THAT(data_outline(graph), AllOf(Contains("c1_out = Conv(x_dequantized, w_dequantized)"),
                                           Contains("c2_out = Conv(c1_out_dequantized, w_dequantized_1)"),
                                           Contains("c3_out = Conv(c2_out_dequantized, w)")));
    EXPECT_EQ(value_named(graph, "w_scale").constant.elements(), 1);
    EXPECT_EQ(value_named(graph, "w_scale_1").constant.elements(), 4);
}

TEST(ApplyPlan, ListsEveryQuantizedTensor) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 2, 1, 1});
    const ValueId y = g.conv("c", x, test::floats({1, 2, 1, 1}, {127, -1}), test::floats({3.0F}));
    const QuantizedModel model = QuantCase(g.build({y}), {kInt8}, {{"x", {0, 127.5F}}}).apply();
    ASSERT_EQ(model.tensors.size(), 3U);
    EXPECT_EQ(model.tensors[0].name, "x");
    EXPECT_EQ(model.tensors[0].params, (QuantParams{.dtype = DType::u8, .scale = {0.5F}, .zero_point = {0}}));
    EXPECT_EQ(model.tensors[1].name, "c_w");
    EXPECT_EQ(model.tensors[1].params, (QuantParams{.dtype = DType::s8, .scale = {1.0F}, .zero_point = {0}}));
    EXPECT_EQ(model.tensors[2].name, "c_b");
    EXPECT_EQ(model.tensors[2].params, (QuantParams{.dtype = DType::s32, .scale = {0.5F}, .zero_point = {0}}));
}

TEST(ApplyPlan, NamesThatAreTakenGetANumber) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 4, 6, 6});
    const ValueId r = g.node("Relu", "x_QuantizeLinear", {x}, {}, "x_quantized");
    const QuantCase c(g.build({g.conv("c", x, random_tensor({4, 4, 1, 1}, 1)), r}), {kInt8});
    EXPECT_THAT(data_outline(c.apply().graph),
                AllOf(Contains("x_quantized_1 = QuantizeLinear(x)"), Contains("x_quantized = Relu(x)")));
}

}  // namespace
}  // namespace halftone
