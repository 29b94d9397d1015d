// Units whose weights alone are codes, by blocks: the nodes that the file holds, its operator set, how a session runs
// them, and what becomes of other readers of such codes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "exec/session.hpp"
#include "graph/onnx/onnx_model.hpp"
#include "graph/raise_opset.hpp"
#include "support/exec_passes.hpp"
#include "support/quant_plans.hpp"
#include "tensor/block_affine.hpp"

namespace halftone {
namespace {

using namespace test;
using ::testing::Contains;
using ::testing::ElementsAre;

UnitConfig by_blocks(DType dtype = DType::s4, Scheme scheme = Scheme::sym, std::int64_t group_size = 16) {
    UnitConfig config = kFp32;
    config.weight = {.dtype = dtype, .scheme = scheme, .algorithm = kRoundToNearest, .group_size = group_size};
    return config;
}

/// A product with a row and a function behind it, one without, and a Gemm whose weight is turned.
Graph products_and_a_gemm() {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 6, 40});
    const ValueId a = g.mat_mul("a", x, random_tensor({40, 24}, 1, -0.5F, 1.0F), random_tensor({24}, 2));
    const ValueId b = g.mat_mul("b", g.node("Tanh", "tanh", {a}), random_tensor({24, 16}, 3));
    const ValueId rows = g.node("Reshape", "rows", {b, g.constant("shape", int64s({-1, 96}))});
    return g.build({g.gemm("fc", rows, random_tensor({10, 96}, 4), random_tensor({10}, 5),
                           {{"transB", std::int64_t{1}}, {"beta", 0.5F}})});
}

QuantCase quantized_products(const UnitConfig& config) { return {products_and_a_gemm(), {config, config, config}}; }

/// The output on seeded values between -3 and 2.
std::vector<float> output_values(const Graph& graph, const CompileOptions& options) {
    Session session(graph, reference_ops(), options);
    const auto x = session.input(0).as<float>();
    const Tensor values = random_tensor({static_cast<std::int64_t>(x.size())}, 9, -3, 2);
    std::copy(values.as<float>().begin(), values.as<float>().end(), x.begin());
    session.run();
    const auto y = session.output(0).as<float>();
    return {y.begin(), y.end()};
}

double distance(const std::vector<float>& a, const std::vector<float>& b) {
    double largest = 0;
    for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(static_cast<double>(a[i] - b[i])));
    return largest;
}

TEST(WeightOnly, AProductReadsAMatrixByBlocks) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 5, 40});
    const Tensor weight = random_tensor({40, 3}, 1);
    const QuantCase c(g.build({g.mat_mul("m", x, weight, random_tensor({3}, 2))}), {by_blocks()});
    EXPECT_TRUE(c.plan.tensors.empty()) << "activations stay real";
    const QuantizedModel model = c.apply();
    EXPECT_THAT(outline(model.graph), ElementsAre("m_w_dequantized = DequantizeLinear(m_w_quantized)",
                                                  "m_out = MatMul(x, m_w_dequantized)", "m_add_out = Add(m_b, m_out)"));
    const Node& dequantize = model.graph.nodes()[0];
    EXPECT_EQ(int_attribute(dequantize, "axis", 1), 0);
    EXPECT_EQ(int_attribute(dequantize, "block_size", 0), 16);
    EXPECT_EQ(dequantize.inputs.size(), 2U) << "symmetric codes need no zero points";
    EXPECT_EQ(value_named(model.graph, "m_w_quantized").constant.type(), (TensorType{DType::s4, Shape{40, 3}}));
    EXPECT_EQ(value_named(model.graph, "m_w_scale").constant.shape(), (Shape{3, 3})) << "16, 16 and 8 rows";
    ASSERT_EQ(model.tensors.size(), 1U);
    EXPECT_EQ(model.tensors[0].params, block_params(weight, {.dtype = DType::s4, .axis = 0, .block_size = 16}));
}

TEST(WeightOnly, StepsSayHowManyBytesTheirPackedWeightsTake) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 512});
    const QuantCase c(g.build({g.mat_mul("m", x, random_tensor({512, 64}, 1))}),
                      {by_blocks(DType::s4, Scheme::sym, 32)});
    const Session session(c.apply().graph, reference_ops(), {});
    // Codes of half a byte, for each of 16 blocks of a column a scale and a zero point as floats, and for each column a
    // bias, which is 0 where the model has none.
    EXPECT_EQ(session.step_weight_bytes(), 512U * 64 / 2 + (std::size_t{2} * 16 + 1) * 64 * sizeof(float));
    EXPECT_EQ(Session(c.graph, reference_ops(), {}).step_weight_bytes(), 0U) << "others lie in the weight cache";
}

