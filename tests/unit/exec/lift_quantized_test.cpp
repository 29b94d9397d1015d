// Models that are quantized already, read as float models with given encodings, and quantized again as they were.
#include "exec/lift_quantized.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exec/prepared_model.hpp"
#include "exec/run_once.hpp"
#include "graph/onnx/onnx_model.hpp"
#include "support/quant_plans.hpp"
#include "tensor/affine.hpp"

namespace halftone {
namespace {

using namespace test;
using ::testing::Contains;
using ::testing::HasSubstr;

UnitConfig given_option(Granularity granularity = Granularity::per_channel) {
    UnitConfig config = int8(Scheme::asym, granularity);
    config.activation.algorithm = kGiven;
    config.weight.algorithm = kGiven;
    return config;
}

/// Two convolutions with a Relu between, and a Gemm behind a Flatten.
Graph lifted_net() {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 4, 6, 6});
    const ValueId a = g.conv("a", x, random_tensor({4, 4, 3, 3}, 1), random_tensor({4}, 2));
    const ValueId b = g.conv("b", g.node("Relu", "relu", {a}), random_tensor({2, 4, 1, 1}, 3));
    return g.build({g.gemm("fc", g.node("Flatten", "flat", {b}), random_tensor({32, 5}, 4), random_tensor({5}, 5))});
}

struct Lifted {
    LiftedGraph lifted;
    std::vector<Unit> units;
    GivenNumbers given;
    explicit Lifted(const Graph& graph) : lifted(lift_quantized(graph, reference_ops()).value()) {
        lifted.graph = infer_types(lifted.graph, reference_ops());
        units = find_units(lifted.graph);
        given = given_numbers(lifted, lifted.graph, units);
    }
    /// Quantized again, by options that keep what was given.
    [[nodiscard]] QuantizedModel again(std::vector<UnitConfig> configs) const {
        QuantPlan plan;
        const PlanTopology topology(lifted.graph, units);
        plan.tensors = topology.tensors(configs);
        plan.shared = topology.shared(configs);
        plan.units = std::move(configs);
        std::map<std::string, Range> ranges;
        for (const TensorPlan& tensor : topology.observable()) ranges[tensor.name] = {-1, 3};
        WeightCodes codes;
        const PlanNumbers numbers = derive_numbers(lifted.graph, units, plan, ranges_of(ranges), codes, {}, &given);
        return apply_plan(lifted.graph, units, plan, numbers);
    }
};

bool is_same_bytes(const Tensor& a, const Tensor& b) {
    return a.type() == b.type() && std::equal(a.view().data, a.view().data + a.bytes(), b.view().data);
}

TEST(LiftQuantized, AModelWithoutPairsIsNotTouched) {
    EXPECT_FALSE(lift_quantized(infer_types(lifted_net(), reference_ops()), reference_ops()).has_value());
}

TEST(LiftQuantized, GivesTheFloatGraphAndWhatTheFileSays) {
    const Granularity tensor = Granularity::per_tensor;
    const QuantCase c(lifted_net(), {kInt8, kInt8, int8(Scheme::asym, tensor)});
    const QuantizedModel file = c.apply();
    const Lifted lifted(file.graph);
    EXPECT_EQ(op_sequence(lifted.lifted.graph), op_sequence(c.graph));
    ASSERT_EQ(lifted.given.units.size(), 3U);
    for (const QuantizedTensor& written : file.tensors) {
        if (written.unit.empty()) {
            EXPECT_EQ(lifted.given.activations.at(written.name), written.params) << written.name;
        }
        const bool is_weight = !written.unit.empty() && written.params.dtype == DType::s8;
        if (is_weight) {
            EXPECT_EQ(lifted.given.units.at(written.unit).weight.scale, written.params.scale) << written.name;
        }
    }
}

TEST(LiftQuantized, OptionsThatKeepWhatIsGivenMakeTheSameFileAgain) {
    const QuantCase c(lifted_net(), {kInt8, kInt8, int8(Scheme::asym, Granularity::per_tensor)});
    const Graph file = c.apply().graph;
    const Graph again =
        Lifted(file).again({given_option(), given_option(), given_option(Granularity::per_tensor)}).graph;
    ASSERT_EQ(op_sequence(again), op_sequence(file));
    for (std::size_t n = 0; n < file.nodes().size(); ++n) {
        for (std::size_t i = 0; i < file.nodes()[n].inputs.size(); ++i) {
            const Value& before = file.value(file.nodes()[n].inputs[i]);
            const Value& after = again.value(again.nodes()[n].inputs[i]);
            ASSERT_EQ(before.is_constant(), after.is_constant());
            if (before.is_constant()) {
                EXPECT_TRUE(is_same_bytes(before.constant, after.constant)) << before.name;
            }
        }
    }
}

