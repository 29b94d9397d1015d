// The corrections take the mean error of a unit's output back.
#include "eval/bias_corrector.hpp"
#include "kernel/ops/reference_ops.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "exec/session.hpp"
#include "support/config_text.hpp"
#include "support/quant_plans.hpp"

namespace halftone {
namespace {

using test::GraphMaker;
using test::random_tensor;

constexpr std::int64_t kBiasSamples = 32;

/// Two convolutions (one depthwise, one grouped) and a product, on inputs that are never negative.
PreparedModel model() {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 8, 5, 5});
    const ValueId a = g.node("Relu", "relu",
                             {g.conv("a", x, random_tensor({8, 1, 1, 1}, 1, 0.0F, 1.0F), random_tensor({8}, 2),
                                     {{"group", std::int64_t{8}}})});
    const ValueId b = g.conv("b", a, random_tensor({4, 4, 1, 1}, 3), {}, {{"group", std::int64_t{2}}});
    const ValueId flat = g.node("Flatten", "flat", {b});
    PreparedModel model;
    model.graph =
        infer_types(g.build({g.gemm("fc", flat, random_tensor({100, 3}, 4), random_tensor({3}, 5))}), reference_ops());
    model.units = find_units(model.graph);
    return model;
}

Pipeline data() {
    DataloaderConfig config;
    config.dataset = plugin("dummy", "{shape: [32, 8, 5, 5], low: 0.0, high: 1.0}");
    return Pipeline(config);
}

struct BiasWorld {
    PreparedModel prepared;
    Pipeline pipeline = data();
    SampleSource samples;
    QuantPlan plan;
    PlanNumbers numbers;
    WeightCodes codes;

    explicit BiasWorld(std::int64_t batch = 8, PreparedModel of = model())
        : prepared(std::move(of)), samples(pipeline, {.samples = kBiasSamples, .batch = batch}) {
        // Three bits: rounding the weights shifts every mean.
        const UnitConfig config{.activation = {.dtype = DType::u8},
                                .weight = {.dtype = DType::s8, .granularity = Granularity::per_tensor, .bit = 3.0F}};
        plan.units.assign(prepared.units.size(), config);
        const PlanTopology topology(prepared.graph, prepared.units);
        plan.tensors = topology.tensors(plan.units);
        std::map<std::string, Range> ranges;
        for (const TensorPlan& tensor : topology.observable()) ranges[tensor.name] = {-2, 2};
        numbers = derive_numbers(prepared.graph, prepared.units, plan, test::ranges_of(ranges), codes);
    }
    [[nodiscard]] BiasCorrector corrector() { return {prepared, samples, kBiasSamples}; }

    /// Mean of each output over the samples.
    [[nodiscard]] std::vector<double> means(const Graph& graph) const {
        Session session(graph, reference_ops(), {.batch = kBiasSamples});
        read_samples(pipeline, {0, kBiasSamples}, {}, kBiasSamples, inputs_of(session));
        session.run();
        const auto values = session.output(0).as<float>();
        std::vector<double> means(3, 0.0);
        for (std::size_t i = 0; i < values.size(); ++i) means[i % 3] += static_cast<double>(values[i]) / kBiasSamples;
        return means;
    }
    /// Largest distance of the output's means from the fp32 model's.
    [[nodiscard]] double error() const {
        const auto wanted = means(prepared.graph);
        const auto found = means(apply_plan(prepared.graph, prepared.units, plan, numbers).graph);
        double largest = 0;
        for (std::size_t c = 0; c < wanted.size(); ++c) largest = std::max(largest, std::abs(found[c] - wanted[c]));
        return largest;
    }
};

TEST(BiasCorrector, FastTakesAtLeastHalfOfTheErrorBack) {
    BiasWorld world;
    const double before = world.error();
    world.corrector().correct_fast(world.plan, world.numbers);
    EXPECT_LT(world.error(), 0.5 * before);
    for (const auto& [unit, numbers] : world.numbers.units) EXPECT_FALSE(numbers.bias_shift.empty()) << unit;
}

