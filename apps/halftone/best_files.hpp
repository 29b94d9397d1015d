#pragma once
// best.yaml, run.yaml and the reasons in them, as text. No file is written here.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "eval/latency.hpp"
#include "setup.hpp"
#include "trial/front.hpp"
#include "tune/tuner.hpp"

namespace halftone::app {

/// What a run learnt that explains its choices; filled trial by trial, replayed ones included, so that a resumed run
/// writes the same words.
struct Findings {
    std::optional<double> best_model_wise;      ///< accuracy of the best model-wise candidate
    std::map<std::string, double> alone;        ///< accuracy with just this unit in high precision
    std::optional<ProbeResult> unit_errors;     ///< of the candidate that was probed last
    std::optional<double> base_error;           ///< of the output, where no unit is in high precision; the least seen
    std::map<std::string, double> error_alone;  ///< of the output, with just this unit in high precision; the latest
    void note(const SearchSpace& space, const tune::FinishedTrial& trial, const std::string& stage, const Goal* goal);
    void note(const SearchSpace& space, const ProbeRequest& request, const ProbeResult& result);
};

struct BestInput {
    const Workbench* bench = nullptr;
    const RunConfig* config = nullptr;
    const QuantizedModel* model = nullptr;
    const PlanNumbers* numbers = nullptr;  ///< of the model
    Candidate candidate;
    std::vector<SmoothedValue> smoothing;
    std::optional<tune::FinishedTrial> trial;  ///< none when nothing was evaluated
    double baseline = 0;
    const Findings* findings = nullptr;
};

/// Identical for any number of ranks: no times, hosts, paths.
[[nodiscard]] std::string best_yaml(const BestInput& input);

struct RunSummary {
    std::string command;
    std::string directory;  ///< in which the command was given: paths in it are relative to this
    int ranks = 1;
    std::string reason;
    int exit_code = 0;
    std::optional<MedianInterval> fp32, best;
    std::int64_t sample_units = 0;
    std::vector<std::string> heuristics;  ///< of the strategy
    std::vector<FrontPoint> front;        ///< of accuracy, latency and size
};

[[nodiscard]] std::string run_yaml(const RunConfig& config, const RunSummary& summary);

}  // namespace halftone::app