TEST(LiftQuantized, AUnitMayFallBackToTheRealValuesOfItsCodes) {
    const QuantCase c(lifted_net(), {kInt8, kInt8, kInt8});
    const Graph again = Lifted(c.apply().graph).again({given_option(), kFp32, given_option()}).graph;
    EXPECT_THAT(outline(again), Contains(HasSubstr("= Conv(relu_out_dequantized, b_w_dequantized)")));
    EXPECT_TRUE(value_named(again, "b_w_dequantized").is_constant());
}

TEST(LiftQuantized, ValuesOfWhichNothingIsGivenAreCalibrated) {
    const QuantCase c(lifted_net(), {kInt8, kFp32, kFp32});  // only the first convolution is quantized
    const Lifted lifted(c.apply().graph);
    EXPECT_EQ(lifted.given.units.size(), 1U);
    const QuantizedModel again = lifted.again({given_option(), kInt8, kFp32});
    for (const QuantizedTensor& tensor : again.tensors) {
        if (tensor.name == "x") {
            EXPECT_EQ(tensor.params, lifted.given.activations.at("x"));
        }
        if (tensor.name == "b_out") {
            EXPECT_FLOAT_EQ(tensor.params.scale[0], 4.0F / 255);  // the range [-1, 3]
        }
    }
}

/// What PyTorch writes: a float weight with Q and DQ, and a batch norm that is not folded.
TEST(LiftQuantized, AWeightThatTheFileQuantizesItselfHasItsCodesAndFollowsABatchNorm) {
    GraphMaker g;
    const auto pair = [&](const std::string& name, ValueId value, const Tensor& scale, const Tensor& zero,
                          const Attributes& a) {
        const ValueId s = g.constant(name + "_s", scale);
        const ValueId z = g.constant(name + "_z", zero);
        return g.node("DequantizeLinear", name + "_dq", {g.node("QuantizeLinear", name + "_q", {value, s, z}, a), s, z},
                      a);
    };
    const ValueId x = g.input("x", {kSymbolic, 2, 4, 4});
    const ValueId input =
        pair("in", x, Tensor::scalar(0.05F), Tensor::of<std::uint8_t>(Shape{}, std::vector<std::uint8_t>{120}), {});
    // Ties: 0.25 and 0.75 in steps of 0.5 are codes 0 and 2.
    const ValueId weight = g.constant("w", floats(Shape{2, 2, 1, 1}, {0.25F, 0.75F, -1.3F, 2.0F}));
    const ValueId codes =
        pair("w", weight, floats({0.5F, 0.02F}), Tensor::of<std::int8_t>(Shape{2}, std::vector<std::int8_t>{0, 0}),
             {{"axis", std::int64_t{0}}});
    const ValueId conv = g.node("Conv", "c", {input, codes});
    const ValueId norm = g.batch_norm("bn", conv, floats({2.0F, 0.5F}), floats({0.1F, 0.2F}), floats({0.0F, 0.3F}),
                                      floats({1.0F, 4.0F}), 0.0F);
    const std::string onnx = export_onnx(infer_types(g.build({g.node("Relu", "r", {norm})}), reference_ops()));
    const PreparedModel as_written = prepare_model(onnx, "qat.onnx");
    EXPECT_TRUE(as_written.given.units.empty());
    const PreparedModel model = prepare_for_tuning(onnx, "qat.onnx");
    EXPECT_TRUE(model.is_lifted);
    EXPECT_EQ(op_sequence(model.graph), "Conv Relu");
    ASSERT_THAT(model.given.units, testing::SizeIs(1));
    const QuantParams& params = model.given.units.at("c").weight;
    // gamma / sqrt(variance): 2 and 0.25.
    EXPECT_NEAR(params.scale[0], 1.0, 1e-6);
    EXPECT_NEAR(params.scale[1], 0.005, 1e-8);
    const auto values = model.graph.value(model.units[0].weight).constant.as<float>();
    EXPECT_FLOAT_EQ(values[0], 0.0F);
    EXPECT_FLOAT_EQ(values[1], 2.0F);
}

UnitConfig by_given_blocks(DType dtype, Scheme scheme, std::int64_t group_size, Algorithm algorithm) {
    UnitConfig config = kFp32;
    config.weight = {.dtype = dtype, .scheme = scheme, .algorithm = algorithm, .group_size = group_size};
    return config;
}

/// A MatMul with a row, and a Gemm whose weight is turned.
Graph two_products() {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 40});
    const ValueId a = g.mat_mul("a", x, random_tensor({40, 24}, 1, -0.5F, 1.0F), random_tensor({24}, 2));
    return g.build({g.gemm("fc", g.node("Tanh", "tanh", {a}), random_tensor({10, 24}, 4), random_tensor({10}, 5),
                           {{"transB", std::int64_t{1}}})});
}

