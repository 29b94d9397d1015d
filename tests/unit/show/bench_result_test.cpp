#include "show/bench_result.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace halftone::show {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// Two profiled runs of a product of 2 million operations and of a reorder before it.
BenchResult measured() {
    BenchResult result{.precision = "int8", .batch = 4, .threads = 2, .model_ms = 7.0, .peak_memory_mb = 50.0};
    result.measured = {.runs_ms = {3.0, 1.0, 2.0}, .steps_ns = {1e6, 3e6}, .profiled_runs = 2};
    StepInfo reorder;
    reorder.name = "x to blocked";
    reorder.op = "Reorder";
    StepInfo product;
    product.name = "fc";
    product.op = "Gemm";
    product.operations = 2e6;
    product.is_integer = true;
    result.steps = {reorder, product};
    return result;
}

TEST(BenchResult, JsonHoldsMediansOfRunsAndMeansOfSteps) {
    const auto json = nlohmann::json::parse(bench_line(measured()));
    EXPECT_EQ(json["latency"]["median_ms"], 2.0);
    EXPECT_EQ(json["profiled_ms"], 2.0) << "4e6 ns in 2 runs";
    ASSERT_EQ(json["units"].size(), 1U);
    EXPECT_EQ(json["units"][0]["ms"], 1.5);
    EXPECT_EQ(json["units"][0]["share"], 0.75);
    EXPECT_EQ(json["units"][0]["dtype"], "int8");
    EXPECT_NEAR(json["units"][0]["gops"].get<double>(), 2e6 / 1.5e-3 / 1e9, 1e-9);
    EXPECT_EQ(json["reorders"][0]["name"], "x to blocked");
    EXPECT_FALSE(json["set_up_ms"].contains("candidate"));
    EXPECT_FALSE(json.contains("tail_ms"));
    EXPECT_FALSE(json.contains("autotune"));
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
