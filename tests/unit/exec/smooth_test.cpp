// SmoothQuant keeps the function and takes outlier channels out of a product's input.
#include "exec/smooth.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "base/error.hpp"
#include "exec/apply_plan.hpp"
#include "exec/run_once.hpp"
#include "exec/session.hpp"
#include "support/quant_plans.hpp"

namespace halftone {
namespace {

using test::GraphMaker;
using test::random_tensor;

constexpr std::int64_t kChannels = 16;

/// A row of ones with an outlier.
Tensor with_outlier(float outlier) {
    Tensor row = random_tensor({kChannels}, 5, 0.5F, 1.0F);
    row.mutable_view().as<float>()[3] = outlier;
    return row;
}

/// Normalization with an outlier in its scale -> two MatMuls (query, key) -> their sum -> Relu -> MatMul.
Graph network(bool is_decomposed = false) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 6, kChannels});
    const ValueId scale = g.constant("scale", with_outlier(60.0F));
    const ValueId bias = g.constant("bias", random_tensor({kChannels}, 6));
    ValueId normal;
    if (is_decomposed) {
        normal = g.node("Add", "ln_add", {g.node("Mul", "ln_mul", {x, scale}), bias}, {}, "normal");
    } else {
        normal = g.node("LayerNormalization", "ln", {x, scale, bias}, {}, "normal");
    }
    const ValueId query = g.mat_mul("q", normal, random_tensor({kChannels, 8}, 1));
    const ValueId key = g.mat_mul("k", normal, random_tensor({kChannels, 8}, 2));
    const ValueId relu = g.node("Relu", "relu", {g.node("Add", "sum", {query, key})}, {}, "activated");
    return infer_types(g.build({g.mat_mul("out", relu, random_tensor({8, 4}, 3))}), reference_ops());
}

Tensor input() { return random_tensor({3, 6, kChannels}, 9); }

std::vector<float> smooth_result_of(const Graph& graph) {
    const auto outputs = halftone::run_once(graph, {input()}, Backend::ref);
    const auto values = outputs.front().as<float>();
    return {values.begin(), values.end()};
}

/// Extremes of a value's channels for input().
ChannelExtremes extremes_of(const Graph& graph, const std::string& name) {
    Session session(graph, reference_ops(), {.batch = 3, .taps = {graph.find_value(name).value()}});
    const auto values = input();
    std::copy(values.as<float>().begin(), values.as<float>().end(), session.input(0).as<float>().begin());
    session.run();
    const TensorView tap = session.tap(0);
    const auto channels = static_cast<std::size_t>(tap.type.shape[tap.type.shape.rank() - 1]);
    ChannelExtremes extremes{std::vector<float>(channels, 0.0F), std::vector<float>(channels, 0.0F)};
    for (std::size_t i = 0; i < tap.as<float>().size(); ++i) {
        extremes.low[i % channels] = std::min(extremes.low[i % channels], tap.as<float>()[i]);
        extremes.high[i % channels] = std::max(extremes.high[i % channels], tap.as<float>()[i]);
    }
    return extremes;
}

std::vector<SmoothedValue> smoothing_of(const Graph& graph, double alpha) {
    const std::vector<Unit> units = find_units(graph);
    std::map<std::string, ChannelExtremes> extremes;
    for (const std::string& name : smoothable_values(graph, units)) extremes[name] = extremes_of(graph, name);
    return find_smoothing(graph, units, extremes, alpha);
}

Graph smoothed_by(const Graph& graph, double alpha) {
    return smooth(graph, find_units(graph), smoothing_of(graph, alpha));
}

TEST(Smooth, FoldsIntoANormalizationElsePutsAMulIn) {
    for (const bool is_decomposed : {false, true}) {
        const Graph graph = network(is_decomposed);
        const Graph prepared = prepare_smoothing(graph, find_units(graph));
        EXPECT_THAT(smoothable_values(prepared, find_units(prepared)),
                    testing::ElementsAre("normal", "activated_smoothed"));
        EXPECT_EQ(prepared.nodes().size(), graph.nodes().size() + 1) << "one Mul, behind the Relu";
        EXPECT_EQ(smooth_result_of(prepared), smooth_result_of(graph));
    }
}

TEST(Smooth, KeepsTheFunction) {
    const Graph graph = network();
    const Graph prepared = prepare_smoothing(graph, find_units(graph));
    const std::vector<float> before = smooth_result_of(graph);
    for (const double alpha : {0.0, 0.5, 1.0}) {
        const std::vector<float> after = smooth_result_of(smoothed_by(prepared, alpha));
        for (std::size_t i = 0; i < before.size(); ++i) {
            EXPECT_NEAR(after[i], before[i], 1e-4F * (1 + std::abs(before[i]))) << alpha;
        }
    }
}

