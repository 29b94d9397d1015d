#pragma once
// Pace: how long trials and probes take in this session, and the time left that follows from it.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "trial/strategy.hpp"

namespace halftone::tune {

/// The facts about the times of trials that are known when the search begins.
struct FirstGuess {
    double fp32_s = 0;  ///< wall time of the fp32 model's evaluation, with all workers at it
    /// Time of the model with every unit in 8 bits, divided by fp32's, by the latency table; 1 without a table.
    double quantized_ratio = 1;
    double run_s = 0;  ///< one run of the fp32 model by the latency table: in the end models are timed; 0 if unknown
    std::int64_t samples = 0;  ///< of the evaluation; 0 if unknown
    std::int64_t workers = 1;
};

class Pace {
public:
    /// @param now    when the search begins
    /// @param guess  is used as the pace of trials until one is told
    Pace(std::chrono::nanoseconds now, const FirstGuess& guess) : last_told_(now), guess_(guess) {}

    /// @param samples      of the calibration data, on which the probe ran a candidate; 0 if it failed
    /// @param is_prepared  whether that candidate has a preparation
    void note_probe(std::chrono::nanoseconds now, std::int64_t samples, bool is_prepared);
    /// @param quantized  share of the trial's units that run in 8 bits
    void note_trial(std::chrono::nanoseconds now, double quantized);
    /// Notes a trial that ended early or failed. Its time does not count for the pace.
    void note_short_trial(std::chrono::nanoseconds now) { (void)take_interval(now); }

    /// Returns the seconds that the strategy's outlook takes. Running work counts as begun when the last result was
    /// told. Returns nothing if probes are expected and none was told yet.
    [[nodiscard]] std::optional<double> seconds_left(const Outlook& outlook, std::chrono::nanoseconds now) const;

private:
    /// The told results of one kind. Results come one by one even if several workers compute them at the same time, so
    /// the intervals between them measure a throughput.
    struct Told {
        double seconds = 0;
        double least = 0;  ///< the shortest interval
        std::int64_t count = 0;
        void add(double interval) {
            least = count > 0 ? std::min(least, interval) : interval;
            seconds += interval;
            ++count;
        }
        [[nodiscard]] double mean() const { return count > 0 ? seconds / static_cast<double>(count) : 0; }
    };
    /// Probes with or without a preparation.
    struct ProbeTimes {
        Told all, further;  ///< further: without the first probe of each worker, which runs the fp32 model, too
        [[nodiscard]] double mean() const { return further.count > 0 ? further.mean() : all.mean(); }
    };
    double take_interval(std::chrono::nanoseconds now);
    [[nodiscard]] double plain_probe_s() const { return plain_.all.count > 0 ? plain_.mean() : prepared_.mean(); }
    [[nodiscard]] double prepared_probe_s() const;
    [[nodiscard]] double quantized_guess_s() const;
    [[nodiscard]] double trials_s(const Outlook& outlook) const;

    std::chrono::nanoseconds last_told_;
    FirstGuess guess_;
    ProbeTimes plain_, prepared_;
    std::int64_t probed_samples_ = 0;  ///< of the last probe
    // Sums over the told trials, for the straight line through them (trials_s).
    double saved_ = 0;    ///< share of 8-bit units times the seconds that the trial was quicker than fp32
    double squares_ = 0;  ///< squares of the shares
};

}  // namespace halftone::tune