TEST(BiasCorrector, SequentialLeavesNoMeanErrorInTheLastUnit) {
    BiasWorld world;
    const double before = world.error();
    world.corrector().correct_in_sequence(world.plan, world.numbers, world.codes);
    EXPECT_LT(world.error(), 0.01 * before);
}

/// A Conv and a product read one value of [n, 8, 5, 5]: its channels are second for one and last for the other.
PreparedModel two_readers() {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 8, 5, 5});
    const ValueId uneven = g.node("Mul", "uneven", {x, g.constant("c", random_tensor({8, 1, 1}, 6, 0.0F, 2.0F))});
    const ValueId a = g.conv("a", uneven, random_tensor({3, 8, 1, 1}, 1), random_tensor({3}, 2));
    const ValueId b = g.mat_mul("b", uneven, random_tensor({5, 3}, 3), random_tensor({3}, 4));
    const ValueId a_mean =
        g.node("ReduceMean", "a_mean", {a}, {{"axes", std::vector<std::int64_t>{2, 3}}, {"keepdims", std::int64_t{0}}});
    const ValueId b_mean =
        g.node("ReduceMean", "b_mean", {b}, {{"axes", std::vector<std::int64_t>{1, 2}}, {"keepdims", std::int64_t{0}}});
    PreparedModel model;
    model.graph = infer_types(g.build({g.node("Add", "sum", {a_mean, b_mean})}), reference_ops());
    model.units = find_units(model.graph);
    return model;
}

TEST(BiasCorrector, AValueThatConvAndProductReadHasTheChannelsOfEach) {
    BiasWorld world(8, two_readers());
    ASSERT_EQ(world.prepared.units.size(), 2U);
    const double before = world.error();
    world.corrector().correct_fast(world.plan, world.numbers);
    EXPECT_LT(world.error(), 0.5 * before);
}

// The codes of the Relu's result begin at 0, so the Relu goes; its name is an output's, and means the value behind DQ.
TEST(BiasCorrector, AReluThatIsAnOutputIsMeasuredInFrontOfItsCodes) {
    const auto make = [] {
        GraphMaker g;
        const ValueId x = g.input("x", {kSymbolic, 8, 5, 5});
        const ValueId a =
            g.node("Relu", "relu", {g.conv("a", x, random_tensor({3, 8, 1, 1}, 1), random_tensor({3}, 2))});
        const ValueId mean = g.node("GlobalAveragePool", "pool",
                                    {g.conv("b", a, random_tensor({3, 3, 1, 1}, 3), random_tensor({3}, 4))});
        PreparedModel model;
        model.graph = infer_types(g.build({mean, a}), reference_ops());
        model.units = find_units(model.graph);
        return model;
    };
    BiasWorld world(8, make());
    const double before = world.error();
    world.corrector().correct_in_sequence(world.plan, world.numbers, world.codes);
    EXPECT_LT(world.error(), 0.1 * before);
}

TEST(BiasCorrector, ResultsDoNotDependOnTheBatch) {
    BiasWorld one;
    BiasWorld other(5);  // the last batch is padded: padding counts for nothing
    one.corrector().correct_fast(one.plan, one.numbers);
    other.corrector().correct_fast(other.plan, other.numbers);
    for (const auto& [unit, numbers] : one.numbers.units) {
        const auto& shift = other.numbers.units.at(unit).bias_shift;
        for (std::size_t c = 0; c < shift.size(); ++c) EXPECT_NEAR(shift[c], numbers.bias_shift[c], 1e-5F);
    }
}

TEST(BiasCorrector, HighPrecisionUnitsAreLeftAlone) {
    BiasWorld world;
    world.plan.units[0] = test::kFp32;
    world.plan.tensors = PlanTopology(world.prepared.graph, world.prepared.units).tensors(world.plan.units);
    world.numbers.units.erase("a");
    world.corrector().correct_fast(world.plan, world.numbers);
    EXPECT_FALSE(world.numbers.units.contains("a"));
}

}  // namespace
}  // namespace halftone
