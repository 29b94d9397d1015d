// Equalization keeps the function and evens out the channels' ranges.
#include "exec/equalize.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "base/error.hpp"
#include "exec/run_once.hpp"
#include "support/quant_plans.hpp"

namespace halftone {
namespace {

using test::GraphMaker;
using test::random_tensor;

/// Weights [out, in, k, k] whose output channels differ by powers of 4.
Tensor uneven(const Shape& shape, std::uint64_t seed) {
    Tensor weight = random_tensor(shape, seed, -0.5F, 0.5F);
    const auto values = weight.mutable_view().as<float>();
    const std::size_t block = values.size() / static_cast<std::size_t>(shape[0]);
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] *= std::exp2(static_cast<float>(2 * (i / block % 5)) - 4);
    }
    return weight;
}

/// conv (Relu) -> depthwise conv (Relu) -> conv, whose result and the input's own conv go on.
Graph chain(const std::string& activation = "Relu") {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 3, 6, 6});
    const ValueId a = g.node(activation, "act", {g.conv("a", x, uneven({8, 3, 3, 3}, 1), random_tensor({8}, 2))});
    const ValueId b =
        g.node("Relu", "relu_b", {g.conv("b", a, uneven({8, 1, 3, 3}, 3), {}, {{"group", std::int64_t{8}}})});
    return infer_types(g.build({g.conv("c", b, uneven({4, 8, 1, 1}, 4), random_tensor({4}, 5))}), reference_ops());
}

std::vector<float> result_of(const Graph& graph) {
    const auto outputs = halftone::run_once(graph, {random_tensor({2, 3, 6, 6}, 9)}, Backend::ref);
    const auto values = outputs.front().as<float>();
    return {values.begin(), values.end()};
}

TEST(Equalize, KeepsTheFunction) {
    const Graph graph = chain();
    const std::vector<Unit> units = find_units(graph);
    const auto pairs = find_equalization(graph, units);
    ASSERT_EQ(pairs.size(), 2U);
    EXPECT_EQ(pairs[0].first, "a");
    EXPECT_EQ(pairs[1].second, "c");
    const std::vector<float> before = result_of(graph);
    const std::vector<float> after = result_of(equalize(graph, units, pairs));
    ASSERT_EQ(after.size(), before.size());
    for (std::size_t i = 0; i < before.size(); ++i) EXPECT_NEAR(after[i], before[i], 1e-5F * (1 + std::abs(before[i])));
}

TEST(Equalize, MakesTheChannelsOfBothSidesEquallyWide) {
    const Graph graph = chain();
    const std::vector<Unit> units = find_units(graph);
    const Graph equalized = equalize(graph, units, find_equalization(graph, units));
    const auto b = test::value_named(equalized, "b_w").constant.as<float>();
    const auto c = test::value_named(equalized, "c_w").constant.as<float>();
    for (std::size_t channel = 0; channel < 8; ++channel) {
        float widest_b = 0;
        float widest_c = 0;
        for (std::size_t i = 0; i < 9; ++i) widest_b = std::max(widest_b, std::abs(b[channel * 9 + i]));
        for (std::size_t o = 0; o < 4; ++o) widest_c = std::max(widest_c, std::abs(c[o * 8 + channel]));
        EXPECT_NEAR(widest_b / widest_c, 1.0F, 1e-2F) << channel;
    }
}

TEST(Equalize, PassesThroughNothingThatAFactorChanges) {
    GraphMaker clipped;
    const ValueId x = clipped.input("x", {kSymbolic, 3, 6, 6});
    const ValueId a =
        clipped.node("Clip", "clip",
                     {clipped.conv("a", x, uneven({8, 3, 1, 1}, 1)), clipped.constant("lo", Tensor::scalar(0.0F)),
                      clipped.constant("hi", Tensor::scalar(6.0F))});
    const Graph with_clip =
        infer_types(clipped.build({clipped.conv("b", a, uneven({4, 8, 1, 1}, 2))}), reference_ops());
    EXPECT_THAT(find_equalization(with_clip, find_units(with_clip)), testing::IsEmpty());

    GraphMaker shared;
    const ValueId y = shared.input("x", {kSymbolic, 3, 6, 6});
    const ValueId s = shared.conv("a", y, uneven({8, 3, 1, 1}, 1));
    const Graph two_readers = infer_types(
        shared.build({shared.conv("b", s, uneven({4, 8, 1, 1}, 2)), shared.conv("c", s, uneven({4, 8, 1, 1}, 3))}),
        reference_ops());
    EXPECT_THAT(find_equalization(two_readers, find_units(two_readers)), testing::IsEmpty());
}

