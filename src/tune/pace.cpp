#include "tune/pace.hpp"

#include <algorithm>

#include "base/clock.hpp"

namespace halftone::tune {
namespace {

// In the end the finalists and fp32 are timed side by side, then the delivered model and fp32 for the report. Usually
// there is one finalist beside fp32, so four sessions are the likely number. Each has 15 rounds of 20 ms or of one run,
// where that is longer, and five runs before them (eval/latency.hpp).
constexpr double kTimedSessions = 4;
constexpr double kTimedRounds = 15;
constexpr double kRunsBefore = 5;
constexpr double kRoundS = 0.02;
/// Building these sessions and writing the last files.
constexpr double kFilesS = 0.2;

double timing_at_the_end_s(double run_s) {
    return kFilesS + kTimedSessions * (kTimedRounds * std::max(kRoundS, run_s) + kRunsBefore * run_s);
}

}  // namespace

double Pace::take_interval(std::chrono::nanoseconds now) {
    const double interval = seconds(now - last_told_);
    last_told_ = now;
    return interval;
}

void Pace::note_probe(std::chrono::nanoseconds now, std::int64_t samples, bool is_prepared) {
    const double interval = take_interval(now);
    ProbeTimes& times = is_prepared ? prepared_ : plain_;
    if (plain_.all.count + prepared_.all.count >= guess_.workers) times.further.add(interval);
    times.all.add(interval);
    probed_samples_ = samples;
}

// Until one was told, a probe with a preparation is taken to run the fp32 model once more on its samples: the prepared
// model is another fp32 model, and corrections of biases compare with it.
double Pace::prepared_probe_s() const {
    if (prepared_.all.count > 0) return prepared_.mean();
    const double share =
        guess_.samples > 0 ? static_cast<double>(probed_samples_) / static_cast<double>(guess_.samples) : 0;
    return plain_probe_s() + share * guess_.fp32_s;
}

// Of fp32's evaluation, the table says how long the model itself ran; the rest is reading and judging samples, which 8
// bits do not make quicker. The table's ratio is that of single samples, though, and an evaluation runs them in
// batches, in which 8 bits gain more. A probe runs the candidate in batches, too, and builds it first: so a trial takes
// no longer than a probe, sample for sample.
double Pace::quantized_guess_s() const {
    const auto samples = static_cast<double>(guess_.samples);
    const double in_table = samples * guess_.run_s / static_cast<double>(guess_.workers);
    const double model_s = in_table > 0 ? std::min(in_table, guess_.fp32_s) : guess_.fp32_s;
    double quantized_s = guess_.quantized_ratio * model_s;
    const Told& further = plain_.further.count > 0 ? plain_.further : prepared_.further;
    if (further.count > 0 && probed_samples_ > 0 && guess_.samples > 0) {
        // The shortest has the least to build. With several workers an interval alone is no probe's time.
        const double probe_s = guess_.workers == 1 ? further.least : further.mean();
        quantized_s = std::min(quantized_s, probe_s * samples / static_cast<double>(probed_samples_));
    }
    return guess_.fp32_s - model_s + quantized_s;
}

void Pace::note_trial(std::chrono::nanoseconds now, double quantized) {
    saved_ += quantized * (guess_.fp32_s - take_interval(now));
    squares_ += quantized * quantized;
}

// A trial's time is taken to lie on the straight line between fp32's evaluation, which is known, and a model with all
// units in 8 bits. The slope is that of least squares through the trials that were told: sum(share * saved) /
// sum(share^2).
double Pace::trials_s(const Outlook& outlook) const {
    const double saved = squares_ > 0 ? saved_ / squares_ : guess_.fp32_s - quantized_guess_s();
    return std::max(0.0, static_cast<double>(outlook.trials) * guess_.fp32_s - outlook.quantized * saved);
}

std::optional<double> Pace::seconds_left(const Outlook& outlook, std::chrono::nanoseconds now) const {
    if (outlook.probes > 0 && plain_.all.count + prepared_.all.count == 0) return std::nullopt;
    const double trials = trials_s(outlook);
    const std::int64_t plain = outlook.probes - outlook.prepared_probes;
    const double work = static_cast<double>(plain) * plain_probe_s() +
                        static_cast<double>(outlook.prepared_probes) * prepared_probe_s() + trials;
    // The first of what is ahead has been worked at since the last result, but it is not over.
    const double first = plain > 0                     ? plain_probe_s()
                         : outlook.prepared_probes > 0 ? prepared_probe_s()
                         : outlook.trials > 0          ? trials / static_cast<double>(outlook.trials)
                                                       : 0;
    return work - std::min(seconds(now - last_told_), first) + timing_at_the_end_s(guess_.run_s);
}

}  // namespace halftone::tune
