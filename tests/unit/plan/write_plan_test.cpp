// The text of a plan file: the golden form, what is left out, and names that need quotes.
#include <gmock/gmock.h>

#include <cmath>

#include "plan/plan_document.hpp"
#include "sample_plan.hpp"

namespace halftone {
namespace {

using namespace test;
using testing::HasSubstr;
using testing::Not;

TEST(WritePlan, HasTheGoldenForm) { EXPECT_EQ(write_plan(sample_plan()), kSamplePlanText); }

TEST(WritePlan, KeepsTheKeysOfAScoreThatIsNotThere) {
    PlanDocument plan = sample_plan();
    plan.score.reset();
    EXPECT_THAT(write_plan(plan),
                HasSubstr("trial: null\naccuracy: null\nbaseline: {accuracy: null}\ngoal: null\nisa:"));
}

TEST(WritePlan, LeavesOutEvidenceWhereTheMetricIsNoCount) {
    PlanDocument plan = sample_plan();
    plan.score->evidence.reset();
    EXPECT_THAT(write_plan(plan), Not(HasSubstr("evidence")));
}

TEST(WritePlan, LeavesOutSectionsWithoutRowsButKeepsTensors) {
    PlanDocument plan;
    plan.isa = "avx2";
    plan.units = {sample_unit()};
    const std::string text = write_plan(plan);
    EXPECT_THAT(text, HasSubstr("tensors: []\n"));
    for (const char* section : {"corrections", "equalization", "smoothing", "kernels"}) {
        EXPECT_THAT(text, Not(HasSubstr(section)));
    }
}

TEST(WritePlan, ANumberThatIsNoneIsYamls) {
    PlanDocument plan = sample_plan();
    plan.score->accuracy = std::nan("");
    const std::string text = write_plan(plan);
    EXPECT_THAT(text, HasSubstr("accuracy: .nan\n"));
    EXPECT_EQ(write_plan(parse_plan(text, "p").document),
              replaced(text, "  # measured by bench --autotune: avx2, 1 thread, batch 1", ""));
}

TEST(WritePlan, OddNamesReadBackAsTheyAre) {
    for (const std::string name : {"a \"quoted\" name", "back\\slash", "two\nlines", "tab\there", "null", "- x",
                                   "{a: b}", "#5", "ünïcode", "a, b", " blanks ", "\x01"}) {
        PlanDocument plan = sample_plan();
        plan.kernels.clear();  // a node's name there cannot have a line break
        plan.units[0].name = name;
        plan.units[0].nodes = {name, "other"};
        plan.units[1].why = name;
        plan.tensors[0].name = name;
        const PlanDocument read = parse_plan(write_plan(plan), "p").document;
        EXPECT_EQ(read.units[0].name, name);
        EXPECT_EQ(read.units[0].nodes, (std::vector<std::string>{name, "other"}));
        EXPECT_EQ(read.units[1].why, name);
        EXPECT_EQ(read.tensors[0].name, name);
    }
}

TEST(WritePlan, ReplacesTheKernelsOfAPlanThatIsRead) {
    PlanDocument plan = parse_plan(kSamplePlanText, "p").document;
    plan.kernels = {{"/1/gemm", "dnnl"}};
    plan.kernels_comment = "measured again";
    const std::string text = write_plan(plan);
    const std::string before = kSamplePlanText.substr(0, kSamplePlanText.find("kernels:"));
    EXPECT_EQ(text, before + "kernels:  # measured again\n- {node: \"/1/gemm\", kernel: \"dnnl\"}\n");
    plan.kernels.clear();
    EXPECT_EQ(write_plan(plan), before);
}

TEST(WritePlan, ADynamicUnitSaysSoAndReadsBack) {
    PlanDocument plan = sample_plan();
    plan.units[0].config.activation = {.dtype = DType::u8, .when = When::at_run_time};
    const std::string text = write_plan(plan);
    EXPECT_THAT(text, HasSubstr("activation: {dtype: uint8, scheme: asym, granularity: per_tensor, algorithm: minmax, "
                                "quant_mode: dynamic}\n"));
    EXPECT_EQ(parse_plan(text, "p").document.units[0].config, plan.units[0].config);
}

TEST(WritePlan, WeightsByBlocksHaveNoListOfScales) {
    PlanDocument plan = sample_plan();
    plan.units[0].config = high_precision(DType::f32);
    plan.units[0].config.weight = {.dtype = DType::s4, .algorithm = kRoundToNearest, .group_size = 32};
    plan.tensors = {
        {"w", plan.units[0].name, {.dtype = DType::s4, .scale = {1, 2}, .zero_point = {0, 0}, .block_size = 32}}};
    const std::string text = write_plan(plan);
    EXPECT_THAT(text, HasSubstr("activation: {dtype: fp32}\n"));
    EXPECT_THAT(text, HasSubstr("weight: {dtype: int4, scheme: sym, algorithm: rtn, group_size: 32}\n"));
    EXPECT_THAT(text, HasSubstr("dtype: int4, axis: 0, block_size: 32}\n"));
    EXPECT_EQ(parse_plan(text, "p").document.units[0].config, plan.units[0].config);
}

}  // namespace
}  // namespace halftone
