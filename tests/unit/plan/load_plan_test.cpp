// A plan file and its model: a candidate's file rebuilds its numbers, and what does not fit is refused at its line.
#include "plan/load_plan.hpp"

#include <gmock/gmock.h>

#include "base/text.hpp"
#include "plan/describe_plan.hpp"
#include "sample_plan.hpp"
#include "support/evaluation_world.hpp"

namespace halftone {
namespace {

using namespace test;
using testing::HasSubstr;
using testing::StartsWith;

/// A calibrated world and the plan file of its first candidate, every unit of which is quantized.
class LoadPlan : public testing::Test {
protected:
    LoadPlan() {
        calibrated(evaluator_);
        numbers_ = evaluator_.factory().numbers(candidate_);
        text_ = write_plan(document());
    }

    [[nodiscard]] PlanDocument document() {
        const QuantizedModel quantized = evaluator_.factory().quantized(candidate_, numbers_);
        PlanDocument plan = describe_plan({.model = world_.model,
                                           .space = world_.space,
                                           .capability = CapabilityTable(world_.model.units.size()),
                                           .candidate = candidate_,
                                           .quantized = quantized,
                                           .numbers = numbers_,
                                           .recipes = {},
                                           .findings = Findings(world_.space)});
        plan.isa = "avx2";
        return plan;
    }
    [[nodiscard]] LoadedPlan load(const std::string& text) const {
        PreparedModel model = world_.model;
        return load_plan(parse_plan(text, "p.yaml"), model);
    }
    [[nodiscard]] std::string refusal_of(const std::string& text) const {
        try {
            (void)load(text);
        } catch (const ConfigError& error) {
            return error.what();
        }
        return "(no error)";
    }
    /// The same plan after a change of its document.
    [[nodiscard]] std::string refusal_of_changed(const std::function<void(PlanDocument&)>& change) {
        PlanDocument plan = document();
        change(plan);
        return refusal_of(write_plan(plan));
    }

    World world_;
    ModelEvaluator evaluator_{world_.setup()};
    Candidate candidate_ = world_.space.at(0);
    PlanNumbers numbers_;
    std::string text_;
};

TEST_F(LoadPlan, GivesTheCandidatesNumbersAgain) {
    const LoadedPlan loaded = load(text_);
    EXPECT_EQ(loaded.numbers, numbers_);
    EXPECT_EQ(loaded.plan.units, world_.space.plan(candidate_).units);
    EXPECT_TRUE(loaded.kernels.empty());
}

TEST_F(LoadPlan, WritesTheSameTextAgain) {
    EXPECT_EQ(write_plan(parse_plan(text_, "p.yaml").document), text_);
    EXPECT_EQ(document().units.size(), world_.model.units.size());
    EXPECT_EQ(document().calibration_samples, 40);
}

TEST_F(LoadPlan, CarriesKernelsAndCorrections) {
    PlanDocument plan = document();
    const Unit& unit = world_.model.units[0];
    const auto channels = static_cast<std::size_t>(
        world_.model.graph.value(unit.weight).constant.shape()[static_cast<std::size_t>(unit.weight_channel_axis)]);
    plan.kernels = {{unit.name, "native"}};
    plan.corrections = {
        {.unit = unit.name, .weight_factor = {}, .weight_shift = {}, .bias_shift = std::vector<float>(channels, 0.5F)}};
    const LoadedPlan loaded = load(write_plan(plan));
    EXPECT_EQ(loaded.kernels, plan.kernels);
    EXPECT_EQ(loaded.numbers.units.at(unit.name).bias_shift, std::vector<float>(channels, 0.5F));
}

TEST_F(LoadPlan, RefusesAnotherModel) {
    const std::string error = refusal_of_changed([](PlanDocument& plan) { plan.model = "0123456789abcdef"; });
    EXPECT_THAT(error, StartsWith("p.yaml:"));
    EXPECT_THAT(error, HasSubstr("model is not the hash of this model, " + hex16(world_.model.hash) +
                                 ", got '0123456789abcdef'"));
}

TEST_F(LoadPlan, RefusesUnitsThatDoNotFit) {
    EXPECT_THAT(refusal_of_changed([](PlanDocument& plan) { plan.units[1].name = "nobody"; }),
                HasSubstr("units[1] names 'nobody', which is no unit of the model"));
    EXPECT_THAT(refusal_of_changed([](PlanDocument& plan) { plan.units[1].name = plan.units[0].name; }),
                HasSubstr("units[1] names a unit for the second time"));
    EXPECT_THAT(refusal_of_changed([](PlanDocument& plan) { plan.units.pop_back(); }),
                HasSubstr("units: '" + world_.model.units.back().name + "' of the model is missing"));
}

TEST_F(LoadPlan, RefusesTensorsThatDoNotFit) {
    EXPECT_THAT(refusal_of_changed([](PlanDocument& plan) { plan.tensors.clear(); }),
                HasSubstr("must be there, with one scale"));
    EXPECT_THAT(refusal_of_changed([](PlanDocument& plan) {
                    for (QuantizedTensor& tensor : plan.tensors) {
                        if (!tensor.unit.empty()) tensor.unit = "nobody";
                    }
                }),
                HasSubstr("names 'nobody', which is no unit of the model"));
    EXPECT_THAT(refusal_of_changed([](PlanDocument& plan) {
                    std::erase_if(plan.tensors, [](const QuantizedTensor& tensor) { return !tensor.unit.empty(); });
                }),
                HasSubstr("the weight of unit '" + world_.model.units[0].name + "' must be there as int8"));
}

TEST_F(LoadPlan, RefusesCorrectionsOfAnotherNumberOfChannels) {
    const std::string error = refusal_of_changed([&](PlanDocument& plan) {
        plan.corrections = {{.unit = world_.model.units[0].name,
                             .weight_factor = {},
                             .weight_shift = {},
                             .bias_shift = std::vector<float>(1000, 0.5F)}};
    });
    EXPECT_THAT(error, HasSubstr("corrections[0] must have "));
    EXPECT_THAT(error, HasSubstr("one for each output channel"));
}

TEST(DescribeScore, HasAnIntervalWhereTheMetricCounts) {
    const AccuracyCriterion criterion{.is_relative = false, .loss = 0.01, .higher_is_better = true};
    const Score counted{.accuracy = 0.9, .correct = 90, .samples = 100};
    const PlanScore score = describe_score(TrialId{4}, counted, 0.92, criterion, true);
    EXPECT_EQ(score.trial, 4);
    ASSERT_TRUE(score.evidence);
    EXPECT_EQ(score.evidence->samples, 100);
    EXPECT_LT(score.evidence->low, 0.9);
    EXPECT_FALSE(score.goal.is_relative);
    const Score other{.accuracy = 0.9, .samples = 100};
    EXPECT_FALSE(describe_score(TrialId{4}, other, 0.92, criterion, true).evidence);
}

}  // namespace
}  // namespace halftone
