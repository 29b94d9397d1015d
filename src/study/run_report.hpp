#pragma once
// The summary of a run that the command report prints, as text and as JSON. Nothing is printed here.

#include <string>

#include "study/study_source.hpp"
#include "trial/trial.hpp"

namespace halftone::study {

/// Returns several lines: state, baseline, goal, the delivered trial, the last trials, and the units whose outputs
/// differ most from fp32 in the last probe that measured units. Lines about steps that the run has not reached are left
/// out.
[[nodiscard]] std::string run_report_text(const StudySource& source);

/// Returns the same as one JSON object on one line, without a newline at its end. Numbers that do not exist (yet) are
/// null.
[[nodiscard]] std::string run_report_json(const StudySource& source);

/// Returns "0.9224 [0.9170, 0.9275]": the accuracy and, if the metric counts right samples, its 95 % interval.
[[nodiscard]] std::string accuracy_cell(const Score& score);

/// Returns "outputs of 3 of 500 samples are NaN or infinite (samples 4, 7, 9)"; empty if all outputs are numbers. Of
/// many samples only the first are named.
[[nodiscard]] std::string nonfinite_text(const Score& score);

}  // namespace halftone::study
