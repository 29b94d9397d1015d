#pragma once
// A run's folder as it is now, whether the run is going on, has ended or was killed. Everything that the report of a
// run and study.h5 show comes from a StudySource.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/config_node.hpp"
#include "journal/format.hpp"
#include "study/progress_file.hpp"

namespace halftone::study {

/// One way in which a unit may run, in the words of study.json. Schemes, granularities and algorithms are empty where
/// the unit is not quantized.
struct OptionFacts {
    std::string activation_dtype, activation_scheme, activation_granularity, activation_algorithm;
    std::string weight_dtype, weight_scheme, weight_granularity, weight_algorithm;
    double weight_bit = 0;               ///< bits of a code's magnitude; 0: not quantized
    std::int64_t weight_group_size = 0;  ///< weights that share a scale; 0: not stored by blocks
    std::int64_t weight_bytes = 0;       ///< in the exported file, with scales and zero points
};

struct UnitFacts {
    std::string name, op;
    std::string output;                ///< name of the value that it produces
    std::vector<std::string> nodes;    ///< names
    std::vector<OptionFacts> options;  ///< by option number; empty: unknown, because study.json is missing
    std::string refused;               ///< "int8: why; bf16: why"
};

struct StudySource {
    std::string folder;

    // From trials.jsonl.
    journal::Header header;
    std::optional<journal::Baseline> baseline;
    std::vector<journal::Trial> trials;  ///< by number
    std::vector<journal::Sensitivity> sensitivities;
    std::optional<journal::LatencyTable> latency;
    std::optional<journal::Finalists> finalists;
    /// By number of the trial: results of trials that had ended early and were then evaluated on all samples.
    std::map<std::int64_t, journal::TrialResult> completed;
    std::optional<journal::End> end;  ///< empty: the run has not ended, or it was resumed and goes on
    std::int64_t sessions = 1;        ///< 1 plus the number of times that the run was resumed
    bool is_running = false;          ///< another process holds the journal's lock

    // From study.json.
    /// Whether study.json existed and could be read. If not, the fields below keep their defaults, and `units` are
    /// those that the journal names, in the order of the journal, with their names only.
    bool has_facts = false;
    std::string version, git, command, directory, libraries, model_path, metric, config_text;
    std::int64_t ranks = 0, threads = 0, model_bytes = 0, max_trials = 0;
    bool is_relative = false, higher_is_better = true;
    double loss = 0;                              ///< that the goal allows
    std::vector<std::int64_t> calibration_sizes;  ///< in samples, by calibration index
    std::vector<UnitFacts> units;

    // The folder's other files.
    std::optional<RunProgress> progress;  ///< while the run goes on, and only once progress.json is written
    double progress_age_s = 0;            ///< how long ago that was
    std::string verdict;                  ///< of run.yaml; empty before the end, or if no model was delivered
    std::string calibration_file;         ///< path of calibration.h5; empty: there is none
    std::string plan_text;                ///< best.yaml; empty: there is none, or it is damaged
    std::optional<ConfigNode> plan;       ///< best.yaml, parsed

    /// Returns the accuracy that the goal asks for, or NaN before the baseline is known.
    [[nodiscard]] double goal_limit() const;
    /// Returns the trial's result; if the trial was completed after it had ended early, the result on all samples.
    [[nodiscard]] const journal::TrialResult& result(const journal::Trial& trial) const;
    /// Returns the number of the trial whose model best.onnx holds, or -1 if there is none.
    [[nodiscard]] std::int64_t delivered() const;
    /// Returns the option that a candidate takes for a unit; null if the journal did not record it, or if study.json is
    /// missing.
    [[nodiscard]] const OptionFacts* option(const journal::CandidateOptions& choice, std::size_t unit) const;
};

/// Reads the text of a study.json into the source's facts. @throws DataError that names the fault; some facts may be
/// filled then
void read_study_facts(const std::string& text, StudySource& source);

/// Reads a run's folder.
/// @param warnings  receives a sentence for each file that is damaged and was left out: study.json, best.yaml, or the
/// journal's unfinished last line
/// @throws IoError when the folder holds no run, or its journal is damaged
[[nodiscard]] StudySource read_study_source(const std::string& folder, std::vector<std::string>& warnings);

}  // namespace halftone::study
