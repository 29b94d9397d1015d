// Scales of weights by every algorithm, and what the corrections of a plan's numbers do.
#include "exec/weight_params.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.hpp"
#include "exec/plan_numbers.hpp"
#include "support/quant_plans.hpp"
#include "tensor/affine.hpp"

namespace halftone {
namespace {

using test::GraphMaker;
using test::random_tensor;

constexpr std::array kAlgorithms{Algorithm::minmax, Algorithm::mse, Algorithm::kl, Algorithm::percentile};

/// Of a bell's shape, with a far outlier in each channel: [channels, 1000].
Tensor peaked(std::int64_t channels) {
    Tensor weight = random_tensor({channels, 1000}, 3);
    const auto values = weight.mutable_view().as<float>();
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = i % 1000 == 7 ? 3.0F : 0.2F * values[i] * values[i] * values[i];
    }
    return weight;
}

double squared_error(const Tensor& weight, const QuantParams& params) {
    const Tensor back = dequantize(quantize(weight, params), params);
    double sum = 0;
    for (std::size_t i = 0; i < weight.as<float>().size(); ++i) {
        sum += std::pow(static_cast<double>(weight.as<float>()[i]) - static_cast<double>(back.as<float>()[i]), 2);
    }
    return sum;
}

TEST(WeightParams, SymmetricMinMaxIsTheExtremeOverTheLargestCode) {
    const Tensor weight = test::floats(Shape{2, 2}, {1.0F, -2.0F, 0.5F, 0.0F});
    for (const float bit : {7.0F, 6.0F, 3.0F}) {
        const QuantParams params = choose_weight_params(weight, {.dtype = DType::s8, .bit = bit}, 0);
        const float codes = std::exp2(bit) - 1;
        EXPECT_THAT(params.scale, testing::ElementsAre(2.0F / codes, 0.5F / codes));
        EXPECT_THAT(params.zero_point, testing::ElementsAre(0, 0));
    }
}

TEST(WeightParams, LeastSquaresIsNeverWorseThanMinMax) {
    for (const Granularity granularity : {Granularity::per_channel, Granularity::per_tensor}) {
        for (const Scheme scheme : {Scheme::sym, Scheme::asym}) {
            WeightConfig config{.dtype = DType::s8, .scheme = scheme, .granularity = granularity, .bit = 4.0F};
            const Tensor weight = peaked(4);
            const double minmax = squared_error(weight, choose_weight_params(weight, config, 0));
            config.algorithm = Algorithm::mse;
            EXPECT_LT(squared_error(weight, choose_weight_params(weight, config, 0)), minmax);
        }
    }
}

TEST(WeightParams, ClippingAlgorithmsLeaveOutAnOutlier) {
    const Tensor weight = peaked(2);
    WeightConfig config{.dtype = DType::s8};
    const float widest = choose_weight_params(weight, config, 0).scale[0];
    config.algorithm = Algorithm::kl;
    EXPECT_LT(choose_weight_params(weight, config, 0).scale[0], 0.5F * widest);
}

TEST(WeightParams, AsymmetricOnesUseAllCodesAndKeepZeroExact) {
    const Tensor weight = test::floats(Shape{1, 3}, {-0.5F, 0.0F, 1.5F});
    const QuantParams params = choose_weight_params(weight, {.dtype = DType::s8, .scheme = Scheme::asym}, 0);
    EXPECT_FLOAT_EQ(params.scale[0], 2.0F / 255);
    const Tensor back = dequantize(quantize(weight, params), params);
    EXPECT_EQ(back.as<float>()[1], 0.0F);
    EXPECT_NEAR(back.as<float>()[0], -0.5F, params.scale[0]);
    EXPECT_NEAR(back.as<float>()[2], 1.5F, params.scale[0]);
}

TEST(WeightParams, ZerosAndTinyChannelsHaveUsableScales) {
    for (const Algorithm algorithm : kAlgorithms) {
        const Tensor weight = test::floats(Shape{2, 2}, {0.0F, 0.0F, 1e-12F, -1e-12F});
        const QuantParams params = choose_weight_params(weight, {.dtype = DType::s8, .algorithm = algorithm}, 0);
        EXPECT_EQ(params.scale[0], 1.0F);
        EXPECT_GT(params.scale[1], 0.0F);
        EXPECT_LE(params.scale[1], 1e-12F);
    }
}

struct OneUnit {
    Graph graph;
    std::vector<Unit> units;
    QuantPlan plan;
    RangeTable ranges;

