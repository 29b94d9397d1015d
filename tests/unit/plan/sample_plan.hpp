#pragma once
// A plan document with something in every section, and its text: the golden form of the format.

#include <string>

#include "plan/plan_document.hpp"

namespace halftone::test {

inline PlanUnit sample_unit() {
    PlanUnit unit{.name = "/0/conv",
                  .op = "Conv",
                  .nodes = {"/0/conv", "/0/relu"},
                  .config = {},
                  .output = DType::u8,
                  .is_accelerated = true,
                  .why = ""};
    unit.config.activation = {.dtype = DType::u8, .algorithm = Algorithm::percentile, .percentile = 99.9F};
    unit.config.weight = {.dtype = DType::s8, .algorithm = Algorithm::mse, .bit = 6.5F};
    return unit;
}

inline PlanDocument sample_plan() {
    PlanDocument plan;
    plan.score = PlanScore{.trial = 30,
                           .accuracy = 0.9311,
                           .baseline = 0.9328,
                           .metrics = {{"topk", 0.9311}, {"MSE", 1e-05}},
                           .loss = PlanLoss{.value = 0.0017, .ci95 = std::pair{-0.0015, 0.0039}},
                           .evidence = PlanEvidence{.samples = 10000, .low = 0.926, .high = 0.936},
                           .goal = {.is_relative = false, .loss = 0.003, .is_met = true}};
    plan.isa = "avx512_core_vnni";
    plan.model = "179d40d586b26604";
    plan.calibration_samples = 500;
    PlanUnit fp32{.name = "/1/gemm",
                  .op = "Gemm",
                  .nodes = {"/1/gemm"},
                  .config = high_precision(DType::f32),
                  .output = DType::f32,
                  .is_accelerated = false,
                  .why = "chosen by the strategy"};
    plan.units = {sample_unit(), fp32};
    plan.tensors = {
        {.name = "/0/relu_out", .unit = "", .params = {.dtype = DType::u8, .scale = {0.0235F}, .zero_point = {3}}},
        {.name = "w0",
         .unit = "/0/conv",
         .params = {.dtype = DType::s8, .scale = {0.5F, 1e-05F}, .zero_point = {0, 0}, .axis = 0}},
        {.name = "b0",
         .unit = "/0/conv",
         .params = {.dtype = DType::s32, .scale = {0.25F, 0.125F}, .zero_point = {0, 0}, .axis = 0}}};
    plan.corrections = {
        {.unit = "/0/conv", .weight_factor = {1.0F, 1.5F}, .weight_shift = {0.0F, -0.25F}, .bias_shift = {}},
        {.unit = "/1/gemm", .weight_factor = {}, .weight_shift = {}, .bias_shift = {0.125F}}};
    plan.recipes.equalization = {{.first = "/0/conv", .second = "/1/gemm", .factor = {2.0F, 0.5F}}};
    plan.recipes.smoothing = {{.value = "normal", .factor = {4.0F}}};
    plan.kernels = {{"/0/conv", "dnnl/brgconv:avx2"}, {"/1/gemm", "native"}};
    plan.kernels_comment = "measured by bench --autotune: avx2, 1 thread, batch 1";
    return plan;
}

inline const std::string kSamplePlanText = R"(format: 1
trial: 30
accuracy: 0.9311
baseline: {accuracy: 0.9328}
metrics: {topk: 0.9311, MSE: 1.0e-05}
loss: {value: 0.0017, ci95: [-0.0015, 0.0039]}
evidence: {samples: 10000, ci95: [0.926, 0.936]}
goal: {kind: absolute, loss: 0.003, met: true}
isa: avx512_core_vnni
model: "179d40d586b26604"
calibration_samples: 500
units:
- name: "/0/conv"
  op: Conv
  nodes: ["/0/conv", "/0/relu"]
  activation: {dtype: uint8, scheme: asym, granularity: per_tensor, algorithm: percentile, percentile: 99.9}
  weight: {dtype: int8, scheme: sym, granularity: per_channel, algorithm: mse, bit: 6.5}
  output: uint8
  why: ""
- name: "/1/gemm"
  op: Gemm
  nodes: ["/1/gemm"]
  activation: {dtype: fp32}
  weight: {dtype: fp32}
  output: fp32
  accelerated: false
  why: "chosen by the strategy"
tensors:
- {name: "/0/relu_out", dtype: uint8, scale: [0.0235], zero_point: [3]}
- {name: "w0", unit: "/0/conv", dtype: int8, scale: [0.5, 1.0e-05], zero_point: [0, 0], axis: 0}
- {name: "b0", unit: "/0/conv", dtype: int32, scale: [0.25, 0.125], zero_point: [0, 0], axis: 0}
corrections:
- {unit: "/0/conv", weight_factor: [1.0, 1.5], weight_shift: [0.0, -0.25]}
- {unit: "/1/gemm", bias_shift: [0.125]}
equalization:
- {first: "/0/conv", second: "/1/gemm", factor: [2.0, 0.5]}
smoothing:
- {value: "normal", factor: [4.0]}
kernels:  # measured by bench --autotune: avx2, 1 thread, batch 1
- {node: "/0/conv", kernel: "dnnl/brgconv:avx2"}
- {node: "/1/gemm", kernel: "native"}
)";

/// The text with the first `from` replaced. @pre it holds `from`
inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
    return text.replace(text.find(from), from.size(), to);
}

}  // namespace halftone::test
