#pragma once
// A run's folder made by hand: journal, study.json and best.yaml, as a small run of two units would leave them.

#include <fstream>
#include <string>
#include <vector>

#include "journal/format.hpp"
#include "study/study_source.hpp"
#include "support/journal_records.hpp"
#include "support/temporary_folder.hpp"

namespace halftone::study {

/// Two units with two options each (option 0: quantized, 1: fp32), on 50 or 100 calibration samples.
inline const char* const kStudyJson = R"({
 "format": 1, "version": "0.1.0", "git": "abc", "command": "halftone tune c.yaml", "directory": "/work", "ranks": 2,
 "threads": 1, "libraries": {"onednn": "2.6.3", "mpi": "Open MPI 4.1.4"}, "model_path": "m.onnx", "model_bytes": 1234,
 "max_trials": 9, "goal": {"kind": "absolute", "loss": 0.01, "higher_is_better": true}, "metric": "topk",
 "calibration": [{"samples": 50}, {"samples": 100}],
 "units": [
  {"name": "/0/conv", "op": "Conv", "output": "y0", "nodes": ["/0/conv", "/0/relu"],
   "options": [{"activation": {"dtype": "uint8", "scheme": "asym", "granularity": "per_tensor", "algorithm": "minmax"},
                "weight": {"dtype": "int8", "scheme": "sym", "granularity": "per_channel", "algorithm": "minmax", "bit": 7.0},
                "weight_bytes": 30},
               {"activation": {"dtype": "fp32"}, "weight": {"dtype": "fp32"}, "weight_bytes": 80}],
   "refused": [{"dtype": "bf16", "why": "no AVX512_BF16"}]},
  {"name": "/1/gemm", "op": "Gemm", "output": "y1", "nodes": ["/1/gemm"],
   "options": [{"activation": {"dtype": "uint8", "scheme": "asym", "granularity": "per_tensor", "algorithm": "minmax"},
                "weight": {"dtype": "int8", "scheme": "sym", "granularity": "per_channel", "algorithm": "minmax", "bit": 7.0},
                "weight_bytes": 12},
               {"activation": {"dtype": "fp32"}, "weight": {"dtype": "fp32"}, "weight_bytes": 40}],
   "refused": []}],
 "config": "model:\n  path: m.onnx\n"
})";

inline const char* const kBestYaml = R"(format: 1
trial: 1
units:
- name: /0/conv
  op: Conv
  activation: {dtype: uint8, algorithm: minmax}
  weight: {dtype: int8, granularity: per_channel}
  output: uint8
  why: ""
- name: /1/gemm
  op: Gemm
  activation: {dtype: fp32}
  weight: {dtype: fp32}
  why: "fell back"
tensors:
- {name: x, dtype: uint8, scale: [5.0e-01], zero_point: [3]}
- {name: w, unit: /0/conv, dtype: int8, scale: [1.0e-01], zero_point: [0]}
)";

class RunFolder {
public:
    explicit RunFolder(const std::vector<journal::Record>& records) {
        std::string lines;
        for (const journal::Record& record : records) lines += journal::to_line(record) + "\n";
        write("trials.jsonl", lines);
    }
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(folder_ / name, std::ios::binary) << text;
    }
    [[nodiscard]] std::string path(const std::string& name = "") const {
        return name.empty() ? folder_.path() : folder_ / name;
    }
    [[nodiscard]] StudySource read() {
        warnings.clear();
        return read_study_source(path(), warnings);
    }

    std::vector<std::string> warnings;

private:
    TemporaryFolder folder_;
};

inline journal::Trial trial_record(std::int64_t number, const std::string& verdict, double accuracy) {
    journal::Trial trial;
    trial.trial = number;
    trial.candidate = "9f3c61d2a0b7e845";
    trial.stage = "model_wise";
    trial.verdict = verdict;
    trial.result = journal::sample_result(accuracy, 1);
    return trial;
}

inline journal::Sensitivity probe_record() {
    journal::Sensitivity probe;
    probe.stage = "probe";
    probe.kind = "unit_errors";
    probe.candidate = "9f3c61d2a0b7e845";
    probe.samples = 100;
    probe.values.resize(2);
    probe.values[0].unit = "/0/conv";
    probe.values[1].unit = "/1/gemm";
    // Noise to signal: 1/100 and 1/4.
    probe.values[0].sums.error = 1, probe.values[0].sums.reference = 100, probe.values[0].sums.quantized = 100;
    probe.values[0].sums.product = 99.5, probe.values[0].sums.count = 10;
    probe.values[1].sums.error = 1, probe.values[1].sums.reference = 4, probe.values[1].sums.quantized = 1;
    probe.values[1].sums.product = 2, probe.values[1].sums.count = 10;
    probe.options.by_unit = {0, 1};
    return probe;
}

/// A run with one trial of every kind: 0 fails, 1 passes with /1/gemm in fp32, 2 cannot be evaluated, 3 ended early.
inline std::vector<journal::Record> four_trials() {
    journal::Trial fails = trial_record(0, "fail", 0.9166);
    fails.options.by_unit = {0, 0};
    journal::Trial passes = trial_record(1, "pass", 0.93);
    passes.changed = {{"/1/gemm", "fp32"}};
    passes.options.calibration = 1;
    passes.options.by_unit = {0, 1};
    journal::Trial breaks = trial_record(2, "error", 0);
    breaks.result = {};
    breaks.result.failure = "scale is not finite";
    journal::Trial ends_early = trial_record(3, "fail", 0);
    ends_early.result = {};
    ends_early.result.score.samples = 1000;
    ends_early.result.score.bounds = {0.88, 0.921};
    ends_early.options.by_unit = {1, 1};
    return {journal::sample_header(),
            journal::Baseline{journal::sample_result(0.9328, 0)},
            probe_record(),
            fails,
            passes,
            breaks,
            ends_early};
}

}  // namespace halftone::study
