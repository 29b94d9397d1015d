#pragma once
// A run's folder as it is now, running, ended or killed: everything that the summary and study.h5 show.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/config_node.hpp"
#include "journal/format.hpp"

namespace halftone::study {

/// A unit's option, as words.
struct OptionFacts {
    std::string activation_dtype, activation_scheme, activation_granularity, activation_algorithm;
    std::string weight_dtype, weight_scheme, weight_granularity, weight_algorithm;
    double weight_bit = 0;
    std::int64_t weight_bytes = 0;
};

struct UnitFacts {
    std::string name, op, output;
    std::vector<std::string> nodes;
    std::vector<OptionFacts> options;
    std::string refused;  ///< "int8: why; bf16: why"
};

struct StudySource {
    std::string folder;
    journal::Header header;
    std::optional<journal::Baseline> baseline;
    std::vector<journal::Trial> trials;  ///< by number
    std::vector<journal::Sensitivity> sensitivities;
    std::optional<journal::LatencyTable> latency;
    std::optional<journal::Finalists> finalists;
    std::map<std::int64_t, journal::TrialResult>
        completed;  ///< trials that had ended early and were then evaluated fully
    std::optional<journal::End> end;
    std::int64_t sessions = 1;
    bool is_running = false;  ///< another process holds the journal

    bool has_facts = false;  ///< study.json was there and is of this run; else units have names only
    std::string version, git, command, directory, libraries, model_path, metric, config_text;
    std::int64_t ranks = 0, threads = 0, model_bytes = 0, max_trials = 0;
    bool is_relative = false, higher_is_better = true;
    double loss = 0;
    std::vector<std::int64_t> calibration_sizes;  ///< by index
    std::vector<UnitFacts> units;

    std::string calibration_file;  ///< path; empty: none
    std::string plan_text;         ///< best.yaml; empty: none
    std::optional<ConfigNode> plan;

    [[nodiscard]] double goal_limit() const;
    /// A trial's result; the full one where it was completed.
    [[nodiscard]] const journal::TrialResult& result(const journal::Trial& trial) const;
    /// Number of the delivered trial; -1: none.
    [[nodiscard]] std::int64_t delivered() const;
    /// What a choice makes of a unit; null where it was not recorded.
    [[nodiscard]] const OptionFacts* option(const journal::CandidateOptions& choice, std::size_t unit) const;
};

/// @throws IoError when the folder or its journal is missing or damaged; a damaged study.json or best.yaml is told in
/// `warnings` and left out
[[nodiscard]] StudySource read_study_source(const std::string& folder, std::vector<std::string>& warnings);

}  // namespace halftone::study
