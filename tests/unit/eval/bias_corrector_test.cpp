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
    PreparedModel prepared = model();
    Pipeline pipeline = data();
    SampleSource samples;
    QuantPlan plan;
    PlanNumbers numbers;
    WeightCodes codes;

    explicit BiasWorld(std::int64_t batch = 8) : samples(pipeline, {.samples = kBiasSamples, .batch = batch}) {
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
