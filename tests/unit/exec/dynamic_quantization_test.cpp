// Units that are quantized at run time: the nodes that the file holds, how a session runs them, and that it computes
// what the nodes say, bit for bit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "exec/session.hpp"
#include "support/exec_passes.hpp"
#include "support/quant_plans.hpp"

namespace halftone {
namespace {

using namespace test;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

UnitConfig dynamic(Granularity granularity = Granularity::per_channel, Scheme scheme = Scheme::sym) {
    UnitConfig config = int8(Scheme::asym, granularity);
    config.activation.when = When::at_run_time;
    config.weight.scheme = scheme;
    return config;
}

/// Two products of one value, one of them with a bias and a function, and a Gemm behind.
Graph two_products_and_a_gemm() {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 6, 32});
    const ValueId a = g.mat_mul("a", x, random_tensor({32, 16}, 1, -0.5F, 1.0F), random_tensor({16}, 2));
    const ValueId b = g.mat_mul("b", x, random_tensor({32, 16}, 3));
    const ValueId sum = g.node("Add", "sum", {g.node("Tanh", "tanh", {a}), b});
    const ValueId rows = g.node("Reshape", "rows", {sum, g.constant("shape", int64s({-1, 96}))});
    return g.build({g.gemm("fc", rows, random_tensor({10, 96}, 4), random_tensor({10}, 5),
                           {{"transB", std::int64_t{1}}, {"beta", 0.5F}})});
}

/// The output on seeded values between -3 and 2.
Tensor output_of(const Graph& graph, const CompileOptions& options) {
    Session session(graph, reference_ops(), options);
    const auto x = session.input(0).as<float>();
    const Tensor values = random_tensor({static_cast<std::int64_t>(x.size())}, 9, -3, 2);
    std::copy(values.as<float>().begin(), values.as<float>().end(), x.begin());
    session.run();
    return Tensor::of<float>(session.output(0).type.shape, session.output(0).as<float>());
}

void expect_same_bits(const Tensor& a, const Tensor& b) {
    ASSERT_EQ(a.type(), b.type());
    EXPECT_TRUE(std::equal(a.view().data, a.view().data + a.bytes(), b.view().data));
}

TEST(DynamicQuantization, AMatMulBecomesTheNodesThatOnnxRuntimeFuses) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 5, 8});
    const ValueId y = g.mat_mul("m", x, random_tensor({8, 3}, 1), random_tensor({3}, 2));
    const QuantizedModel model = QuantCase(g.build({y}), {dynamic()}).apply();
    EXPECT_THAT(outline(model.graph), ElementsAre("x_quantized = DynamicQuantizeLinear(x)",
                                                  "m_sums = MatMulInteger(x_quantized, m_w_quantized, x_zero_point)",
                                                  "m_cast = Cast(m_sums)", "m_scale = Mul(x_scale, m_w_scale)",
                                                  "m_out = Mul(m_cast, m_scale)", "m_add_out = Add(m_b, m_out)"));
    EXPECT_EQ(value_named(model.graph, "m_w_quantized").constant.type(), (TensorType{DType::s8, Shape{8, 3}}));
    // Nothing of the activations is known before the model runs: best.yaml has the weight alone.
    ASSERT_EQ(model.tensors.size(), 1U);
    EXPECT_EQ(model.tensors[0].name, "m_w");
    EXPECT_EQ(model.tensors[0].unit, "m");
}

TEST(DynamicQuantization, AValueIsQuantizedOnceForAllItsReaders) {
    const QuantCase c(two_products_and_a_gemm(), {dynamic(), dynamic(), dynamic()});
    EXPECT_TRUE(c.plan.tensors.empty());
    const Graph graph = c.apply().graph;
    EXPECT_THAT(outline(graph), Contains(HasSubstr("DynamicQuantizeLinear(x)")).Times(1));
    // A Gemm's weight is turned to [K, N], and its bias holds beta.
    EXPECT_EQ(value_named(graph, "fc_w_quantized").constant.shape(), (Shape{96, 10}));
    EXPECT_THAT(outline(graph), Contains("fc_out = Add(fc_scaled, fc_bias)"));
    const std::vector<float> bias = floats_of(graph, "fc_bias");
    EXPECT_EQ(bias[3], 0.5F * random_tensor({10}, 5).as<float>()[3]);
}

TEST(DynamicQuantization, WeightsWithZeroPointsGiveThemToTheProduct) {
    const QuantCase c(two_products_and_a_gemm(), {dynamic(Granularity::per_tensor, Scheme::asym), kFp32, kFp32});
    EXPECT_THAT(outline(c.apply().graph),
                Contains("a_sums = MatMulInteger(x_quantized, a_w_quantized, x_zero_point, a_w_zero_point)"));
}

TEST(DynamicQuantization, AStaticNeighbourKeepsItsCodesToItself) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 4, 6, 6});
    const ValueId conv = g.conv("c", x, random_tensor({4, 4, 1, 1}, 1));
    const ValueId flat = g.node("Flatten", "flat", {conv});
    const QuantCase c(g.build({g.gemm("fc", flat, random_tensor({144, 5}, 2))}), {kInt8, dynamic()});
    const std::vector<std::string> lines = data_outline(c.apply().graph);
    // The Gemm reads real values, those that the codes of the convolution stand for.
    EXPECT_THAT(lines, Contains("flat_out = Flatten(c_out_dequantized)"));
    EXPECT_THAT(lines, Contains("flat_out_quantized = DynamicQuantizeLinear(flat_out)"));
}

