// Values that calibration data scale for weight-only units: which ones, by how much, and what becomes of the model.
#include "eval/weight_scaler.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "eval/awq_inputs.hpp"
#include "exec/apply_plan.hpp"
#include "support/evaluation_world.hpp"
#include "support/random_net.hpp"
#include "unit/eval/weights_world.hpp"

namespace halftone {
namespace {

using namespace test;
using testing::ElementsAre;

/// A value with two large channels, made by a Mul and read by two products; their sum, which a third one reads; and a
/// Gemm.
Graph scaled_net() {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 24});
    Tensor row(TensorType{DType::f32, Shape{24}});
    for (std::size_t i = 0; i < 24; ++i) row.mutable_view().as<float>()[i] = i == 3 || i == 18 ? 40.0F : 1.0F;
    const ValueId wide = g.node("Mul", "wide", {x, g.constant("row", std::move(row))});
    const ValueId a = g.mat_mul("a", wide, random_tensor({24, 20}, 1));
    const ValueId b = g.mat_mul("b", wide, random_tensor({24, 20}, 2));
    const ValueId c = g.mat_mul("c", g.node("Add", "sum", {a, b}), random_tensor({20, 20}, 4));
    return infer_types(g.build({g.gemm("fc", c, random_tensor({20, 5}, 5))}), reference_ops());
}

/// The units are a, b, c, fc.
struct ScalerWorld : WeightsWorld {
    ScalerWorld() : WeightsWorld(scaled_net()) {}

    [[nodiscard]] PlanNumbers scaled(const QuantPlan& plan) {
        PlanNumbers numbers = WeightsWorld::numbers(plan);
        WeightScaler(model, samples, 40).scale(plan, numbers);
        return numbers;
    }
    /// Mean squared difference of the quantized model's outputs from fp32's, on the samples behind those of the
    /// calibration.
    [[nodiscard]] double error(const QuantPlan& plan, const PlanNumbers& numbers) const {
        Tensor input({DType::f32, Shape{20, 24}});
        const auto rows = rows_of(data, 60);
        for (std::size_t r = 0; r < 20; ++r) {
            std::copy(rows[r + 40].begin(), rows[r + 40].end(),
                      input.mutable_view().as<float>().begin() + static_cast<std::ptrdiff_t>(r * 24));
        }
        const auto [scaled, own] = scaled_model(model, plan, numbers.smoothing);
        const std::vector<float> wanted = run_once(model.graph, input);
        const std::vector<float> found = run_once(apply_plan(scaled.graph, scaled.units, own, numbers).graph, input);
        double sum = 0;
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            const double off = static_cast<double>(found[i]) - static_cast<double>(wanted[i]);
            sum += off * off;
        }
        return sum / static_cast<double>(wanted.size());
    }
};

std::vector<std::string> scaled_values(const PlanNumbers& numbers) {
    std::vector<std::string> names;
    for (const SmoothedValue& value : numbers.smoothing) names.push_back(value.value);
    return names;
}

const UnitConfig kAwq4 = int4_by(kAwq);
const UnitConfig kRtn4 = int4_by(kRoundToNearest);

TEST(WeightScaler, LosesLessThanRoundingToNearest) {
    ScalerWorld w;
    const QuantPlan awq = w.plan({kAwq4, kAwq4, kFp32, kFp32});
    const QuantPlan rtn = w.plan({kRtn4, kRtn4, kFp32, kFp32});
    const PlanNumbers numbers = w.scaled(awq);
    EXPECT_THAT(scaled_values(numbers), ElementsAre("wide_out"));
    EXPECT_LT(w.error(awq, numbers), 0.7 * w.error(rtn, w.scaled(rtn)));
    EXPECT_EQ(w.scaled(awq), numbers) << "the same samples give the same factors";
}

TEST(WeightScaler, AValueWithoutAPlaceForFactorsGetsAMulAndOthersGetNone) {
    ScalerWorld w;
    const QuantPlan plan = w.plan({kAwq4, kAwq4, kAwq4, kFp32});
    const auto count_muls = [](const Graph& graph) {
        return std::count_if(graph.nodes().begin(), graph.nodes().end(),
                             [](const Node& node) { return node.op == "Mul"; });
    };
    PlanNumbers numbers = w.scaled(plan);
    // Factors of the sum, whether or not they gain something here.
    if (numbers.smoothing.size() == 1) numbers.smoothing.push_back({"sum_out_smoothed", std::vector<float>(20, 2.0F)});
    EXPECT_THAT(scaled_values(numbers), ElementsAre("wide_out", "sum_out_smoothed"));
    const auto [model, own] = scaled_model(w.model, plan, numbers.smoothing);
    EXPECT_EQ(count_muls(model.graph), count_muls(w.model.graph) + 1);
    EXPECT_EQ(own.units[3], kFp32);
    numbers.smoothing.pop_back();
    EXPECT_EQ(count_muls(scaled_model(w.model, plan, numbers.smoothing).first.graph), count_muls(w.model.graph));
}

TEST(WeightScaler, UnitsOfHighPrecisionFollowAndQuantizedOnesForbidIt) {
    ScalerWorld w;
    EXPECT_THAT(scaled_values(w.scaled(w.plan({kAwq4, kFp32, kFp32, kFp32}))), ElementsAre("wide_out"));
    EXPECT_TRUE(w.scaled(w.plan({kAwq4, kRtn4, kFp32, kFp32})).smoothing.empty());
    EXPECT_TRUE(w.scaled(w.plan({kFp32, kFp32, kFp32, kAwq4})).smoothing.empty()) << "a Gemm";
    EXPECT_FALSE(needs_scaler(w.plan({kRtn4, kFp32, kFp32, kFp32})));
    EXPECT_TRUE(needs_scaler(w.plan({kRtn4, kAwq4, kFp32, kFp32})));
}

TEST(AwqInputs, AreMagnitudesOfAllRowsAndRowsThatAreEvenlySpread) {
    ScalerWorld w;
    const auto rows = rows_of(w.data, 60);
    const AwqInput found = awq_inputs(w.model.graph, {"x"}, w.samples, 40).at("x");
    std::vector<double> magnitude(24);
    std::vector<float> wanted;
    for (std::size_t r = 0; r < 40; ++r) {
        for (std::size_t c = 0; c < 24; ++c) magnitude[c] += std::abs(static_cast<double>(rows[r][c]));
        wanted.insert(wanted.end(), rows[r].begin(), rows[r].end());
    }
    EXPECT_EQ(found.magnitude, magnitude);
    EXPECT_EQ(found.rows, wanted);

    Pipeline many(noise("[600, 24]"));
    SampleSource samples(many, {.samples = 600, .shards = 4, .batch = 8});
    const auto all = rows_of(many, 600);
    wanted.clear();
    for (std::size_t r = 0; r < 600; r += 4) wanted.insert(wanted.end(), all[r].begin(), all[r].end());
    EXPECT_EQ(awq_inputs(w.model.graph, {"x"}, samples, 600).at("x").rows, wanted);
}

}  // namespace
}  // namespace halftone
