#pragma once
// The first and the last lines of a finished tune: its outcome in one sentence, and the next steps.

#include <optional>
#include <string>

#include "config/run_config.hpp"
#include "plan/run_document.hpp"
#include "tune/tuner.hpp"

namespace halftone::study {

/// Returns one sentence: how fast the delivered model is against fp32, what it loses with the 95 %
/// interval, and whether the goal is met. For example "int8 is 1.9 x as fast, loses 0.0013 [0.0002, 0.0024], goal met".
/// Parts that were not measured are left out.
/// @param quantized_units  of the delivered model; 0: it is fp32
[[nodiscard]] std::string verdict_line(const RunConfig& config, const tune::RunResult& result, const RunDocument& run,
                                       std::size_t quantized_units);

/// Returns two lines: how to check the result in other runtimes, and how to see every trial.
/// @param workspace  folder of the results
[[nodiscard]] std::string next_steps(const std::string& workspace);

}  // namespace halftone::study
