// From a candidate to its numbers and its model.
#include "eval/candidate_factory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/evaluation_world.hpp"

namespace halftone {
namespace {

using namespace test;

/// A factory on ranges that are given, so that every number is known.
struct FactoryWorld {
    World world;
    SampleSource samples;
    Calibrator calibrator;
    CandidateFactory factory;

    explicit FactoryWorld(const CandidateTreatment& treatment = {}, const Graph& graph = doubling_graph())
        : world(graph, {10}, "[60, 2]"),
          samples(world.data, {.samples = 10, .batch = 8}),
          calibrator(world.model, world.space, &samples),
          factory(world.space, calibrator, &samples, treatment) {}

    void install(const std::string& ranges) {
        factory.forget_calibration();
        calibrator.install(ranges);
    }
    void install_range(Range range) {
        WireWriter writer;
        writer.put_text(ranges_of({{"x", range}}).encode());
        install(writer.take());
    }
    [[nodiscard]] Candidate int8() const { return world.space.at(0); }
};

TEST(CandidateFactory, NumbersAreThoseOfTheInstalledRanges) {
    FactoryWorld w;
    w.install_range({-1, 4.1F});
    const PlanNumbers numbers = w.factory.numbers(w.int8());
    EXPECT_FLOAT_EQ(numbers.activations.at("x").scale.at(0), 5.1F / 255);  // 255 steps from -1 to 4.1
    EXPECT_EQ(numbers.activations.at("x").zero_point.at(0), 50);           // 1 / 0.02 steps below zero
    EXPECT_THAT(numbers.units.at("g").weight.scale, ::testing::ElementsAre(1.0F / 127, 2.0F / 127));
}

TEST(CandidateFactory, OtherRangesGiveOtherNumbers) {
    FactoryWorld w;
    w.install_range({-1, 4.1F});
    const PlanNumbers before = w.factory.numbers(w.int8());
    w.install_range({-1, 1});
    EXPECT_FLOAT_EQ(w.factory.numbers(w.int8()).activations.at("x").scale.at(0), 2.0F / 255);
    EXPECT_EQ(w.factory.numbers(w.int8()).units, before.units);
}

TEST(CandidateFactory, AModelIsMadeFromItsNumbersAlone) {
    FactoryWorld w;
    w.install_range({-1, 1});
    PlanNumbers numbers = w.factory.numbers(w.int8());
    EXPECT_EQ(hash_of(w.factory.quantized(w.int8()).graph), hash_of(w.factory.quantized(w.int8(), numbers).graph));
    numbers.activations.at("x").scale.at(0) *= 2;
    const QuantizedModel changed = w.factory.quantized(w.int8(), numbers);
    EXPECT_EQ(changed.tensors.at(0).params.scale, numbers.activations.at("x").scale);
}

TEST(CandidateFactory, WithoutSmoothingNothingWasSmoothed) {
    FactoryWorld w;
    w.install_range({-1, 1});
    EXPECT_TRUE(w.factory.recipes(w.int8()).smoothing.empty());
}

TEST(CandidateFactory, CorrectsBiasesAsTheCorrectorDoes) {
    for (const BiasCorrection kind : {BiasCorrection::fast, BiasCorrection::sequential}) {
        GraphMaker g;
        const ValueId x = g.input("x", {kSymbolic, 2});
        const ValueId y = g.gemm("g", x, random_tensor({2, 3}, 1), random_tensor({3}, 2));
        FactoryWorld w({.bias = kind}, infer_types(g.build({y}), reference_ops()));
        w.install_range({-1, 1});
        const QuantPlan plan = w.world.space.plan(w.int8());
        WeightCodes codes;
        PlanNumbers expected =
            derive_numbers(w.world.model.graph, w.world.model.units, plan, w.calibrator.ranges(0), codes);
        BiasCorrector corrector(w.world.model, w.samples, 10);
        if (kind == BiasCorrection::fast) {
            corrector.correct_fast(plan, expected);
        } else {
            corrector.correct_in_sequence(plan, expected, codes);
        }
        EXPECT_EQ(expected.units.at("g").bias_shift.size(), 3U);
        EXPECT_EQ(w.factory.numbers(w.int8()), expected);
        EXPECT_EQ(w.factory.numbers(w.int8()), expected) << "kept from the first time";
        w.install_range({-8, 8});
        EXPECT_FLOAT_EQ(w.factory.numbers(w.int8()).activations.at("x").scale.at(0), 16.0F / 255) << "kept too long";
    }
}

TEST(CandidateFactory, SaysWhichUnitCannotBeBuilt) {
    FactoryWorld w({}, unbuildable_graph());
    w.install(unbuildable_ranges());
    EXPECT_THAT(message_of<ModelError>([&] { (void)w.factory.quantized(w.int8()); }),
                ::testing::HasSubstr("unit 'g2'"));
}

}  // namespace
}  // namespace halftone
