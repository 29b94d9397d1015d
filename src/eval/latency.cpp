#include "eval/latency.hpp"

#include <algorithm>
#include <cmath>

#include "base/check.hpp"

namespace halftone {
namespace {

using Clock = std::chrono::steady_clock;

double timed_runs_ms(Session& session, int runs) {
    const auto start = Clock::now();
    for (int r = 0; r < runs; ++r) session.run();
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count() / runs;
}

/// The greatest r with P(Binomial(n, 1/2) < r) <= 0.025, at least 1.
std::size_t interval_rank(std::size_t n) {
    const auto count = static_cast<double>(n);
    double below = 0;
    for (std::size_t r = 0; r < n; ++r) {
        const auto k = static_cast<double>(r);
        below +=
            std::exp(std::lgamma(count + 1) - std::lgamma(k + 1) - std::lgamma(count - k + 1) - count * std::log(2));
        if (below > 0.025) return std::max<std::size_t>(r, 1);
    }
    return 1;
}

}  // namespace

Latency summarize_latency(std::vector<double> samples_ms) {
    HALFTONE_CHECK(!samples_ms.empty(), "a median needs samples");
    std::sort(samples_ms.begin(), samples_ms.end());
    const std::size_t n = samples_ms.size();
    const std::size_t rank = interval_rank(n);
    return {(samples_ms[(n - 1) / 2] + samples_ms[n / 2]) / 2, samples_ms[rank - 1], samples_ms[n - rank]};
}

std::vector<Latency> measure_latency(std::vector<Session*> sessions, const LatencyOptions& options) {
    std::vector<int> runs;
    for (Session* session : sessions) {
        (void)timed_runs_ms(*session, 2);  // warm-up: page faults, caches
        const double once = timed_runs_ms(*session, 3);
        const double wanted = static_cast<double>(options.round_time.count()) / std::max(once, 1e-3);
        runs.push_back(static_cast<int>(std::clamp(wanted, 1.0, 1e5)));
    }
    std::vector<std::vector<double>> samples(sessions.size());
    for (int round = 0; round < options.rounds; ++round) {
        for (std::size_t s = 0; s < sessions.size(); ++s) samples[s].push_back(timed_runs_ms(*sessions[s], runs[s]));
    }
    std::vector<Latency> out;
    for (auto& s : samples) out.push_back(summarize_latency(std::move(s)));
    return out;
}

}  // namespace halftone
