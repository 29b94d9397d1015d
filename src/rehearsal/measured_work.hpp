#pragma once
// How long the parts of a run take here, from a quick timing of one batch.

#include <cstdint>

#include "base/clock.hpp"
#include "config/run_config.hpp"
#include "data/dataset.hpp"
#include "exec/prepared_model.hpp"

namespace halftone {

/// A time in seconds, as its quickest and its slowest measurement.
struct TimeSpan {
    double low = 0;
    double high = 0;

    friend TimeSpan operator+(const TimeSpan& a, const TimeSpan& b) { return {a.low + b.low, a.high + b.high}; }
    friend TimeSpan operator*(double factor, const TimeSpan& span) { return {factor * span.low, factor * span.high}; }
    friend bool operator==(const TimeSpan&, const TimeSpan&) = default;
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
    std::int64_t batch = 0;     ///< samples that run together
    std::uint64_t bytes = 0;    ///< that this process holds when all of it was run once
};

/// What is measured. The pointers outlive the call.
struct WorkSetup {
    const RunConfig* config = nullptr;
    const PreparedModel* model = nullptr;
    const Pipeline* calibration = nullptr;
    const Pipeline* evaluation = nullptr;  ///< null: nothing is scored
    bool probes = false;                   ///< whether the strategy asks for probes
};

/// Runs one batch of everything that a run does: calibration, fp32, the first model-wise candidate, a probe.
/// @throws DataError, ModelError, ConfigError as the run itself would
[[nodiscard]] MeasuredWork measure_work(const WorkSetup& setup, const Clock& clock);

}  // namespace halftone
