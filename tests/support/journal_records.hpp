#pragma once
// One record of every type, as a short run would write them.

#include <cmath>
#include <vector>

#include "journal/format.hpp"

namespace halftone::journal {

inline Header sample_header() {
    return {.version = "0.1.0",
            .strategy = "basic",
            .seed = 9527,
            .isa = "avx512_core_vnni",
            .config = "51c09a3be27f0d14",
            .model = "9be2d1f0a7c34e58",
            .data = "0c1d2e3f4a5b6c7d",
            .space = "8f7e6d5c4b3a2918"};
}

inline TrialResult sample_result(double accuracy, std::int64_t worker) {
    return {.score = {.accuracy = accuracy,
                      .correct = std::llround(accuracy * 10'000),
                      .samples = 10'000,
                      .sample_units = 220'000},
            .failure = {},
            .wall_s = 2.4,
            .worker = worker};
}

inline std::vector<Record> sample_run() {
    TrialResult failed;
    failed.failure = "unit \"/0/conv\": scale is not finite";
    failed.worker = 1;
    return {sample_header(),
            Baseline{sample_result(0.9328, 0)},
            Partial{.of = 1, .candidate = "3d5a77e0c4b81f26", .result = sample_result(0.9301, 2)},
            Trial{.trial = 0,
                  .candidate = "9f3c61d2a0b7e845",
                  .stage = "model_wise",
                  .changed = {{"/0/conv", "fp32"}},
                  .verdict = "fail",
                  .result = sample_result(0.9166, 1),
                  .elapsed_ms = 8412},
            Trial{.trial = 1,
                  .candidate = "3d5a77e0c4b81f26",
                  .stage = "model_wise",
                  .changed = {},
                  .verdict = "error",
                  .result = failed,
                  .elapsed_ms = 9001},
            Resume{.trials = 2, .ranks = 3},
            End{.reason = "max_trials",
                .trials = 2,
                .best = 0,
                .goal_met = false,
                .sample_units = 660'000,
                .elapsed_ms = 9050},
            Difficulty{"0a3z"},
            LatencyTable{.unit_ms = {{0.1, 0.25}, {0.3}}, .conversions = {{-1, 0, 0.01, 0.02}}, .rest_ms = 0.5},
            Sensitivity{.probe = 0,
                        .stage = "probe",
                        .kind = "unit_errors",
                        .candidate = "9f3c61d2a0b7e845",
                        .samples = 100,
                        .failure = {},
                        .values = {{"/0/conv", {0.1, 2.5, 2.4, 2.3, 0.3, 0.2, -1.5, 2.0, -1.4, 1.9, 100}}}},
            Completion{.of = 1, .candidate = "3d5a77e0c4b81f26", .result = sample_result(0.9299, 2)},
            Finalists{.entries = {{0, "9f3c61d2a0b7e845", {1.5, 1.4, 1.6}}}, .chosen = 0},
            Judgements{"01-1", {}}};
}

/// One record of every type with no field at its default, the optional ones included.
inline std::vector<Record> full_records() {
    TrialResult result = sample_result(0.9166, 1);
    result.score.bounds = AccuracyBounds{0.25, 0.75};
    result.score.metrics = {{"topk", 0.9166}, {"MSE", 0.25}};
    result.score.loss = ScoreLoss{.value = 0.0022, .ci95 = AccuracyBounds{0.001, 0.0034}};
    result.score.nonfinite = {.samples = 3, .first = {7, 20, 41}};
    const CandidateOptions options{.calibration = 1, .by_unit = {0, 4, 2}};
    const ErrorSums sums{0.1, 2.5, 2.4, 2.3, 0.3, 0.2, -1.5, 2.0, -1.4, 1.9, 100};
    TrialResult failed = result;
    failed.failure = "scale is not finite";
    failed.score.accuracy = 0;  // a failed trial has none
    return {sample_header(),
            Baseline{result},
            Trial{.trial = 3,
                  .candidate = "9f3c61d2a0b7e845",
                  .stage = "model_wise",
                  .changed = {{"/0/conv", "fp32"}},
                  .verdict = "fail",
                  .result = result,
                  .latency_ms = 1.25,
                  .elapsed_ms = 8412,
                  .options = options},
            Partial{.of = 1, .candidate = "3d5a77e0c4b81f26", .result = failed},
            Resume{.trials = 2, .ranks = 3},
            End{.reason = "max_trials",
                .trials = 2,
                .best = 1,
                .goal_met = true,
                .sample_units = 660'000,
                .elapsed_ms = 9050},
            Difficulty{"0a3z"},
            Judgements{"", {0.25, 0.5}},
            Sensitivity{.probe = 4,
                        .stage = "probe",
                        .kind = "unit_errors",
                        .candidate = "9f3c61d2a0b7e845",
                        .samples = 100,
                        .failure = "scale is not finite",
                        .values = {{"/0/conv", sums}},
                        .options = options},
            LatencyTable{.unit_ms = {{0.1, 0.25}, {0.3}}, .conversions = {{0, 1, 0.01, 0.02}}, .rest_ms = 0.5},
            Finalists{.entries = {{7, "9f3c61d2a0b7e845", {1.5, 1.4, 1.6}}}, .chosen = 7},
            Completion{.of = 1, .candidate = "3d5a77e0c4b81f26", .result = result}};
}

}  // namespace halftone::journal
