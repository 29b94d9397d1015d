// QuantizeLinear and DequantizeLinear whose scale or zero point is made at run time: plain operators, never part of a
// unit. The expected numbers are those of ONNX Runtime 1.x's CPU kernels for the same nodes and inputs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "base/error.hpp"
#include "exec/run_once.hpp"
#include "graph/passes/passes.hpp"
#include "graph/unit.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "support/graph_helpers.hpp"

namespace halftone {
namespace {

using namespace test;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

template <class T>
std::vector<T> values_of(const Tensor& tensor) {
    return {tensor.as<T>().begin(), tensor.as<T>().end()};
}

Tensor bytes(Shape shape, const std::vector<std::uint8_t>& values) {
    return Tensor::of<std::uint8_t>(std::move(shape), values);
}

Tensor signed_bytes(Shape shape, const std::vector<std::int8_t>& values) {
    return Tensor::of<std::int8_t>(std::move(shape), values);
}

const std::vector<float> kReals{-3.3F, -0.25F, 0.0F, 0.125F, 0.375F, 1.0F, 2.5F, 40.0F};

/// x to codes and back, with scale and zero point as inputs of the graph.
Graph there_and_back(const Shape& x, const Shape& params, DType codes) {
    GraphMaker g;
    const ValueId reals = g.input("x", x);
    const ValueId scale = g.input("s", params);
    const ValueId zero_point = g.input("z", params, codes);
    const ValueId q = g.node("QuantizeLinear", "quantize", {reals, scale, zero_point}, {}, "q");
    const ValueId y = g.node("DequantizeLinear", "dequantize", {q, scale, zero_point}, {}, "y");
    return infer_types(g.build({q, y}), reference_ops());
}

TEST(RunTimeParams, OneScaleGivesTheNumbersOfOnnxRuntime) {
    const Graph graph = there_and_back({8}, {}, DType::u8);
    for (const Backend backend : {Backend::ref, Backend::dnnl}) {
        const auto out = run_once(graph, {floats(kReals), Tensor::scalar(0.25F), bytes({}, {12})}, backend);
        EXPECT_THAT(values_of<std::uint8_t>(out[0]), ElementsAre(0, 11, 12, 12, 14, 16, 22, 172));
        EXPECT_THAT(values_of<float>(out[1]), ElementsAre(-3, -0.25F, 0, 0, 0.5F, 1, 2.5F, 40));
    }
}

TEST(RunTimeParams, AScaleForEachChannelGivesTheNumbersOfOnnxRuntime) {
    const Graph graph = there_and_back({2, 4}, {4}, DType::s8);
    const Tensor scales = floats({0.25F, 0.1F, 0.5F, 2.0F});
    const Tensor zero_points = signed_bytes({4}, {0, -5, 7, 100});
    for (const Backend backend : {Backend::ref, Backend::dnnl}) {
        const auto out = run_once(graph, {floats({2, 4}, kReals), scales, zero_points}, backend);
        EXPECT_THAT(values_of<std::int8_t>(out[0]), ElementsAre(-13, -7, 7, 100, 2, 5, 12, 120));
        EXPECT_THAT(values_of<float>(out[1]),
                    ElementsAreArray({-3.25F, -2 * 0.1F, 0.0F, 0.0F, 0.5F, 10 * 0.1F, 2.5F, 40.0F}));
    }
}

// Constants of that kind are refused. What a model computes cannot be, and the arithmetic of floats has an answer.
TEST(RunTimeParams, AScaleOfZeroSaturatesAndANegativeOneTurnsTheOrderAround) {
    GraphMaker g;
    const ValueId reals = g.input("x", {8});
    // A product, because a scale that is an input of the graph would be bound as a constant (exec/bind_inputs.hpp).
    const ValueId scale = g.node("Mul", "scale", {g.input("s", {1}), g.constant("one", floats({1}))});
    const ValueId zero_point = g.constant("zero", bytes({}, {12}));
    const Graph graph =
        infer_types(g.build({g.node("QuantizeLinear", "quantize", {reals, scale, zero_point})}), reference_ops());
    const auto codes = [&](float value) {
        const auto out = run_once(graph, {floats(kReals), floats({value})}, Backend::dnnl);
        return values_of<std::uint8_t>(out[0]);
    };
    // ONNX Runtime gives 0 for 0 / 0; here NaN becomes the zero point (tensor/affine.hpp).
    EXPECT_THAT(codes(0), ElementsAre(0, 0, 12, 255, 255, 255, 255, 255));
    EXPECT_THAT(codes(-0.25F), ElementsAre(25, 13, 12, 12, 10, 8, 2, 0));
    EXPECT_THAT(codes(std::numeric_limits<float>::quiet_NaN()), testing::Each(12));
}

TEST(RunTimeParams, AMissingZeroPointIsZeroAlsoOfInt32) {
    GraphMaker g;
    const ValueId codes = g.input("q", {3}, DType::s32);
    const ValueId scale = g.input("s", {});
    const Graph graph =
        infer_types(g.build({g.node("DequantizeLinear", "dequantize", {codes, scale})}), reference_ops());
    const Tensor q = Tensor::of<std::int32_t>({3}, std::vector<std::int32_t>{-1000000, 3, 16777217});
    EXPECT_THAT(values_of<float>(run_once(graph, {q, Tensor::scalar(0.5F)}, Backend::dnnl)[0]),
                ElementsAre(-500000, 1.5F, 8388608));
}

/// A symmetric scale from the largest magnitude, as exporters of dynamic quantization write it.
Graph scale_from_data() {
    GraphMaker g;
    const ValueId x = g.input("x", {2, 4});
    const ValueId largest =
        g.node("ReduceMax", "largest", {g.node("Abs", "abs", {x})}, {{"keepdims", std::int64_t{0}}});
    const ValueId scale = g.node("Div", "scale", {largest, g.constant("steps", Tensor::scalar(127.0F))});
    const ValueId zero_point = g.constant("zero", signed_bytes({}, {0}));
    const ValueId q = g.node("QuantizeLinear", "quantize", {x, scale, zero_point}, {}, "q");
    const ValueId real = g.node("DequantizeLinear", "dequantize", {q, scale, zero_point});
    return g.build({g.mat_mul("m", real, floats({4, 2}, {1, -2, 0.5F, 4, 3, -1, 2, 2})), q});
}

TEST(RunTimeParams, AScaleThatTheModelComputesFeedsAProduct) {
    const Graph graph = run_passes(scale_from_data(), reference_ops());
    Tensor x = floats({2, 4}, kReals);
    for (float& value : x.mutable_view().as<float>()) value /= 8;
    for (const Backend backend : {Backend::ref, Backend::dnnl}) {
        const auto out = run_once(graph, std::vector<Tensor>{x}, backend);
        EXPECT_THAT(values_of<std::int8_t>(out[1]), ElementsAre(-10, -1, 0, 0, 1, 3, 8, 127));
        EXPECT_THAT(values_of<float>(out[0]),
                    testing::Pointwise(testing::FloatNear(1e-5F), {-0.4133858F, 0.62992126F, 11.043307F, 10.07874F}));
    }
}

TEST(RunTimeParams, AUnitDoesNotReachOverSuchNodes) {
    const Graph graph = run_passes(scale_from_data(), reference_ops());
    const std::vector<Unit> units = find_units(graph);
    ASSERT_EQ(units.size(), 1U);
    EXPECT_EQ(units[0].nodes.size(), 1U) << "the product alone";
    EXPECT_EQ(graph.info().tail, nullptr) << "no shape depends on data";
}

TEST(RunTimeParams, ScalesThatAreStoredAsCodesAreDequantizedFirst) {
    GraphMaker g;
    const ValueId codes = g.input("q", {4}, DType::u8);
    const ValueId stored = g.input("stored", {}, DType::u8);
    const ValueId scale = g.node("DequantizeLinear", "inner", {stored, g.constant("unit", Tensor::scalar(0.5F))});
    const Graph graph = infer_types(g.build({g.node("DequantizeLinear", "outer", {codes, scale})}), reference_ops());
    for (const Backend backend : {Backend::ref, Backend::dnnl}) {
        const auto out = run_once(graph, {bytes({4}, {0, 1, 2, 255}), bytes({}, {6})}, backend);
        EXPECT_THAT(values_of<float>(out[0]), ElementsAre(0, 3, 6, 765));
    }
}

TEST(RunTimeParams, ShapesThatDoNotFitAreRefusedByName) {
    GraphMaker g;
    const ValueId x = g.input("x", {2, 4});
    const Graph graph = g.build({g.node("QuantizeLinear", "quantize", {x, g.input("s", {3})})});
    try {
        static_cast<void>(infer_types(graph, reference_ops()));
        FAIL() << "three scales for four channels";
    } catch (const ModelError& error) {
        EXPECT_THAT(error.what(),
                    testing::HasSubstr("QuantizeLinear node 'quantize': 3 scales for [2,4] along axis 1"));
    }
}

}  // namespace
}  // namespace halftone
