// The time of a run as a sum of its parts. Every number that is not measured stands at the top, with its reason.
#include "rehearsal/predict_work.hpp"

#include <algorithm>

namespace halftone {
namespace {

/// Times on a shared machine vary from minute to minute: what was measured in a second is not the mean of an hour.
constexpr double kQuicker = 0.8;
constexpr double kSlower = 1.25;
/// A trial that can only fail ends early. In the demo and the benchmarks such a trial saw 10 to 100 % of the samples,
/// and 30 % in the middle.
constexpr TimeSpan kShareOfFailing{0.1, 1.0};
constexpr double kExpectedShareOfFailing = 0.3;
/// At the end fp32 and the best model are timed side by side: 15 rounds of 20 ms each, and more for finalists.
constexpr TimeSpan kTimingAtTheEnd{0.6, 2.5};

double middle(const TimeSpan& span) { return (span.low + span.high) / 2; }

TimeSpan with_uncertainty(const TimeSpan& span) { return {kQuicker * span.low, kSlower * span.high}; }

/// The parts of a run as spans, with all workers at work.
struct Parts {
    TimeSpan calibration, baseline, table, whole_trial, failing_trial, probe;
};

/// A worker stays with its probe, so the workers build theirs at the same time.
/// What a preparation adds was measured on few samples. Some of it comes once for each candidate (the model is
/// rewritten, sessions are built), some with each sample (corrections of biases). Nobody knows how much: at the lower
/// end all of it comes once, at the upper end with each sample. To take the upper end alone was 1.7 times too long for
/// a transformer.
TimeSpan probe_of(const MeasuredWork& m, double share, double samples) {
    const TimeSpan plain = share * m.build + samples * m.probe;
    const double few =
        m.probed_samples > 0 ? std::min(samples, share * static_cast<double>(m.probed_samples)) : samples;
    const TimeSpan measured = share * m.build + few * m.probe;
    const double more = m.preparation_factor - 1;
    return {plain.low + more * measured.low, plain.high + more * plain.high};
}

Parts parts_of(const MeasuredWork& m, const RunSize& size) {
    const double share = 1.0 / static_cast<double>(std::max<std::int64_t>(1, size.workers));
    const double calibration = share * static_cast<double>(size.calibration_samples);
    const double evaluation = share * static_cast<double>(size.evaluation_samples);
    Parts parts;
    // Rank 0 alone chooses ranges, once for each calibration size; the measured time holds all preparations.
    parts.calibration =
        calibration * (m.read_calibration + m.calibrate) + static_cast<double>(size.calibrations) * m.ranges;
    // Samples are read at the baseline. Trials find them in the cache; where that is too small, they read them again,
    // which the upper end holds.
    parts.baseline = evaluation * (m.read_evaluation + m.fp32);
    parts.whole_trial = m.build + evaluation * m.quantized;
    parts.failing_trial = parts.whole_trial;
    if (size.early_termination) {
        parts.failing_trial = {m.build.low + kShareOfFailing.low * evaluation * m.quantized.low,
                               m.build.high + kShareOfFailing.high * evaluation * m.quantized.high};
    }
    parts.table = m.latency_table;
    parts.probe = probe_of(m, share, calibration);
    return parts;
}

/// The middle of what a run takes in which the strategy asks for so much.
double expected_time(const Parts& parts, const MeasuredWork& m, const RunSize& size, const TalkCount& talk) {
    const double evaluation =
        static_cast<double>(size.evaluation_samples) / static_cast<double>(std::max<std::int64_t>(1, size.workers));
    const double failing = size.early_termination
                               ? middle(m.build) + kExpectedShareOfFailing * evaluation * middle(m.quantized)
                               : middle(parts.whole_trial);
    return middle(parts.calibration) + middle(parts.baseline) + middle(parts.table) +
           static_cast<double>(talk.trials - talk.failing) * middle(parts.whole_trial) +
           static_cast<double>(talk.failing) * failing + static_cast<double>(talk.probes) * middle(parts.probe) +
           middle(kTimingAtTheEnd);
}

TimeSpan time_of(const Parts& parts, const TalkCount& talk) {
    return parts.calibration + parts.baseline + parts.table +
           static_cast<double>(talk.trials - talk.failing) * parts.whole_trial +
           static_cast<double>(talk.failing) * parts.failing_trial + static_cast<double>(talk.probes) * parts.probe +
           kTimingAtTheEnd;
}

}  // namespace

WorkFacts predict_work(const MeasuredWork& measured, const RunSize& size, const StrategyTalks& talks) {
    const Parts parts = parts_of(measured, size);
    WorkFacts work;
    work.batch = measured.batch;
    work.memory = measured.bytes;
    work.tensor_memory = measured.tensor_bytes;
    work.calibration = with_uncertainty(parts.calibration);
    work.baseline = with_uncertainty(parts.baseline);
    work.trial = with_uncertainty({parts.failing_trial.low, parts.whole_trial.high});
    work.chances = measured.chances;
    if (size.evaluation_samples == 0) {  // nothing is tried: the model is quantized once
        work.total = with_uncertainty(parts.calibration + measured.build + kTimingAtTheEnd);
        work.longest = work.total.high;
        work.expected = middle(parts.calibration) + middle(measured.build) + middle(kTimingAtTheEnd);
        return work;
    }
    work.trials_bound = size.max_trials;
    work.probes = std::max({talks.all_pass.probes, talks.some_pass.probes, talks.none_passes.probes});
    // A strategy may need more trials where some candidates pass than where none does.
    TalkCount most = talks.none_passes.trials > talks.some_pass.trials ? talks.none_passes : talks.some_pass;
    // A talk that was broken off says only a lower bound.
    if (!talks.none_passes.is_complete || !talks.some_pass.is_complete) most.trials = most.failing = size.max_trials;
    most.probes = work.probes;
    work.longest = with_uncertainty(time_of(parts, most)).high;
    // Where the first samples say that the goal is within reach, the run will hardly be another than that in which it
    // is. Where they say that it is not, nobody knows how many units must stay in high precision.
    const bool is_likely = !measured.chances || measured.chances->is_goal_likely;
    // Where the model is easy, the probes of the world in which every candidate passes have no preparation.
    Parts best = parts;
    if (measured.chances && measured.chances->is_easy) {
        MeasuredWork plain = measured;
        plain.preparation_factor = 1;
        best = parts_of(plain, size);
    }
    const TalkCount& likely = is_likely ? talks.all_pass : talks.some_pass;
    work.likely_trials = std::min(likely.trials, size.max_trials);
    work.likely_probes = likely.probes;
    work.total = with_uncertainty(time_of(best, talks.all_pass));
    if (!is_likely) work.total.high = work.longest;
    work.expected = expected_time(is_likely ? best : parts, measured, size, likely);
    if (size.timeout_s > 0) {  // a trial that runs when the time is up is not waited for longer than it takes
        const double longest = size.timeout_s + work.trial.high;
        work.total = {std::min(work.total.low, longest), std::min(work.total.high, longest)};
        work.expected = std::min(work.expected, longest);
        work.longest = std::min(work.longest, longest);
    }
    work.expected = std::clamp(work.expected, work.total.low, work.total.high);
    return work;
}

}  // namespace halftone
