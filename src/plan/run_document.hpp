#pragma once
// run.yaml: how a run was started, on what, and how it ended. src/plan/README.md describes the format field by field.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/config_node.hpp"
#include "trial/front.hpp"

namespace halftone {

/// The result for the objective performance: whether the delivered model is faster than fp32.
struct RunObjective {
    bool is_met = false;                 ///< it is faster, beyond the noise of the measurement
    std::string text;                    ///< one sentence
    std::vector<std::string> help = {};  ///< what could make it faster; empty if it is met
    bool is_slower = false;              ///< it is slower, beyond the noise; not written, because the text says so
};

struct RunDocument {
    std::string version;  ///< of Halftone
    std::string git;      ///< the commit that the program was built from
    std::string command;
    std::string directory;  ///< in which the command was given: paths in the config are relative to it
    std::string isa;
    int ranks = 1;
    std::int64_t threads = 1;
    std::string onednn, mpi;  ///< versions of the libraries
    std::string reason;       ///< why the run ended: goal_met, max_trials, timeout, exhausted, interrupted
    int exit_code = 0;
    std::string verdict;                     ///< the outcome of the run in one sentence; empty if no model is delivered
    std::optional<double> fp32_ms, best_ms;  ///< median latencies; none if they were not measured
    std::int64_t sample_units = 0;           ///< samples x units really executed
    std::optional<std::int64_t> skipped;     ///< samples that could not be read; none unless they may be skipped
    std::vector<std::string> heuristics;     ///< the heuristic steps of the strategy, in words
    std::optional<RunObjective> objective;   ///< none if latency is no objective, or nothing was measured
    std::vector<std::string> warnings;       ///< what makes the result doubtful, in whole sentences; usually empty
    std::vector<FrontPoint> front;           ///< empty if the run has no latency table
    ConfigNode config;                       ///< the effective config
};

/// Returns the text of run.yaml.
[[nodiscard]] std::string write_run(const RunDocument& document);

}  // namespace halftone
