// Reading a plan file without its model: values, and every fault with its place.
#include <gmock/gmock.h>

#include "base/error.hpp"
#include "plan/plan_document.hpp"
#include "sample_plan.hpp"

namespace halftone {
namespace {

using namespace test;
using testing::HasSubstr;
using testing::StartsWith;

std::string error_of_text(const std::string& text) {
    try {
        (void)parse_plan(text, "p.yaml");
    } catch (const ConfigError& error) {
        return error.what();
    }
    return "(no error)";
}

TEST(ParsePlan, ReadsWhatWasWritten) {
    PlanDocument plan = parse_plan(kSamplePlanText, "p.yaml").document;
    EXPECT_EQ(plan.kernels, sample_plan().kernels);
    EXPECT_EQ(plan.recipes, sample_plan().recipes);
    EXPECT_EQ(plan.units[0].config, sample_plan().units[0].config);
    EXPECT_EQ(plan.units[1].config, sample_plan().units[1].config);
    EXPECT_EQ(plan.tensors[1].params, sample_plan().tensors[1].params);
    EXPECT_EQ(plan.calibration_samples, 500);
    ASSERT_TRUE(plan.score && plan.score->evidence);
    EXPECT_EQ(plan.score->trial, 30);
    EXPECT_EQ(plan.score->evidence->high, 0.936);
    EXPECT_TRUE(plan.score->goal.is_met);
    plan.kernels_comment = sample_plan().kernels_comment;  // comments are not read
    EXPECT_EQ(write_plan(plan), kSamplePlanText);
}

// BERT base has 83,000 output channels, each with a scale and a zero point. A config of that size is refused.
TEST(ParsePlan, ReadsThePlanOfALargeNetwork) {
    constexpr std::size_t kChannels = 100'000;
    PlanDocument plan = sample_plan();
    QuantParams& weight = plan.tensors[1].params;
    weight.scale.clear();
    for (std::size_t c = 0; c < kChannels; ++c) weight.scale.push_back(1.0F / static_cast<float>(c + 3));
    weight.zero_point.assign(kChannels, 0);
    const std::string text = write_plan(plan);
    ASSERT_GT(text.size(), YamlLimits{}.bytes);
    EXPECT_EQ(parse_plan(text, "p.yaml").document.tensors[1].params, weight);
    EXPECT_THROW((void)parse_yaml(text, "c.yaml"), ConfigError);
    EXPECT_THAT(error_of_text(std::string(kPlanLimits.bytes + 1, '#')), HasSubstr("has more than 33554432 bytes"));
}

TEST(ParsePlan, KnowsWhereTheRowsStand) {
    const PlanPlaces places = parse_plan(kSamplePlanText, "p.yaml").places;
    EXPECT_THAT(places.model, StartsWith("p.yaml:10:"));
    ASSERT_EQ(places.units.size(), 2U);
    EXPECT_THAT(places.units[1], StartsWith("p.yaml:20:"));
    EXPECT_THAT(places.units[1], HasSubstr("units[1]"));
    ASSERT_EQ(places.tensors.size(), 3U);
    EXPECT_THAT(places.tensors[0], StartsWith("p.yaml:29:"));
    ASSERT_EQ(places.corrections.size(), 2U);
    EXPECT_THAT(places.corrections[0], StartsWith("p.yaml:33:"));
}

TEST(ParsePlan, NeedsNothingOfTheSearch) {
    const PlanDocument plan = parse_plan("format: 1\nmodel: \"0\"\nunits: []\ntensors: []\n", "p.yaml").document;
    EXPECT_FALSE(plan.score);
    EXPECT_TRUE(plan.units.empty());
    EXPECT_TRUE(plan.kernels.empty());
}

TEST(ParsePlan, NamesEveryFaultWithItsLine) {
    struct Fault {
        const char* from;
        const char* to;
        int line;
        const char* message;
    };
    for (const Fault& fault : {
             Fault{"format: 1", "format: 7", 1, "format must be 1"},
             Fault{"trial: 30", "trial: -2", 2, "trial must be"},
             Fault{"MSE: 1.0e-05", "MSE: small", 5, "must be a number"},
             Fault{"value: 0.0017", "value: high", 6, "must be a number"},
             Fault{"[-0.0015, 0.0039]", "[0.0039]", 6, "must be two numbers"},
             Fault{"ci95: [0.926, 0.936]", "ci95: [0.926]", 7, "must be two numbers"},
             Fault{"kind: absolute", "kind: odd", 8, "must be one of: relative absolute"},
             Fault{"met: true", "met: maybe", 8, "must be True or False"},
             Fault{"units:", "unites:", 12, "unites is unknown"},
             Fault{"  op: Conv", "  ops: Conv", 14, "ops is unknown"},
             Fault{"scheme: asym", "scheme: odd", 16, "must be one of: asym sym"},
             Fault{"percentile: 99.9", "percentile: high", 16, "must be a number"},
             Fault{"  weight: {dtype: fp32}\n", "", 20, "needs activation and weight"},
             Fault{"scale: [0.0235]", "scale: [-0.0235]", 29, "must have scales > 0, got -0.0235"},
             Fault{"scale: [0.0235]", "scale: [.inf]", 29, "must be"},
             Fault{"zero_point: [3]", "zero_point: [3, 4]", 29,
                   "a zero point for each scale, got 2 zero points for 1 scales"},
             Fault{"zero_point: [3]", "zero_point: [256]", 29,
                   "has a zero point that is no code: 256; allowed: 0 to 255"},
             Fault{"zero_point: [3]", "zero_point: [4294967296]", 29,
                   "zero_point must be integers of 32 bits"},  // not 0
             Fault{"zero_point: [3]", "zero_point: [-9223372036854775808]", 29, "must be integers of 32 bits"},
             Fault{"percentile: 99.9", "percentile: 1.0e+300", 16, "must be a finite number that fits 32 bits"},
             Fault{"dtype: uint8, scale", "dtype: fp32, scale", 29, "must have dtype uint8, int8 or int32, got fp32"},
             Fault{"unit: \"/0/conv\", weight_factor", "weight_factor", 33, "unit is missing"},
             Fault{"second: ", "seconds: ", 36, "second is missing"},
             Fault{"factor: [4.0]", "factor: 4.0x", 38, "must be numbers"},
             Fault{"kernel: \"native\"", "kernel: \"fast\"", 41, "must have a kernel native, dnnl or dnnl/NAME"},
             Fault{"node: \"/1/gemm\"", "node: \"/0/conv\"", 41, "names a node for the second time"},
             Fault{"node: \"/1/gemm\"", "node: \"a\\nb\"", 41, "has a node name with a line break"},
         }) {
        const std::string error = error_of_text(replaced(kSamplePlanText, fault.from, fault.to));
        EXPECT_THAT(error, StartsWith("p.yaml:" + std::to_string(fault.line) + ":")) << fault.to;
        EXPECT_THAT(error, HasSubstr(fault.message)) << fault.to;
    }
}

TEST(ParsePlan, RefusesWhatIsNoPlan) {
    EXPECT_THAT(error_of_text("format: 1\n"), HasSubstr("model is missing"));
    EXPECT_THAT(error_of_text("[1, 2]"), HasSubstr("must be a map"));
    EXPECT_THAT(error_of_text("format: 1\nmodel: a\nunits: 3\n"), HasSubstr("p.yaml:3:8: units must be a list"));
    EXPECT_THAT(error_of_text("a: ["), StartsWith("p.yaml:"));
}

TEST(ParsePlan, KeepsThePreparationAndTheTrialOfTheFp32Model) {
    PlanDocument plan = sample_plan();
    EXPECT_EQ(write_plan(plan).find("preparation"), std::string::npos) << "older files have none";
    plan.preparation = "cross_layer_equalization, smooth_quant 0.5";
    plan.score->trial = -1;
    const PlanDocument read = parse_plan(write_plan(plan), "best.yaml").document;
    EXPECT_EQ(read.preparation, plan.preparation);
    ASSERT_TRUE(read.score);
    EXPECT_EQ(read.score->trial, -1);
    plan.score.reset();
    EXPECT_FALSE(parse_plan(write_plan(plan), "best.yaml").document.score);
}

}  // namespace
}  // namespace halftone
