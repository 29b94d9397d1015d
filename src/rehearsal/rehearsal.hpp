#pragma once
// A rehearsal: everything that a tune does before its first trial, with every fault at once, and a guess at the work
// and the time of the whole run. It creates nothing.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/file_system.hpp"
#include "config/run_config.hpp"
#include "graph/onnx/onnx_model.hpp"
#include "rehearsal/fault.hpp"
#include "rehearsal/measured_work.hpp"
#include "rehearsal/rank_facts.hpp"
#include "tensor/field.hpp"
#include "trial/strategy.hpp"

namespace halftone {

/// What a user asked to rehearse.
struct RehearsalRequest {
    std::string config_path;
    std::vector<std::string> overrides;
    bool resume = false;
    int ranks = 1;
    std::vector<RankFacts> rank_facts = {};  ///< of all ranks, in their order; empty: there is one rank
};

/// What a rehearsal needs of the application. Every function may throw an Error, which becomes a fault.
struct RehearsalServices {
    KnownNames known;
    std::function<std::string()> read_config;
    std::function<SharedBytes(const RunConfig&)> read_model;
    std::function<void(const RunConfig&)> check_machine;
    std::function<std::string(const RunConfig&)> workspace;  ///< returns the folder where the run would write
    std::function<std::unique_ptr<Strategy>(const RunConfig&, const SearchSpace&, const Goal&, double baseline,
                                            const LatencySource&)>
        make_strategy;
};

struct ModelFacts {
    std::string path;
    ModelSurvey survey;           ///< inputs, outputs and operator set, as the file declares them
    std::size_t nodes = 0;        ///< after simplification; 0: the model cannot be prepared
    std::size_t units = 0;        ///< likewise
    std::size_t quantizable = 0;  ///< units with a quantized option
    std::string space_size;       ///< empty: there is no space
    std::uint64_t file_bytes = 0;
};

/// One dataloader section, and what its first samples hold.
struct DataFacts {
    std::int64_t samples = 0;        ///< that the run uses; 0 where the data set cannot be read
    std::int64_t available = 0;      ///< in the data set
    std::vector<std::string> first;  ///< by field of the first sample: "image fp32 [1,28,28], -0.81 to 2.02"
};

struct MetricFacts {
    std::vector<std::string> names = {};
    bool is_relative = true;
    double loss = 0;
};

/// What the run will cost. Seconds are wall time with the given ranks.
struct WorkFacts {
    std::int64_t trials_bound = 0;  ///< the run evaluates no more candidates than this
    std::int64_t probes = 0;        ///< that the strategy may ask for, besides
    /// How many trials and probes the course has whose time is `expected`.
    std::int64_t likely_trials = 0, likely_probes = 0;
    TimeSpan calibration;
    TimeSpan baseline;
    TimeSpan trial;  ///< low: one that fails early; high: one that sees all samples
    TimeSpan total;  ///< of the course that the first samples make likely
    double expected = 0;
    double longest = 0;  ///< where the strategy tries all it may
    std::int64_t batch = 0;
    std::uint64_t memory = 0;             ///< bytes of one rank, with packed weights and the program
    std::uint64_t tensor_memory = 0;      ///< of these, the bytes of tensors, which --memory limits
    std::optional<Chances> chances = {};  ///< what the first samples say; nothing where nothing is scored
};

struct Rehearsal {
    std::vector<Fault> faults;  ///< sorted: the first one decides the exit code
    std::string isa;
    std::string strategy;
    int ranks = 1;
    std::string hosts;               ///< "3 ranks on node1, 2 on node2"; empty: there is one rank
    std::uint64_t memory_limit = 0;  ///< bytes that a rank's tensors may take; the smallest of all ranks
    std::optional<ModelFacts> model;
    std::optional<DataFacts> calibration, evaluation;
    std::optional<MetricFacts> metric;
    std::optional<WorkFacts> work;  ///< nothing where faults stand in the way
};

/// Tries every part of the run that the config describes. A part that is wrong hides no other part, unless that cannot
/// be looked at without it.
[[nodiscard]] Rehearsal rehearse(const RehearsalRequest& request, const RehearsalServices& services,
                                 const FileSystem& files, const Clock& clock);

/// Returns the exit code: that of the first fault, or 0.
[[nodiscard]] int exit_code_of(const Rehearsal& rehearsal);
/// Returns what was found, as lines for a person. The faults are not among them.
[[nodiscard]] std::string rehearsal_text(const Rehearsal& rehearsal);
/// Returns what was found and the faults, as one JSON object.
[[nodiscard]] std::string rehearsal_json(const Rehearsal& rehearsal);

}  // namespace halftone