TEST(Smooth, FactorsAreThoseOfTheFormula) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 2});
    const ValueId y = g.node("Mul", "mul", {x, g.constant("row", test::floats({1.0F, 1.0F}))}, {}, "y");
    const Graph graph =
        infer_types(g.build({g.mat_mul("m", y, test::floats({2, 2}, {0.25F, -0.5F, 0.0F, 0.0F}))}), reference_ops());
    const std::map<std::string, ChannelExtremes> extremes{{"y", {{-8.0F, -1.0F}, {2.0F, 1.0F}}}};
    const auto smoothed = find_smoothing(graph, find_units(graph), extremes, 0.5);
    EXPECT_THAT(smoothed.at(0).factor, testing::ElementsAre(4.0F, 1.0F)) << "sqrt(8) / sqrt(0.5); weights of zero: 1";
}

TEST(Smooth, WinsBackAtLeastHalfOfWhatOutliersCost) {
    const Graph graph = network();
    const Graph prepared = prepare_smoothing(graph, find_units(graph));
    const std::vector<float> real = smooth_result_of(graph);
    const auto error_of = [&](const Graph& candidate) {
        std::map<std::string, Range> ranges{{"x", {-1, 1}}};
        for (const Unit& unit : find_units(candidate)) {
            const std::string name = candidate.value(unit.input).name;
            const ChannelExtremes extremes = extremes_of(candidate, name);
            ranges[name] = {*std::min_element(extremes.low.begin(), extremes.low.end()),
                            *std::max_element(extremes.high.begin(), extremes.high.end())};
        }
        const std::vector<UnitConfig> configs(find_units(candidate).size(), test::kInt8);
        const std::vector<float> found = smooth_result_of(test::QuantCase(candidate, configs, ranges).apply().graph);
        double error = 0;
        for (std::size_t i = 0; i < real.size(); ++i) {
            error += std::pow(static_cast<double>(found[i]) - static_cast<double>(real[i]), 2);
        }
        return std::sqrt(error);
    };
    EXPECT_LT(error_of(smoothed_by(prepared, 0.5)), 0.5 * error_of(graph));
}

/// (x * outlier row + row) times a weight: the sum is smoothable. Outputs are the result and, by choice, more.
struct ScaledRows {
    GraphMaker g;
    ValueId x = g.input("x", {kSymbolic, 6, kChannels});
    ValueId scaled = g.node("Mul", "mul", {x, g.constant("scale", with_outlier(60.0F))}, {}, "scaled");
    ValueId row = g.constant("row", random_tensor({kChannels}, 6));
    ValueId weight = g.constant("w", random_tensor({kChannels, 8}, 1));
    ValueId y = g.node("MatMul", "product", {g.node("Add", "add", {scaled, row}), weight});
    Graph with(ValueId output) { return infer_types(g.build({y, output}), reference_ops()); }
};

// What is read from outside must not change: then a Mul comes in instead.
TEST(Smooth, LeavesOutputsOfTheGraphAsTheyAre) {
    const Graph graph = ScaledRows().with(ScaledRows().scaled);
    const Graph smoothed = smoothed_by(prepare_smoothing(graph, find_units(graph)), 0.5);
    const auto want = halftone::run_once(graph, {input()}, Backend::ref);
    const auto have = halftone::run_once(smoothed, {input()}, Backend::ref);
    EXPECT_TRUE(has_same_bytes(have[1], want[1]));
    for (std::size_t e = 0; e < want[0].as<float>().size(); ++e) {
        EXPECT_NEAR(have[0].as<float>()[e], want[0].as<float>()[e], 1e-3F * (1 + std::abs(want[0].as<float>()[e])));
    }
    EXPECT_GT(smoothed.nodes().size(), graph.nodes().size());
}

TEST(Smooth, AWeightThatIsAnOutputIsNotChanged) {
    const Graph graph = ScaledRows().with(ScaledRows().weight);
    EXPECT_THAT(smoothable_values(graph, find_units(graph)), testing::IsEmpty());
}

TEST(Smooth, ValuesOfAnotherModelAreErrors) {
    const Graph graph = network();
    const std::vector<Unit> units = find_units(graph);
    EXPECT_THROW((void)smooth(graph, units, {{"z", {1.0F}}}), ModelError);
    EXPECT_THROW((void)smooth(graph, units, {{"normal", {1.0F}}}), ModelError);
}

}  // namespace
}  // namespace halftone