/// Two convolutions of one weight, then one of another; `calls` of them, each with an input of its own.
Graph chains_of_one_weight(int calls) {
    GraphMaker g;
    const ValueId w = g.constant("w", uneven({3, 3, 1, 1}, 1));
    const ValueId bias = g.constant("bias", random_tensor({3}, 2));
    const ValueId last = g.constant("last", uneven({2, 3, 1, 1}, 3));
    std::vector<ValueId> outputs;
    for (int i = 0; i < calls; ++i) {
        const std::string call = "call_" + std::to_string(i);
        ValueId x = g.input(call + "_x", {kSymbolic, 3, 6, 6});
        for (const std::string layer : {"_a", "_b"}) {
            const ValueId y = g.node("Conv", call + layer, {x, w, bias});
            x = g.node("Relu", call + layer + "_relu", {y});
        }
        outputs.push_back(g.node("Conv", call + "_c", {x, last}));
    }
    return infer_types(g.build(outputs), reference_ops());
}

// The layers that share a weight need other factors, so each gets a weight of its own.
TEST(Equalize, GivesEachReaderOfAWeightItsOwn) {
    const Graph graph = chains_of_one_weight(1);
    const std::vector<Unit> units = find_units(graph);
    const auto pairs = find_equalization(graph, units);
    ASSERT_EQ(pairs.size(), 2U);
    const Graph equalized = equalize(graph, units, pairs);
    const std::vector<Unit> after = find_units(equalized);
    ASSERT_EQ(after.size(), 3U);
    EXPECT_EQ(equalized.value(after[0].weight).name, "w");
    EXPECT_EQ(equalized.value(after[1].weight).name, "w_1");
    EXPECT_EQ(equalized.value(after[1].bias).name, "bias_1");
    const std::vector<float> expected = result_of(graph), have = result_of(equalized);
    ASSERT_EQ(have.size(), expected.size());
    for (std::size_t i = 0; i < have.size(); ++i)
        EXPECT_NEAR(have[i], expected[i], 1e-5F * (1 + std::abs(expected[i])));
}

// As in a detector, whose head reads each level of a pyramid: the factors of the calls are equal, so nothing is copied.
TEST(Equalize, CallsWithEqualFactorsGoOnSharing) {
    const Graph graph = chains_of_one_weight(3);
    const std::vector<Unit> units = find_units(graph);
    const auto pairs = find_equalization(graph, units);
    ASSERT_EQ(pairs.size(), 6U);
    const Graph equalized = equalize(graph, units, pairs);
    std::set<ValueId> weights;
    for (const Unit& unit : find_units(equalized)) weights.insert(unit.weight);
    EXPECT_EQ(weights.size(), 3U);
}

TEST(Equalize, ChangesNoConstantForAReaderThatIsNoUnit) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 3, 6, 6});
    const Tensor weight = uneven({3, 3, 1, 1}, 1);
    const ValueId w = g.constant("w", weight);
    const ValueId a = g.node("Relu", "relu", {g.node("Conv", "a", {x, w})});
    const ValueId b = g.conv("b", a, uneven({4, 3, 1, 1}, 2));
    const ValueId other = g.node("Neg", "neg", {w});
    const Graph graph = infer_types(g.build({b, other}), reference_ops());
    const std::vector<Unit> units = find_units(graph);
    const Graph equalized = equalize(graph, units, find_equalization(graph, units));
    EXPECT_TRUE(has_same_bytes(test::value_named(equalized, "w").constant, weight));
    EXPECT_FALSE(has_same_bytes(test::value_named(equalized, "w_1").constant, weight));
}

TEST(Equalize, PairsOfAnotherModelAreErrors) {
    const Graph graph = chain();
    const std::vector<Unit> units = find_units(graph);
    EXPECT_THROW((void)equalize(graph, units, {{"a", "z", std::vector<float>(8, 1.0F)}}), ModelError);
    EXPECT_THROW((void)equalize(graph, units, {{"a", "c", std::vector<float>(8, 1.0F)}}), ModelError);
    EXPECT_THROW((void)equalize(graph, units, {{"a", "b", {1.0F}}}), ModelError);
}

}  // namespace
}  // namespace halftone
