#pragma once
// How long the parts of a run take here, from a quick timing of one batch.

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "config/run_config.hpp"
#include "data/dataset.hpp"
#include "exec/prepared_model.hpp"
#include "trial/latency_table.hpp"
#include "trial/trial.hpp"

namespace halftone {

/// A time in seconds, as its quickest and its slowest measurement.
struct TimeSpan {
    double low = 0;
    double high = 0;

    friend TimeSpan operator+(const TimeSpan& a, const TimeSpan& b) { return {a.low + b.low, a.high + b.high}; }
    friend TimeSpan operator*(double factor, const TimeSpan& span) { return {factor * span.low, factor * span.high}; }
    friend bool operator==(const TimeSpan&, const TimeSpan&) = default;
};

/// What the first samples say of the run's chances. It is a guess: they are few.
struct Chances {
    Score fp32 = {};                      ///< of these samples
    std::string doubt = {};               ///< why fp32's value may mean nothing (eval/guessing.hpp); empty: no reason
    std::optional<Score> candidate = {};  ///< of the most promising candidate; nothing if it cannot be built
    /// The candidate keeps to the goal, or misses it by less than the standard error of its loss.
    bool is_goal_likely = true;
    /// The first candidate, which has no preparation, keeps to half of the allowed loss in the same sense, and its
    /// outputs differ little from fp32's: `auto` will then try no preparation.
    bool is_easy = false;
};

/// All times are those of one process with the config's number of threads. What is not part of the run is 0.
struct MeasuredWork {
    TimeSpan read_calibration;  ///< of one sample of the calibration data: reading, decoding, transforms
    TimeSpan read_evaluation;   ///< of one sample of the evaluation data
    TimeSpan calibrate;         ///< of one sample: fp32 with statistics
    TimeSpan ranges;            ///< once: choosing the ranges
    TimeSpan fp32;              ///< of one sample: fp32 with the metric
    TimeSpan build;             ///< of one candidate: its model and its sessions
    TimeSpan quantized;         ///< of one sample: a candidate with the metric
    TimeSpan probe;             ///< of one sample: fp32 and a candidate side by side
    /// How much longer a candidate takes to build and to probe with a preparation, as the mean over those of the space;
    /// 1 where there is no choice. Corrections of biases run the calibration samples for each candidate.
    double preparation_factor = 1;
    std::int64_t probed_samples = 0;  ///< of the probes that the factor comes from; 0: as many as the run probes
    TimeSpan latency_table = {};      ///< measuring the whole table, once
    /// The table from a few rounds: good enough to see which trials a strategy will ask for. Empty if it needs none.
    std::optional<LatencyTable> table = {};
    std::int64_t batch = 0;               ///< samples that run together
    std::uint64_t bytes = 0;              ///< that this process has held at most when all of it was run once
    std::uint64_t tensor_bytes = 0;       ///< of its tensors, which the budget limits
    std::optional<Chances> chances = {};  ///< nothing where nothing is scored
};

/// What is measured. The pointers outlive the call.
struct WorkSetup {
    const RunConfig* config = nullptr;
    const PreparedModel* model = nullptr;
    const Pipeline* calibration = nullptr;
    const Pipeline* evaluation = nullptr;  ///< null: nothing is scored
    bool probes = false;                   ///< whether the strategy asks for probes
    bool latency_table = false;            ///< whether the strategy asks for the table
};

/// Runs one batch of everything that a run does: calibration, fp32, the first model-wise candidate, a probe; then, for
/// a few seconds at most, a candidate of each preparation, and more samples to see whether the goal is within reach.
/// @throws DataError, ModelError, ConfigError as the run itself would
[[nodiscard]] MeasuredWork measure_work(const WorkSetup& setup, const Clock& clock);

}  // namespace halftone
