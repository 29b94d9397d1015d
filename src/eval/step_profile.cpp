#include "eval/step_profile.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/clock.hpp"
#include "eval/latency.hpp"
#include "kernel/ops/reference_ops.hpp"

namespace halftone {
namespace {

constexpr std::chrono::milliseconds kProfileRoundTime{100};
/// A model of a few microseconds would otherwise fill the memory with samples.
constexpr int kMostRunsInARound = 2000;

double milliseconds(std::chrono::nanoseconds time) { return std::chrono::duration<double, std::milli>(time).count(); }

}  // namespace

void warm_up(Session& session) {
    for (int i = 0; i < 3; ++i) session.run();
}

void measure_round(Session& session, StepProfile& profile) {
    const SystemClock clock;
    const auto end = clock.now() + kProfileRoundTime;
    for (int run = 0; run < kMostRunsInARound && (run == 0 || clock.now() < end); ++run) {
        const auto start = clock.now();
        session.run();
        profile.runs_ms.push_back(milliseconds(clock.now() - start));
    }
    // The profiled run is one of its own, because reading the clock at every step makes it slower than the others.
    std::vector<std::int64_t> nanoseconds(session.steps().size(), 0);
    session.run_profiled(nanoseconds);
    profile.steps_ns.resize(nanoseconds.size());
    for (std::size_t s = 0; s < nanoseconds.size(); ++s) {
        profile.steps_ns[s].push_back(static_cast<double>(nanoseconds[s]));
    }
}

std::vector<double> median_step_ms(const StepProfile& profile) {
    constexpr double kNanoseconds = 1e6;  // of a ms
    std::vector<double> medians;
    for (const std::vector<double>& samples : profile.steps_ns) {
        medians.push_back(median_with_interval(samples).median / kNanoseconds);
    }
    return medians;
}

double candidate_set_up_ms(BenchModel& model, CompileOptions compile) {
    constexpr std::size_t kCandidates = 25;
    const SystemClock clock;
    WorkingMemory memory;
    // As in a search, all sessions share one working memory, so its allocation is not measured each time.
    compile.memory = &memory;
    std::vector<double> times;
    for (std::size_t number = 0; number < kCandidates; ++number) {
        const auto start = clock.now();
        // A stride of 7 reaches units in all parts of the model, not only the first 25.
        const Session session(model.candidate(7 * number), reference_ops(), compile);
        times.push_back(milliseconds(clock.now() - start));
    }
    return median_with_interval(times).median;
}

double percentile_of(std::vector<double> samples, double share) {
    std::sort(samples.begin(), samples.end());
    return samples[static_cast<std::size_t>(std::lround(share * static_cast<double>(samples.size() - 1)))];
}

}  // namespace halftone
