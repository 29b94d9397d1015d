#pragma once
// The output while a tune runs: one live line on a terminal, plain log lines elsewhere.

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

    /// Shows a trial: on the terminal in the live line, and as a line of the log.
    void show(const tune::FinishedTrial& trial, const std::string& stage, const tune::Progress& progress);
    /// Shows the work between trials: on the terminal once a second, and in the log if it showed nothing for 30
    /// seconds.
    void show(const tune::WorkInHand& work);
    /// Ends the live line, so that other text starts on a line of its own.
    void finish();

private:
    void write_live(const std::string& text);

    bool is_terminal_;
    bool is_quiet_;
    double timeout_s_;
    std::string last_trial_;  ///< the live line's text of the last trial; empty before the first
    double shown_s_ = 0;      ///< elapsed time when the terminal showed something last
    double logged_s_ = 0;     ///< elapsed time when the log got a line last
};

/// "0.9224 [0.9170, 0.9275] of 10000", with the 95 % interval where the metric counts; "at most 0.9292, from 1000" for
/// a trial that ended early.
[[nodiscard]] std::string accuracy_text(const Score& score);

/// Returns a value or a loss of the score's goal metric: four digits after the point, or four significant digits if the
/// metric is no share and the number is small.
[[nodiscard]] std::string metric_number(double value, const Score& score);

/// Returns "loss 0.0022 [0.0010, 0.0034]": the loss against fp32 with its 95 % interval, paired sample by sample; empty
/// if the score has no loss.
[[nodiscard]] std::string loss_text(const Score& score);

/// Returns "topk 0.93, MSE 0.0012": every metric of a score that has several; empty for one metric, which is its
/// accuracy.
[[nodiscard]] std::string other_metrics_text(const Score& score);

/// Returns the seconds that all possible trials would take at the pace of this session, or that the time limit leaves.
/// @param timeout_s  0: none
[[nodiscard]] double most_seconds_left(const tune::Progress& progress, double timeout_s);

/// Returns the time left with its range: "left about 35s (up to 3m 20s)", or "left 12s to 3m 20s" if the expected time
/// is unknown. The lower end is then one trial, because most strategies may end with the next one.
/// @param timeout_s  0: none
[[nodiscard]] std::string time_left_text(const tune::Progress& progress, double timeout_s);

/// Returns the beginning of a text that fits into one line of a terminal; all of it if `columns` is 0. It never cuts a
/// character of UTF-8.
[[nodiscard]] std::string cut_to_columns(const std::string& text, int columns);

/// "1h 02m", "3m 20s", "12s".
[[nodiscard]] std::string duration_text(double seconds);

}  // namespace halftone::study
