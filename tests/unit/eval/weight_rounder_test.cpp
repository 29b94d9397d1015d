// Weights that calibration data round: the products of inputs, and what becomes of a plan's numbers.
#include "eval/weight_rounder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "eval/input_products.hpp"
#include "support/evaluation_world.hpp"
#include "tensor/affine.hpp"
#include "unit/eval/weights_world.hpp"

namespace halftone {
namespace {

using namespace test;

/// Two products that read one value, and a Gemm with a turned weight behind them.
Graph rounded_net() {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 24});
    const ValueId mixed = g.mat_mul("mix", x, random_tensor({24, 32}, 7));
    const ValueId a = g.mat_mul("a", mixed, random_tensor({32, 20}, 1));
    const ValueId b = g.mat_mul("b", mixed, random_tensor({32, 20}, 2), random_tensor({20}, 3));
    return infer_types(g.build({g.gemm("fc", g.node("Add", "sum", {a, b}), random_tensor({5, 20}, 4), {},
                                       {{"transB", std::int64_t{1}}})}),
                       reference_ops());
}

struct RounderWorld : WeightsWorld {
    RounderWorld() : WeightsWorld(rounded_net()) {}
};

TEST(InputProducts, AreTheSumsOverTheRowsOfTheSamples) {
    RounderWorld w;
    const auto products = input_products(w.model.graph, {"x"}, w.samples, 40).at("x");
    std::vector<double> wanted(24 * 24);
    for (const auto& row : rows_of(w.data, 40)) {
        for (std::size_t i = 0; i < 24; ++i) {
            for (std::size_t j = i; j < 24; ++j)
                wanted[i * 24 + j] += static_cast<double>(row[i]) * static_cast<double>(row[j]);
        }
    }
    EXPECT_EQ(products, wanted);
    SampleSource other(w.data, {.samples = 60, .shards = 7, .batch = 25});
    EXPECT_EQ(input_products(w.model.graph, {"x"}, other, 40).at("x"), products) << "however the samples are cut";
}

/// Sum of squared errors of a unit's product over the samples, by the products of its input.
double product_error(const RounderWorld& w, const Unit& unit, const Tensor& real, SampleSource& samples) {
    const std::string& name = w.model.graph.value(unit.input).name;
    const std::vector<double> products = input_products(w.model.graph, {name}, samples, 40).at(name);
    const Tensor& weight = w.model.graph.value(unit.weight).constant;
    const auto columns = static_cast<std::size_t>(weight.shape()[1]);
    const auto rows = static_cast<std::size_t>(weight.shape()[0]);
    const auto off = [&](std::size_t row, std::size_t column) {
        const std::size_t i = row * columns + column;
        return static_cast<double>(real.as<float>()[i]) - static_cast<double>(weight.as<float>()[i]);
    };
    double error = 0;
    for (std::size_t c = 0; c < columns; ++c) {
        for (std::size_t i = 0; i < rows; ++i) {
            for (std::size_t j = i; j < rows; ++j) {
                error += (i == j ? 1.0 : 2.0) * products[i * rows + j] * off(i, c) * off(j, c);
            }
        }
    }
    return error;
}

TEST(WeightRounder, PutsCodesWithSmallerErrorsInThePlaceOfTheNearestOnes) {
    RounderWorld w;
    WeightRounder rounder(w.model, w.samples, 40);
    const UnitConfig gptq = int4_by(kGptq);
    const QuantPlan plan = w.plan({gptq, gptq, int4_by(kRoundToNearest), gptq});
    ASSERT_TRUE(needs_rounder(plan));
    const PlanNumbers nearest = w.numbers(plan);
    PlanNumbers numbers = nearest;
    rounder.round(plan, numbers);
    EXPECT_EQ(numbers.units.at("b"), nearest.units.at("b")) << "rtn needs no data";
    for (const std::size_t u : {0U, 1U}) {
        const Unit& unit = w.model.units[u];
        const UnitNumbers& found = numbers.units.at(unit.name);
        ASSERT_FALSE(found.codes.is_empty());
        const Tensor& weight = w.model.graph.value(unit.weight).constant;
        const QuantParams& params = nearest.units.at(unit.name).weight;
        const double rtn = product_error(w, unit, dequantize(quantize(weight, params), params), w.samples);
        const double data = product_error(w, unit, dequantize(found.codes, found.weight), w.samples);
        EXPECT_LT(data, 0.9 * rtn) << unit.name;
    }
    EXPECT_EQ(numbers.units.at("fc").weight.axis, 1);
    PlanNumbers again = nearest;
    WeightRounder(w.model, w.samples, 40).round(plan, again);
    EXPECT_EQ(again, numbers) << "the same samples give the same codes";

    // The graph holds those codes.
    const QuantizedModel model = apply_plan(w.model.graph, w.model.units, plan, numbers);
    const Tensor& stored = value_named(model.graph, "mix_w_quantized").constant;
    const Tensor& codes = numbers.units.at("mix").codes;
    EXPECT_TRUE(std::equal(stored.view().data, stored.view().data + stored.bytes(), codes.view().data));
}

TEST(WeightRounder, APlanWithoutSuchUnitsRunsNothing) {
    RounderWorld w;
    const UnitConfig rtn = int4_by(kRoundToNearest);
    EXPECT_FALSE(needs_rounder(w.plan({rtn, rtn, kFp32, kFp32})));
}

}  // namespace
}  // namespace halftone
