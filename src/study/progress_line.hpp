#pragma once
// What a person sees while a tune runs: one live line on a terminal, plain log lines elsewhere.

#include <string>

#include "tune/tuner.hpp"

namespace halftone::study {

class ProgressLine {
public:
    /// @param is_quiet  nothing on the terminal
    ProgressLine(bool is_terminal, bool is_quiet, double timeout_s);
    ~ProgressLine();
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    void show(const tune::FinishedTrial& trial, const std::string& stage, const tune::Progress& progress);
    /// Ends the live line, so that other text starts on a line of its own.
    void finish();

private:
    bool is_terminal_;
    bool is_quiet_;
    double timeout_s_;
    bool is_open_ = false;
};

/// "0.9224 [0.9170, 0.9275] of 10000", with the 95 % interval where the metric counts; "at most 0.9292, from 1000" for
/// a trial that ended early.
[[nodiscard]] std::string accuracy_text(const Score& score);

/// Returns a value or a loss of the score's goal metric: four digits behind the point, or four that count where the
/// metric is no share and the number is small.
[[nodiscard]] std::string metric_number(double value, const Score& score);

/// Returns "loss 0.0022 [0.0010, 0.0034]": the loss against fp32 with its 95 % interval, paired sample by sample; empty
/// where the score has no loss.
[[nodiscard]] std::string loss_text(const Score& score);

/// Returns "topk 0.93, MSE 0.0012": every metric of a score that has several; empty for one metric, which is its
/// accuracy.
[[nodiscard]] std::string other_metrics_text(const Score& score);

/// "1h 02m", "3m 20s", "12s".
[[nodiscard]] std::string duration_text(double seconds);

}  // namespace halftone::study
