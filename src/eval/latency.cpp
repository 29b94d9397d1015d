#include "eval/latency.hpp"

#include <algorithm>
#include <cmath>

#include "base/check.hpp"
#include "base/clock.hpp"

namespace halftone {
namespace {

/// How many runs of each session show how long one takes.
constexpr int kFirstRuns = 3;
/// Runs are timed in groups that last about this long, because one run of a tiny model is shorter than what the clock
/// resolves well.
constexpr double kGroupMs = 0.05;

/// Mean of several runs in milliseconds.
double timed_runs_ms(Session& session, int runs) {
    const SystemClock clock;
    const std::chrono::nanoseconds start = clock.now();
    for (int r = 0; r < runs; ++r) session.run();
    return std::chrono::duration<double, std::milli>(clock.now() - start).count() / runs;
}

/// Median over the groups of a round: where other programs take the core away, that hits few groups, and a mean would
/// count their time as the model's.
double timed_round_ms(Session& session, const RoundShape& shape) {
    std::vector<double> groups;
    for (int g = 0; g < shape.groups; ++g) groups.push_back(timed_runs_ms(session, shape.runs));
    return median_with_interval(std::move(groups)).median;
}

/// The greatest r with P(Binomial(n, 1/2) < r) <= 0.025, at least 1.
std::size_t interval_rank(std::size_t n) {
    const auto count = static_cast<double>(n);
    double below = 0;  // P(B < r), by logarithms of the factorials: the factorials themselves overflow from 171 on
    for (std::size_t r = 0; r < n; ++r) {
        const auto k = static_cast<double>(r);
        below +=
            std::exp(std::lgamma(count + 1) - std::lgamma(k + 1) - std::lgamma(count - k + 1) - count * std::log(2));
        if (below > 0.025) return std::max<std::size_t>(r, 1);
    }
    return 1;
}

}  // namespace

MedianInterval median_with_interval(std::vector<double> samples) {
    HALFTONE_CHECK(!samples.empty(), "a median needs samples");
    std::sort(samples.begin(), samples.end());
    const std::size_t n = samples.size();
    const std::size_t rank = interval_rank(n);
    return {(samples[(n - 1) / 2] + samples[n / 2]) / 2, samples[rank - 1], samples[n - rank]};
}

RoundShape round_shape(std::span<const double> first_runs_ms, std::chrono::milliseconds round_time) {
    HALFTONE_CHECK(!first_runs_ms.empty(), "a length of the round needs the length of a run");
    const double once = std::max(*std::min_element(first_runs_ms.begin(), first_runs_ms.end()), 1e-4);
    const double runs = std::clamp(std::ceil(kGroupMs / once), 1.0, 1e4);
    const double groups = std::clamp(static_cast<double>(round_time.count()) / (once * runs), 1.0, 1e5);
    return {.groups = static_cast<int>(groups), .runs = static_cast<int>(runs)};
}

std::vector<MedianInterval> measure_latency(std::vector<Session*> sessions, const LatencyOptions& options) {
    std::vector<RoundShape> shapes;
    for (Session* session : sessions) {
        (void)timed_runs_ms(*session, 2);  // warm-up: page faults, caches
        std::vector<double> first;
        for (int r = 0; r < kFirstRuns; ++r) first.push_back(timed_runs_ms(*session, 1));
        shapes.push_back(round_shape(first, options.round_time));
    }
    // In turn, never one session after the other: clock frequency and neighbours change within seconds.
    std::vector<std::vector<double>> samples(sessions.size());
    for (int round = 0; round < options.rounds; ++round) {
        for (std::size_t s = 0; s < sessions.size(); ++s) samples[s].push_back(timed_round_ms(*sessions[s], shapes[s]));
    }
    std::vector<MedianInterval> out;
    for (auto& s : samples) out.push_back(median_with_interval(std::move(s)));
    return out;
}

}  // namespace halftone
