#pragma once
// The content of run.yaml: facts at the start of a run, and measurements and verdicts after its search has ended.

#include <optional>
#include <string>

#include "base/median_interval.hpp"
#include "config/run_config.hpp"
#include "plan/run_document.hpp"
#include "space/search_space.hpp"
#include "study/run_listener.hpp"
#include "study/study_facts.hpp"
#include "tune/tuner.hpp"

namespace halftone::study {

/// Returns the part of run.yaml that is known before the run: program, machine, command and config.
[[nodiscard]] RunDocument started_run(const RunStart& start, const RunConfig& config);

/// Returns the complete run.yaml. Unless a signal stopped the run, the delivered model and fp32 are timed in turn. So
/// the workers must have stopped, because their work would disturb the times. Logs a warning if latency is the
/// objective and the model is not faster.
/// @param delivered  the candidate whose model is in best.onnx; none if nothing was delivered
[[nodiscard]] RunDocument ended_run(const RunStart& start, const RunConfig& config, const RunParts& parts,
                                    const tune::RunResult& result, const std::optional<Candidate>& delivered);

/// Judges the latency, which is the objective of the run. The exit code stays that of the accuracy goal: LPOT would
/// call the run a success, too.
[[nodiscard]] RunObjective objective_of(const RunConfig& config, const SearchSpace& space, const Candidate& delivered,
                                        const MedianInterval& fp32_ms, const MedianInterval& best_ms);

/// Returns the Pareto front of all trials with an accuracy; empty if the run has no latency table.
[[nodiscard]] std::vector<FrontPoint> front_of(const RunConfig& config, const RunParts& parts,
                                               const tune::RunResult& result);

/// Returns a warning for a space in which no unit can be quantized; empty for any other. It is shown before the search:
/// the text at the end, "no quantized model was better", does not show the reason.
[[nodiscard]] std::string nothing_to_quantize_text(const SearchSpace& space);

}  // namespace halftone::study
