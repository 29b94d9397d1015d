#include "eval/latency.hpp"

#include <algorithm>
#include <cmath>

#include "base/check.hpp"
#include "base/clock.hpp"

namespace halftone {
namespace {

/// Mean of several runs in milliseconds. One run of a small model is shorter than what the clock resolves well.
double timed_runs_ms(Session& session, int runs) {
    const SystemClock clock;
    const std::chrono::nanoseconds start = clock.now();
    for (int r = 0; r < runs; ++r) session.run();
    return std::chrono::duration<double, std::milli>(clock.now() - start).count() / runs;
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

std::vector<MedianInterval> measure_latency(std::vector<Session*> sessions, const LatencyOptions& options) {
    std::vector<int> runs;
    for (Session* session : sessions) {
        (void)timed_runs_ms(*session, 2);  // warm-up: page faults, caches
        const double once = timed_runs_ms(*session, 3);
        const double wanted = static_cast<double>(options.round_time.count()) / std::max(once, 1e-3);
        runs.push_back(static_cast<int>(std::clamp(wanted, 1.0, 1e5)));
    }
    // In turn, never one session after the other: clock frequency and neighbours change within seconds.
    std::vector<std::vector<double>> samples(sessions.size());
    for (int round = 0; round < options.rounds; ++round) {
        for (std::size_t s = 0; s < sessions.size(); ++s) samples[s].push_back(timed_runs_ms(*sessions[s], runs[s]));
    }
    std::vector<MedianInterval> out;
    for (auto& s : samples) out.push_back(median_with_interval(std::move(s)));
    return out;
}

}  // namespace halftone