TEST(DynamicQuantization, ASessionRunsTwoKindsOfStepsAndComputesWhatTheNodesSay) {
    for (const Scheme scheme : {Scheme::sym, Scheme::asym}) {
        for (const Granularity granularity : {Granularity::per_channel, Granularity::per_tensor}) {
            const UnitConfig config = dynamic(granularity, scheme);
            const Graph graph = QuantCase(two_products_and_a_gemm(), {config, config, config}).apply().graph;
            const auto fused = apply_pass("fuse_integer_products", graph);
            ASSERT_TRUE(fused.has_value());
            EXPECT_EQ(op_sequence(*fused),
                      "DynamicQuantizeLinear ScaledMatMulInteger Tanh ScaledMatMulInteger Add Reshape "
                      "DynamicQuantizeLinear ScaledMatMulInteger");
            expect_same_bits(output_of(*fused, {.batch = 3, .backend = Backend::ref}),
                             output_of(graph, {.batch = 3, .backend = Backend::ref}));
            expect_same_bits(output_of(*fused, {.batch = 3}), output_of(graph, {.batch = 3}));
        }
    }
}

/// One product, so that nothing but the two kernels is between input and output.
TEST(DynamicQuantization, FastKernelsGiveTheReferencesBits) {
    for (const std::int64_t rows : {std::int64_t{1}, std::int64_t{700}}) {  // 700 rows: several chunks of the codes
        GraphMaker g;
        const ValueId x = g.input("x", {kSymbolic, 64});
        const ValueId y = g.mat_mul("m", x, random_tensor({64, 40}, 1), random_tensor({40}, 2));
        const Graph graph = QuantCase(g.build({y}), {dynamic()}).apply().graph;
        expect_same_bits(output_of(graph, {.batch = rows}), output_of(graph, {.batch = rows, .backend = Backend::ref}));
    }
}

TEST(DynamicQuantization, StepsAreIntegerAndInFastKernels) {
    const Graph graph = QuantCase(two_products_and_a_gemm(), {dynamic(), dynamic(), dynamic()}).apply().graph;
    const Session session(graph, reference_ops(), {.batch = 1});
    std::vector<std::string> integer;
    for (const StepInfo& step : session.steps()) {
        if (step.is_integer) integer.push_back(step.name);
        if (step.is_integer) {
            EXPECT_THAT(step.implementation, HasSubstr("run_time_codes"));
        }
        if (step.op == "DynamicQuantizeLinear") {
            EXPECT_THAT(step.implementation, HasSubstr("native_codes"));
        }
    }
    EXPECT_THAT(integer, ElementsAre("a", "b", "fc"));
}

TEST(DynamicQuantization, AllZerosAndOneSidedValuesHaveTheirScales) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 8});
    const ValueId y = g.mat_mul("m", x, random_tensor({8, 3}, 1));
    const Graph graph = QuantCase(g.build({y}), {dynamic()}).apply().graph;
    for (const float value : {0.0F, 2.5F, -2.5F, std::numeric_limits<float>::denorm_min()}) {
        std::vector<float> results;
        for (const Backend backend : {Backend::dnnl, Backend::ref}) {
            Session session(graph, reference_ops(), {.batch = 1, .backend = backend});
            for (float& each : session.input(0).as<float>()) each = value;
            session.run();
            results.push_back(session.output(0).as<float>()[1]);
        }
        EXPECT_EQ(results[0], results[1]) << value;
        if (value == 0) {
            EXPECT_EQ(results[0], 0);
        }
    }
}

// ---- the pass --------------------------------------------------------------------------------------------------

TEST(FuseIntegerProducts, ATapKeepsTheNodesApart) {
    const Graph graph = QuantCase(two_products_and_a_gemm(), {dynamic(), dynamic(), dynamic()}).apply().graph;
    const auto fused =
        apply_pass("fuse_integer_products", graph, {*graph.find_value("a_sums"), *graph.find_value("b_cast")});
    ASSERT_TRUE(fused.has_value());
    EXPECT_THAT(op_sequence(*fused), HasSubstr("MatMulInteger"));
    EXPECT_TRUE(fused->find_value("a_sums").has_value());
    EXPECT_TRUE(fused->find_value("b_cast").has_value());
}

TEST(FuseIntegerProducts, AFactorThatIsNoProductOfTwoScalesStays) {
    GraphMaker g;
    const ValueId x = g.input("x", {2, 8});
    g.builder().add_node(
        {.name = "q",
         .op = "DynamicQuantizeLinear",
         .inputs = {x},
         .outputs = {g.builder().value_named("c"), g.builder().value_named("s"), g.builder().value_named("z")},
         .attributes = {}});
    Tensor codes(TensorType{DType::s8, Shape{8, 3}});
    const ValueId sums = g.node("MatMulInteger", "m",
                                {g.builder().value_named("c"), g.constant("w", codes), g.builder().value_named("z")});
    const ValueId real = g.node("Cast", "cast", {sums}, {{"to", std::int64_t{1}}});
    const ValueId y = g.node("Mul", "mul", {real, g.builder().value_named("s")});
    const Graph graph = infer_types(g.build({y}), reference_ops());
    EXPECT_FALSE(apply_pass("fuse_integer_products", graph).has_value());
}

}  // namespace
}  // namespace halftone
