#include "exec/qdq/qdq_view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/graph_helpers.hpp"

namespace halftone {
namespace {

using test::GraphMaker;
using ::testing::ElementsAre;

template <class T>
Tensor integers(const Shape& shape, const std::vector<T>& values) {
    return Tensor::of<T>(shape, values);
}

/// x -> Q -> codes -> DQ -> back -> Relu -> y, with u8 codes of scale 0.5 and zero point 3.
struct Chain {
    GraphMaker g;
    ValueId x = g.input("x", {kSymbolic, 4});
    ValueId scale = g.constant("scale", Tensor::scalar(0.5F));
    ValueId point = g.constant("point", Tensor::scalar(std::uint8_t{3}));

    Graph build() {
        const ValueId codes = g.node("QuantizeLinear", "q", {x, scale, point}, {}, "codes");
        g.builder().value(codes).type = {DType::u8, Shape{kSymbolic, 4}};
        const ValueId back = g.node("DequantizeLinear", "dq", {codes, scale, point}, {}, "back");
        return g.build({g.node("Relu", "relu", {back}, {}, "y")});
    }
};

TEST(QdqView, SeesTheCodesBehindARealValue) {
    const Graph graph = Chain().build();
    DequantizedConstants constants;
    const QdqView view(graph, constants);
    const auto codes = view.activation_codes(*graph.find_value("back"));
    ASSERT_TRUE(codes);
    EXPECT_EQ(graph.value(codes->value).name, "codes");
    EXPECT_EQ(codes->params, (QuantParams{.dtype = DType::u8, .scale = {0.5F}, .zero_point = {3}}));
    EXPECT_FALSE(view.activation_codes(*graph.find_value("x")));
    EXPECT_FALSE(view.activation_codes(*graph.find_value("y")));
    EXPECT_EQ(view.real_constant(*graph.find_value("back")), nullptr);
}

TEST(QdqView, AQuantizeNodeShowsItsParameters) {
    const Graph graph = Chain().build();
    DequantizedConstants constants;
    const QdqView view(graph, constants);
    const NodeId quantize = graph.producer(*graph.find_value("codes"));
    ASSERT_TRUE(view.is_activation_quantize(quantize));
    EXPECT_EQ(view.quantize_params(quantize).zero_point[0], 3);
    EXPECT_FALSE(view.is_activation_quantize(graph.producer(*graph.find_value("y"))));
}

TEST(QdqView, AMissingZeroPointIsUint8Zero) {
    Chain chain;
    chain.point = ValueId{};
    const Graph graph = chain.build();
    DequantizedConstants constants;
    const auto codes = QdqView(graph, constants).activation_codes(*graph.find_value("back"));
    ASSERT_TRUE(codes);
    EXPECT_EQ(codes->params, (QuantParams{.dtype = DType::u8, .scale = {0.5F}, .zero_point = {0}}));
}

TEST(QdqView, ScalesPerChannelAreNoActivation) {
    Chain chain;
    chain.scale = chain.g.constant("scales", test::floats({1, 2, 3, 4}));
    chain.point = chain.g.constant("points", integers<std::uint8_t>({4}, {0, 0, 0, 0}));
    const Graph graph = chain.build();
    DequantizedConstants constants;
    EXPECT_FALSE(QdqView(graph, constants).activation_codes(*graph.find_value("back")));
    EXPECT_FALSE(QdqView(graph, constants).is_activation_quantize(graph.producer(*graph.find_value("codes"))));
}

TEST(QdqView, AStoredConstantIsReadAsIntegersAndAsNumbers) {
    GraphMaker g;
    const ValueId x = g.input("x", {2, 2});
    const ValueId stored = g.constant("stored", integers<std::int8_t>({2, 2}, {1, -2, 3, -4}));
    const ValueId scale = g.constant("scale", test::floats({0.5F, 2.0F}));
    const ValueId point = g.constant("point", integers<std::int8_t>({2}, {0, 0}));
    const ValueId weight = g.node("DequantizeLinear", "dq", {stored, scale, point}, {{"axis", std::int64_t{-1}}}, "w");
    const Graph graph = g.build({g.node("Add", "add", {x, weight}, {}, "y")});
    DequantizedConstants constants;
    const QdqView view(graph, constants);
    const auto constant = view.stored_constant(*graph.find_value("w"), DType::s8);
    ASSERT_TRUE(constant);
    EXPECT_EQ(constant->params.axis, 1);  // counted from the front
    EXPECT_THAT(constant->tensor.as<std::int8_t>(), ElementsAre(1, -2, 3, -4));
    EXPECT_FALSE(view.stored_constant(*graph.find_value("w"), DType::s32));
    const Tensor* real = view.real_constant(*graph.find_value("w"));
    ASSERT_NE(real, nullptr);
    EXPECT_THAT(real->as<float>(), ElementsAre(0.5F, -4.0F, 1.5F, -8.0F));
    EXPECT_EQ(view.real_constant(*graph.find_value("x")), nullptr);
}

}  // namespace
}  // namespace halftone