TEST(LiftQuantized, WeightOnlyUnitsAreGivenAndMakeTheSameFileAgain) {
    for (const DType dtype : {DType::s4, DType::s8}) {
        for (const Scheme scheme : {Scheme::sym, Scheme::asym}) {
            const UnitConfig rtn = by_given_blocks(dtype, scheme, 16, kRoundToNearest);
            const QuantCase c(two_products(), {rtn, rtn});
            const QuantizedModel file = c.apply();
            const Lifted lifted(infer_types(file.graph, reference_ops()));
            ASSERT_THAT(lifted.given.units, testing::SizeIs(2));
            for (const auto& [name, unit] : lifted.given.units) {
                EXPECT_TRUE(unit.is_weight_only()) << name;
                EXPECT_EQ(unit.activation, DType::f32) << name;
            }
            const UnitConfig given = by_given_blocks(dtype, scheme, 16, kGiven);
            const Graph again = lifted.again({given, given}).graph;
            ASSERT_EQ(op_sequence(again), op_sequence(file.graph));
            for (std::size_t n = 0; n < again.nodes().size(); ++n) {
                for (std::size_t i = 0; i < again.nodes()[n].inputs.size(); ++i) {
                    const Value& before = file.graph.value(file.graph.nodes()[n].inputs[i]);
                    const Value& after = again.value(again.nodes()[n].inputs[i]);
                    if (before.is_constant()) {
                        EXPECT_TRUE(is_same_bytes(before.constant, after.constant)) << before.name;
                    }
                }
            }
        }
    }
}

/// A matrix [4, 3] of int8 codes with one scale for each column, which a Transpose turns from [3, 4]; the same for a
/// table that Gather reads beside.
TEST(LiftQuantized, AWeightWithoutCodesInFrontIsGivenByLongBlocksAlsoBehindATranspose) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 4});
    const Tensor codes = Tensor::of<std::uint8_t>(
        Shape{3, 4}, std::vector<std::uint8_t>{0, 1, 2, 3, 100, 101, 102, 103, 255, 254, 253, 252});
    const ValueId weight =
        g.node("DequantizeLinear", "dq",
               {g.constant("w", codes), g.constant("s", floats({0.5F, 0.25F, 2.0F})),
                g.constant("z", Tensor::of<std::uint8_t>(Shape{3}, std::vector<std::uint8_t>{1, 101, 250}))},
               {{"axis", std::int64_t{0}}});
    const ValueId turned = g.node("Transpose", "turn", {weight}, {{"perm", std::vector<std::int64_t>{1, 0}}});
    const Graph graph = infer_types(g.build({g.node("MatMul", "m", {x, turned})}), reference_ops());
    const auto lifted = lift_quantized(graph, reference_ops());
    ASSERT_TRUE(lifted.has_value());
    const Graph simplified = run_passes(lifted->graph, reference_ops());
    const GivenNumbers given = given_numbers(*lifted, simplified, find_units(simplified));
    ASSERT_THAT(given.units, testing::SizeIs(1));
    const QuantParams& params = given.units.at("m").weight;
    EXPECT_EQ(params, (QuantParams{.dtype = DType::u8,
                                   .scale = {0.5F, 0.25F, 2.0F},
                                   .zero_point = {1, 101, 250},
                                   .axis = 0,
                                   .block_size = 4}));
}