    explicit OneUnit(Tensor weight) {
        GraphMaker g;
        const ValueId x = g.input("x", {kSymbolic, weight.shape()[1]});
        graph = infer_types(g.build({g.gemm("fc", x, std::move(weight), {}, {{"transB", std::int64_t{1}}})}),
                            reference_ops());
        units = find_units(graph);
        plan.units = {{.activation = {.dtype = DType::u8}, .weight = {.dtype = DType::s8}}};
        plan.tensors = PlanTopology(graph, units).tensors(plan.units);
        ranges = test::ranges_of({{"x", {-1, 1}}});
    }
    [[nodiscard]] UnitNumbers numbers(const WeightTreatment& treatment) const {
        WeightCodes codes;
        return derive_numbers(graph, units, plan, ranges, codes, treatment).units.at("fc");
    }
};

/// Mean and deviation of each row of 1000.
std::vector<double> moments(const Tensor& weight) {
    std::vector<double> all;
    for (std::size_t row = 0; row < weight.as<float>().size() / 1000; ++row) {
        const auto values = weight.as<float>().subspan(row * 1000, 1000);
        double mean = 0;
        double square = 0;
        for (const float w : values) mean += static_cast<double>(w) / 1000;
        for (const float w : values) square += std::pow(static_cast<double>(w) - mean, 2) / 1000;
        all.push_back(mean);
        all.push_back(std::sqrt(square));
    }
    return all;
}

TEST(WeightCorrection, BringsMeanAndDeviationBack) {
    OneUnit one(peaked(4));
    one.plan.units[0].weight.bit = 5.0F;  // 31 codes on either side of which most values use 2: rounding changes both
    const auto& weight = one.graph.value(one.units[0].weight).constant;
    const UnitNumbers plain = one.numbers({});
    const UnitNumbers corrected = one.numbers({.corrects_weights = true});
    EXPECT_EQ(corrected.weight, plain.weight);
    const auto real = moments(weight);
    const auto before = moments(dequantize(quantize(weight, plain.weight), plain.weight));
    const Tensor moved = corrected_weight(one.graph, one.units[0], corrected);
    const auto after = moments(dequantize(quantize(moved, corrected.weight), corrected.weight));
    for (std::size_t i = 0; i < real.size(); ++i) {
        EXPECT_LE(std::abs(after[i] - real[i]), 0.5 * std::abs(before[i] - real[i])) << i;
    }
}

TEST(WeightCorrection, APrunedModelKeepsItsZeros) {
    Tensor pruned = peaked(4).clone();
    const auto values = pruned.mutable_view().as<float>();
    for (std::size_t i = 0; i < values.size(); i += 2) values[i] = 0;
    for (std::size_t i = 1; i < values.size(); i += 2) values[i] += 0.3F;  // a mean that asks for a shift
    OneUnit one(pruned);
    one.plan.units[0].weight.bit = 5.0F;
    for (const Scheme scheme : {Scheme::sym, Scheme::asym}) {
        one.plan.units[0].weight.scheme = scheme;
        const UnitNumbers corrected = one.numbers({.corrects_weights = true});
        const Tensor moved = corrected_weight(one.graph, one.units[0], corrected);
        const Tensor stored = dequantize(quantize(moved, corrected.weight), corrected.weight);
        for (std::size_t i = 0; i < values.size(); i += 2) ASSERT_EQ(stored.as<float>()[i], 0.0F) << i;
    }
}

TEST(ReduceRange, VerifyReducesOnlyWhatCouldSaturate) {
    Tensor harmless = test::floats(Shape{1, 3}, {1.0F, 0.001F, 0.0F});
    EXPECT_FLOAT_EQ(OneUnit(harmless).numbers({.verifies_range = true}).weight.scale[0], 1.0F / 127);
    Tensor saturating = test::floats(Shape{1, 3}, {1.0F, 1.0F, 0.0F});  // 255 * 127 * 2 > 32767
    EXPECT_FLOAT_EQ(OneUnit(saturating).numbers({.verifies_range = true}).weight.scale[0], 1.0F / 63);
    EXPECT_FLOAT_EQ(OneUnit(saturating).numbers({}).weight.scale[0], 1.0F / 127);
}

}  // namespace
}  // namespace halftone
