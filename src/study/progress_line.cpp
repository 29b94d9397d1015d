// On a terminal the line is written over and over again (carriage return, then the code that clears a line). The log
// gets one line for each trial in either case, so a run in a batch job shows the same facts.
#include "study/progress_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "base/log.hpp"
#include "base/process.hpp"
#include "metric/metric.hpp"

namespace halftone::study {
namespace {

/// The live line is written anew at most so often, and a silent log gets a line after so long (seconds).
constexpr double kLiveEvery = 1;
constexpr double kLogEvery = 30;

const char* work_text(JobKind kind) {
    switch (kind) {
        case JobKind::calibrate:
            return "calibration";
        case JobKind::baseline:
            return "accuracy of fp32";
        case JobKind::probe:
            return "probes";
        case JobKind::evaluate:
            break;
    }
    return "trials";
}

}  // namespace

double most_seconds_left(const tune::Progress& p, double timeout_s) {
    const double most = static_cast<double>(p.most_left) * p.trial_s;
    return timeout_s > 0 ? std::min(most, std::max(0.0, timeout_s - p.elapsed_s)) : most;
}

std::string time_left_text(const tune::Progress& p, double timeout_s) {
    if (p.most_left <= 0) return "left 0s";
    const double most = most_seconds_left(p, timeout_s);
    if (p.expected_left_s) {
        // The time at the end counts in it, so it may be above that of the trials alone.
        const double expected = timeout_s > 0 ? std::min(*p.expected_left_s, most) : *p.expected_left_s;
        return fmt::format("left about {} (up to {})", duration_text(expected),
                           duration_text(std::max(most, expected)));
    }
    // The strategy knows how many trials it may still ask for, but not how many it will: the first that passes may end
    // the search. So the time left is a range.
    const double least = std::min(p.trial_s, most);
    return fmt::format("left {} to {}", duration_text(least), duration_text(most));
}

std::string cut_to_columns(const std::string& text, int columns) {
    // The last column stays free: some terminals wrap as soon as it is written.
    if (columns < 2 || std::cmp_less(text.size(), columns)) return text;
    auto end = static_cast<std::size_t>(columns) - 1;
    const auto is_inside_character = [&](std::size_t at) {
        return (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
    };
    while (end > 0 && is_inside_character(end)) --end;
    return text.substr(0, end);
}

std::string duration_text(double seconds) {
    const auto s = std::llround(seconds);
    if (s >= 3600) return fmt::format("{}h {:02}m", s / 3600, s % 3600 / 60);
    if (s >= 60) return fmt::format("{}m {:02}s", s / 60, s % 60);
    return fmt::format("{}s", s);
}

std::string metric_number(double value, const Score& score) {
    // A share has four digits behind the point. An error may be far smaller, and needs four that count.
    const bool is_small = !score.correct && value != 0 && std::abs(value) < 0.05;
    return is_small ? fmt::format("{:.4g}", value) : fmt::format("{:.4f}", value);
}

std::string loss_text(const Score& score) {
    if (!score.loss) return {};
    const ScoreLoss& loss = *score.loss;
    const auto number = [&](double value) { return metric_number(value, score); };
    if (!loss.ci95) return "loss " + number(loss.value);
    return fmt::format("loss {} [{}, {}]", number(loss.value), number(loss.ci95->low), number(loss.ci95->high));
}

std::string other_metrics_text(const Score& score) {
    if (score.metrics.size() < 2) return {};
    std::string text;
    for (const MetricValue& metric : score.metrics) {
        text += fmt::format("{}{} {:.6g}", text.empty() ? "" : ", ", metric.name, metric.value);
    }
    return text;
}

std::string accuracy_text(const Score& score) {
    // A trial that ended early has no accuracy. The upper bound tells why it could not pass any more.
    if (score.bounds)
        return fmt::format("at most {}, from {}", metric_number(score.bounds->high, score), score.samples);
    if (!score.correct || score.samples == 0)
        return fmt::format("{} of {}", metric_number(score.accuracy, score), score.samples);
    const Interval ci = wilson95(*score.correct, score.samples);
    return fmt::format("{:.4f} [{:.4f}, {:.4f}] of {}", score.accuracy, ci.low, ci.high, score.samples);
}

ProgressLine::ProgressLine(bool is_terminal, bool is_quiet, double timeout_s)
    : is_terminal_(is_terminal), is_quiet_(is_quiet), timeout_s_(timeout_s) {}

ProgressLine::~ProgressLine() { finish(); }

void ProgressLine::finish() {
    // Other text would else continue in the middle of the live line.
    if (!log::has_live_line()) return;
    std::fputc('\n', stderr);
    log::set_live_line(false);
}

void ProgressLine::show(const tune::FinishedTrial& trial, const std::string& stage, const tune::Progress& progress) {
    const auto* score = std::get_if<Score>(&trial.outcome);
    std::string result = score ? accuracy_text(*score) : "error: " + std::get<TrialFailure>(trial.outcome).reason;
    if (score) {
        for (const std::string& more : {loss_text(*score), other_metrics_text(*score)}) {
            if (!more.empty()) result += ", " + more;
        }
    }
    // Of a trial that failed nobody knows whether its metric is a share.
    const std::string best =
        progress.best_accuracy ? metric_number(*progress.best_accuracy, score ? *score : Score{}) : "none";
    // What matters most comes first: a narrow terminal shows only the beginning.
    const std::string text =
        fmt::format("trial {} of at most {}  best {} ({})  {}  {}  {}  {:.2f} s a trial", progress.trials,
                    progress.trials + progress.most_left, best, progress.is_goal_met ? "goal met" : "goal not met",
                    time_left_text(progress, timeout_s_), stage, result, progress.trial_s);
    last_trial_ = text;
    // A trial's line counts as a sign of life, so the half minute of the log begins anew.
    shown_s_ = logged_s_ = progress.elapsed_s;
    log::info("tune", "trial={} stage={} result=\"{}\" best={} goal_met={} most_left={} {}", trial.trial.value, stage,
              result, best, progress.is_goal_met, progress.most_left, time_left_text(progress, timeout_s_));
    write_live(text);
}

void ProgressLine::show(const tune::WorkInHand& work) {
    // Nothing is handed out yet.
    if (work.shards == 0) return;
    std::string text = fmt::format("{}: {} of {} parts, {} since the start", work_text(work.kind), work.shards_done,
                                   work.shards, duration_text(work.elapsed_s));
    if (work.expected_left_s) text += fmt::format(", left about {}", duration_text(*work.expected_left_s));
    if (work.workers > 1) text += fmt::format(", {} of {} workers busy", work.busy_workers, work.workers);
    if (work.elapsed_s - logged_s_ >= kLogEvery) {
        log::info("tune", "{}", text);
        logged_s_ = work.elapsed_s;
    }
    if (work.elapsed_s - shown_s_ < kLiveEvery) return;
    shown_s_ = work.elapsed_s;
    // In front of the last trial, which would else hide on most terminals that anything goes on.
    write_live(last_trial_.empty() ? text : fmt::format("{}  {}", text, last_trial_));
}

void ProgressLine::write_live(const std::string& text) {
    if (!is_terminal_ || is_quiet_) return;
    // Asked each time, because a window may be resized. A line that wraps could not be written over.
    fmt::print(stderr, "\r\x1b[K{}", cut_to_columns(text, stderr_columns()));
    std::fflush(stderr);
    log::set_live_line(true);
}

}  // namespace halftone::study