TEST(WeightOnly, ZeroPointsHaveTheTypeOfTheCodes) {
    for (const auto& [dtype, stored] : {std::pair{DType::s4, DType::u4}, std::pair{DType::s8, DType::u8}}) {
        const Graph graph = quantized_products(by_blocks(dtype, Scheme::asym)).apply().graph;
        EXPECT_EQ(value_named(graph, "a_w_quantized").constant.dtype(), stored);
        EXPECT_EQ(value_named(graph, "a_w_zero_point").constant.type(), (TensorType{stored, Shape{3, 24}}));
    }
}

TEST(WeightOnly, AGemmBecomesAProductAndASum) {
    const Graph graph = quantized_products(by_blocks()).apply().graph;
    EXPECT_THAT(outline(graph), Contains("fc_product = MatMul(rows_out, fc_w_dequantized)"));
    EXPECT_THAT(outline(graph), Contains("fc_out = Add(fc_product, fc_bias)"));
    EXPECT_EQ(value_named(graph, "fc_w_quantized").constant.shape(), (Shape{96, 10})) << "turned to [K, N]";
    EXPECT_EQ(value_named(graph, "fc_w_scale").constant.shape(), (Shape{6, 10}));
    EXPECT_EQ(floats_of(graph, "fc_bias")[3], 0.5F * random_tensor({10}, 5).as<float>()[3]) << "with beta in it";
}

TEST(WeightOnly, TheFileHasTheOperatorSetOfBlocks) {
    EXPECT_EQ(quantized_products(by_blocks()).apply().graph.info().opset, kBlockedOpset);
    EXPECT_EQ(QuantCase(products_and_a_gemm(), {kFp32, kFp32, kFp32}).apply().graph.info().opset, 13);
}

TEST(WeightOnly, AFileIsReadBackAsItIs) {
    for (const Scheme scheme : {Scheme::sym, Scheme::asym}) {
        const Graph graph =
            infer_types(quantized_products(by_blocks(DType::s4, scheme)).apply().graph, reference_ops());
        const std::string bytes = export_onnx(graph);
        const Graph back = infer_types(import_onnx(bytes, "m.onnx", reference_ops()), reference_ops());
        EXPECT_EQ(export_onnx(back), bytes);
        EXPECT_EQ(output_values(back, {.batch = 2}), output_values(graph, {.batch = 2}));
    }
}

TEST(WeightOnly, ASessionRunsOneStepForEachProduct) {
    for (const DType dtype : {DType::s4, DType::s8}) {
        for (const Scheme scheme : {Scheme::sym, Scheme::asym}) {
            const QuantCase c = quantized_products(by_blocks(dtype, scheme));
            const Graph graph = infer_types(c.apply().graph, reference_ops());
            const auto fused = apply_pass("fuse_block_products", graph);
            ASSERT_TRUE(fused.has_value());
            EXPECT_EQ(op_sequence(*fused), "BlockMatMul Tanh BlockMatMul Reshape BlockMatMul");
            const std::vector<float> plain = output_values(graph, {.batch = 3, .backend = Backend::ref});
            EXPECT_LT(distance(output_values(*fused, {.batch = 3, .backend = Backend::ref}), plain), 1e-4);
            EXPECT_LT(distance(output_values(graph, {.batch = 3}), plain), 1e-4);
            // The weights are what was quantized, and nothing else is.
            const double loss = distance(plain, output_values(c.graph, {.batch = 3}));
            EXPECT_GT(loss, 1e-3);
            EXPECT_LT(loss, dtype == DType::s4 ? 10 : 0.5);
        }
    }
}

TEST(WeightOnly, Bf16UnitsAreNamedAndRounded) {
    UnitConfig config = by_blocks();
    config.activation.dtype = DType::bf16;
    const QuantCase c = quantized_products(config);
    const Graph graph = infer_types(c.apply().graph, reference_ops());
    EXPECT_EQ(graph.info().metadata.at(kBf16Key), "a\nb\nfc\n");
    // Read from its file, it runs the same: the names are found again.
    const Graph back = infer_types(import_onnx(export_onnx(graph), "m.onnx", reference_ops()), reference_ops());
    const std::vector<float> plain = output_values(back, {.batch = 3, .backend = Backend::ref});
    EXPECT_EQ(plain, output_values(graph, {.batch = 3, .backend = Backend::ref}));
    const std::vector<float> in_fp32 = output_values(quantized_products(by_blocks()).apply().graph, {.batch = 3});
    EXPECT_GT(distance(plain, in_fp32), 1e-4) << "inputs, weights and outputs are rounded";
    EXPECT_LT(distance(plain, in_fp32), 0.2);
    // A step of bf16 is up to 1/128 of a value; the order of sums may turn a rounding.
    EXPECT_LT(distance(output_values(graph, {.batch = 3}), plain), 0.1);
}

