#include "show/bench_result.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace halftone::show {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// Three profiled runs of a product of 2 million operations and of a reorder before it. The last run was disturbed.
BenchResult measured() {
    BenchResult result{.precision = "int8", .batch = 4, .threads = 2, .model_ms = 7.0, .peak_memory_mb = 50.0};
    result.measured = {.runs_ms = {3.0, 1.0, 2.0}, .steps_ns = {{0.5e6, 0.4e6, 9e6}, {1.5e6, 1.4e6, 80e6}}};
    StepInfo reorder;
    reorder.name = "x to blocked";
    reorder.op = "Reorder";
    StepInfo product;
    product.name = "fc";
    product.op = "Gemm";
    product.operations = 2e6;
    product.is_integer = true;
    product.nodes = {"fc"};
    result.steps = {reorder, product};
    return result;
}

TEST(BenchResult, JsonHoldsMediansOfRunsAndOfSteps) {
    const auto json = nlohmann::json::parse(bench_line(measured()));
    EXPECT_EQ(json["latency"]["median_ms"], 2.0);
    EXPECT_EQ(json["profiled_ms"], 2.0) << "0.5 ms and 1.5 ms";
    ASSERT_EQ(json["units"].size(), 1U);
    EXPECT_EQ(json["units"][0]["ms"], 1.5);
    EXPECT_EQ(json["units"][0]["share"], 0.75);
    EXPECT_EQ(json["units"][0]["dtype"], "int8");
    EXPECT_NEAR(json["units"][0]["gops"].get<double>(), 2e6 / 1.5e-3 / 1e9, 1e-9);
    EXPECT_EQ(json["reorders"][0]["name"], "x to blocked");
    EXPECT_FALSE(json["set_up_ms"].contains("candidate"));
    EXPECT_FALSE(json.contains("tail_ms"));
    EXPECT_FALSE(json.contains("autotune"));
    EXPECT_GE(json["bounds"]["int8"].get<double>(), 1);
    EXPECT_FALSE(json.contains("fp32"));
    EXPECT_FALSE(json["units"][0].contains("fp32_ms"));
}

/// fp32 of the same model: the product with an Add inside of it, twice as fast as the quantized one, and a Softmax.
BenchResult measured_with_fp32() {
    BenchResult result = measured();
    StepInfo add;
    add.name = "add";
    add.op = "Add";
    add.nodes = {"add"};
    result.steps.push_back(add);
    result.measured.steps_ns.push_back({0.5e6, 0.5e6, 0.5e6});
    StepInfo product;
    product.name = "fc";
    product.op = "Gemm";
    product.nodes = {"fc", "add"};
    StepInfo softmax;
    softmax.name = "softmax";
    softmax.op = "Softmax";
    softmax.nodes = {"softmax"};
    result.fp32 = Fp32Result{.measured = {.runs_ms = {4.0, 5.0, 6.0}, .steps_ns = {{1e6}, {0.25e6}}},
                             .steps = {product, softmax}};
    return result;
}

TEST(BenchResult, Fp32StandsBesideTheStepsThatDoTheSameWork) {
    const auto json = nlohmann::json::parse(bench_line(measured_with_fp32()));
    EXPECT_EQ(json["fp32"]["latency"]["median_ms"], 5.0);
    EXPECT_EQ(json["fp32"]["gain"], 2.5) << "5 ms over 2 ms";
    EXPECT_EQ(json["units"][0]["fp32_ms"], 1.0);
    EXPECT_EQ(json["units"][0]["gain"], 0.5) << "1 ms over the 1.5 ms and 0.5 ms of both steps";
    EXPECT_EQ(json["units"][1]["counted_with"], "fc");
    EXPECT_FALSE(json["units"][1].contains("gain"));
    EXPECT_EQ(json["fp32"]["added_ms"], 0.5) << "the reorder";
    EXPECT_EQ(json["fp32"]["only_ms"], 0.25) << "the Softmax";
    const std::string text = bench_text(measured_with_fp32());
    EXPECT_THAT(text, HasSubstr("fp32    1.0000 ms  0.50 x !"));
    EXPECT_THAT(text, HasSubstr("slower than in fp32: 1 step (marked !), 1 ms together"));
    EXPECT_THAT(text, HasSubstr("median 5 ms, which is 2.50 x of this time"));
    EXPECT_THAT(text, HasSubstr("(above)"));
    EXPECT_THAT(text, HasSubstr("that gains more has a slow fp32 kernel"));
}

TEST(BenchResult, TextSaysTheSame) {
    const std::string text = bench_text(measured());
    EXPECT_THAT(text, HasSubstr("int8, batch 4, 2 threads"));
    EXPECT_THAT(text, HasSubstr("median 2 ms"));
    EXPECT_THAT(text, HasSubstr("75.0 %"));
    EXPECT_THAT(text, Not(HasSubstr("the tail")));
}

TEST(BenchResult, WhatNotEveryModelHasIsShownWhereItIs) {
    BenchResult result = measured();
    result.tail_ms = 0.25;
    result.candidate_ms = 3.5;
    result.kernels =
        Autotuned{.choices = {{"fc", "native"}},
                  .steps = {{.node = "fc", .op = "Gemm", .kernels = {"dnnl", "native"}, .ms = {2, 1}, .chosen = 1}},
                  .gain = {.median = 1.5, .low = 1.25, .high = 1.75}};
    const auto json = nlohmann::json::parse(bench_line(result));
    EXPECT_EQ(json["tail_ms"], 0.25);
    EXPECT_EQ(json["set_up_ms"]["candidate"], 3.5);
    EXPECT_EQ(json["autotune"]["steps"][0]["kernel"], "native");
    EXPECT_EQ(json["autotune"]["steps"][0]["ms"]["dnnl"], 2.0);
    const std::string text = bench_text(result);
    EXPECT_THAT(text, HasSubstr("the tail, whose shapes depend on data, takes 0.25 ms more"));
    EXPECT_THAT(text, HasSubstr("*native 1.0000"));
    EXPECT_THAT(text, HasSubstr("1.500 [1.250, 1.750]"));
}

}  // namespace
}  // namespace halftone::show