/// As TensorFlow's int8 files are: the input holds codes, and a Reshape stands between Q and DQ.
TEST(LiftQuantized, CodesFromOutsideAndCodesThatAreMovedAreGiven) {
    GraphMaker g;
    int count = 0;
    const auto params = [&](float scale, std::int8_t zero_point) {
        const std::string name = std::to_string(++count);
        return std::vector{g.constant("s" + name, Tensor::scalar(scale)),
                           g.constant("z" + name, Tensor::of<std::int8_t>(Shape{}, std::vector{zero_point}))};
    };
    const auto dequantized = [&](const std::string& name, ValueId codes, const std::vector<ValueId>& by) {
        return g.node("DequantizeLinear", name, {codes, by[0], by[1]});
    };
    const auto weight = [&](const std::string& name, std::int64_t rows) {
        Tensor codes({DType::s8, Shape{rows, 4}});
        for (std::int64_t i = 0; i < 4 * rows; ++i)
            codes.mutable_view().as<std::int8_t>()[static_cast<std::size_t>(i)] = static_cast<std::int8_t>(7 * i - 40);
        return dequantized(name + "_real", g.constant(name, codes), params(0.02F, 0));
    };
    const ValueId x = g.input("x", {kSymbolic, 4, 1, 1}, DType::s8);
    const ValueId flat = g.node("Reshape", "flatten", {x, g.constant("to", int64s({-1, 4}))});
    const ValueId a = g.node("MatMul", "a", {dequantized("x_real", flat, params(0.05F, 3)), weight("wa", 4)});
    const std::vector<ValueId> middle = params(0.1F, -5);
    const ValueId codes = g.node("QuantizeLinear", "q", {g.node("Relu", "relu", {a}), middle[0], middle[1]});
    const ValueId moved = g.node("Reshape", "pairs", {codes, g.constant("to2", int64s({-1, 2, 2}))});
    const ValueId b = g.node("MatMul", "b", {dequantized("back", moved, middle), weight("wb", 2)});
    const Graph graph = infer_types(g.build({b}), reference_ops());
    const Lifted lifted(graph);
    EXPECT_THAT(lifted.given.units, testing::SizeIs(2));
    EXPECT_EQ(lifted.given.units.at("a").activation, DType::s8);
    EXPECT_EQ(lifted.given.activations.at("x_real_out"),
              (QuantParams{.dtype = DType::s8, .scale = {0.05F}, .zero_point = {3}}));
    EXPECT_EQ(lifted.given.activations.at("pairs_out_real"),
              (QuantParams{.dtype = DType::s8, .scale = {0.1F}, .zero_point = {-5}}));
    // With all options given, the same numbers come out again.
    UnitConfig option = given_option(Granularity::per_tensor);
    option.activation.dtype = DType::s8;
    const Graph again = lifted.again({option, option}).graph;
    Tensor input({DType::s8, Shape{6, 4, 1, 1}});
    for (std::size_t i = 0; i < 24; ++i) input.mutable_view().as<std::int8_t>()[i] = static_cast<std::int8_t>(11 * i);
    const std::vector<Tensor> inputs{input};
    const Tensor wanted = run_once(graph, inputs, Backend::ref).at(0);
    EXPECT_TRUE(is_same_bytes(run_once(again, inputs, Backend::ref).at(0), wanted));
}

TEST(LiftQuantized, APackedTableThatAProductSharesStaysPackedForItsOtherReaders) {
    GraphMaker g;
    g.builder().info().opset = 21;
    const ValueId x = g.input("x", {kSymbolic, 16});
    const Tensor codes =
        quantize(random_tensor({16, 2}, 3),
                 {.dtype = DType::s4, .scale = {0.2F, 0.3F}, .zero_point = {0, 0}, .axis = 0, .block_size = 16});
    const ValueId table = g.node(
        "DequantizeLinear", "dq",
        {g.constant("t", codes), g.constant("s", Tensor::of<float>(Shape{1, 2}, std::vector<float>{0.2F, 0.3F}))},
        {{"axis", std::int64_t{0}}, {"block_size", std::int64_t{16}}});
    const ValueId rows = g.node("Gather", "rows", {table, g.constant("i", int64s({3}))});
    const Graph graph =
        infer_types(g.build({g.node("Add", "sum", {g.node("MatMul", "m", {x, table}), rows})}), reference_ops());
    const auto lifted = lift_quantized(graph, reference_ops());
    ASSERT_TRUE(lifted.has_value());
    EXPECT_EQ(op_sequence(lifted->graph), op_sequence(graph));
    EXPECT_TRUE(value_named(lifted->graph, "dq_out_weight").is_constant());
    const GivenNumbers given = given_numbers(*lifted, lifted->graph, find_units(lifted->graph));
    EXPECT_THAT(given.units, testing::SizeIs(1));
}

TEST(LiftQuantized, ATableAloneIsNoReasonToLift) {
    GraphMaker g;
    g.builder().info().opset = 21;
    const ValueId i = g.input("i", {kSymbolic}, DType::s64);
    const ValueId table = g.node("DequantizeLinear", "dq",
                                 {g.constant("t", Tensor({DType::s4, Shape{16, 2}})),
                                  g.constant("s", Tensor::of<float>(Shape{1, 2}, std::vector<float>{0.2F, 0.3F}))},
                                 {{"axis", std::int64_t{0}}, {"block_size", std::int64_t{16}}});
    const Graph graph = infer_types(g.build({g.node("Gather", "rows", {table, i})}), reference_ops());
    EXPECT_FALSE(lift_quantized(graph, reference_ops()).has_value());
}

TEST(LiftQuantized, AnOutputOfTheGraphKeepsItsName) {
    const QuantCase c(lifted_net(), {kInt8, kInt8, kInt8});
    const Lifted lifted(c.apply().graph);
    EXPECT_EQ(lifted.lifted.graph.value(lifted.lifted.graph.outputs()[0]).name, "fc_out");
}

}  // namespace
}  // namespace halftone