TEST(WeightOnly, UnitsInFp32KeepTheirForm) {
    const QuantCase c(products_and_a_gemm(), {kFp32, by_blocks(), kFp32});
    const Graph graph = c.apply().graph;
    EXPECT_THAT(outline(graph), Contains("a_out = MatMul(x, a_w)"));
    EXPECT_THAT(outline(graph), Contains("fc_out = Gemm(rows_out, fc_w, fc_b)"));
}

TEST(WeightOnly, AStaticNeighbourSeesRealValues) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 4, 6, 6});
    const ValueId flat = g.node("Flatten", "flat", {g.conv("c", x, random_tensor({4, 4, 1, 1}, 1))});
    const QuantCase c(g.build({g.gemm("fc", flat, random_tensor({144, 5}, 2))}), {kInt8, by_blocks()});
    EXPECT_THAT(data_outline(c.apply().graph), Contains("fc_out = MatMul(flat_out, fc_w_dequantized)"));
    EXPECT_THAT(data_outline(c.apply().graph), Contains("flat_out = Flatten(c_out_dequantized)"));
}

// ---- the pass --------------------------------------------------------------------------------------------------

/// A DequantizeLinear by blocks of a 4-bit matrix.
ValueId packed_matrix(GraphMaker& g, const Shape& shape, std::int64_t axis) {
    const Tensor weight = random_tensor(shape, 5);
    const QuantParams params = block_params(weight, {.dtype = DType::s4, .axis = axis, .block_size = 16});
    return g.node("DequantizeLinear", "dq",
                  {g.constant("q", quantize_blocks(weight, params)),
                   g.constant("s", Tensor::of<float>(block_scale_shape(shape, axis, 16), params.scale))},
                  {{"axis", axis}, {"block_size", std::int64_t{16}}});
}

TEST(FuseBlockProducts, WhatIsNoProductReadsUnpackedValues) {
    GraphMaker g;
    const ValueId x = g.input("x", {2, 32});
    const ValueId table = packed_matrix(g, {8, 32}, 1);
    const ValueId turned = g.node("Transpose", "turn", {table}, {{"perm", std::vector<std::int64_t>{1, 0}}});
    const Graph graph = infer_types(g.build({g.node("MatMul", "m", {x, turned})}), reference_ops());
    const auto fused = apply_pass("fuse_block_products", graph);
    ASSERT_TRUE(fused.has_value());
    EXPECT_EQ(op_sequence(*fused), "Transpose MatMul");
    EXPECT_EQ(output_values(*fused, {.backend = Backend::ref}), output_values(graph, {.backend = Backend::ref}));
}

TEST(FuseBlockProducts, ATapKeepsTheRowApart) {
    const Graph graph = infer_types(quantized_products(by_blocks()).apply().graph, reference_ops());
    const auto fused = apply_pass("fuse_block_products", graph, {*graph.find_value("a_out")});
    ASSERT_TRUE(fused.has_value());
    EXPECT_EQ(op_sequence(*fused), "BlockMatMul Add Tanh BlockMatMul Reshape BlockMatMul");
}

TEST(FuseBlockProducts, ATappedMatrixStays) {
    const Graph graph = infer_types(quantized_products(by_blocks()).apply().graph, reference_ops());
    const auto fused = apply_pass("fuse_block_products", graph, {*graph.find_value("a_w_dequantized")});
    ASSERT_TRUE(fused.has_value());
    EXPECT_TRUE(fused->find_value("a_w_dequantized").has_value());
}

TEST(FuseBlockProducts, OneMatrixMayServeSeveralProducts) {
    GraphMaker g;
    const ValueId x = g.input("x", {2, 32});
    const ValueId matrix = packed_matrix(g, {32, 32}, 0);
    const ValueId a = g.node("MatMul", "a", {x, matrix});
    const Graph graph = infer_types(g.build({g.node("MatMul", "b", {a, matrix})}), reference_ops());
    const auto fused = apply_pass("fuse_block_products", graph);
    ASSERT_TRUE(fused.has_value());
    EXPECT_EQ(op_sequence(*fused), "BlockMatMul BlockMatMul");
    EXPECT_LT(distance(output_values(graph, {}), output_values(graph, {.backend = Backend::ref})), 1e-4);
}

}  // namespace
}  // namespace halftone
