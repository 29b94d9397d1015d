#include "tune/pace.hpp"

#include <algorithm>

#include "base/clock.hpp"

namespace halftone::tune {
namespace {

/// In the end finalists and fp32 are timed: some rounds of 20 ms for each of about four sessions.
constexpr double kTimingAtTheEnd = 2;

}  // namespace

double Pace::take_interval(std::chrono::nanoseconds now) {
    const double interval = seconds(now - last_told_);
    last_told_ = now;
    return interval;
}

std::optional<double> Pace::seconds_left(const Outlook& outlook, std::chrono::nanoseconds now) const {
    if (outlook.probes > 0 && probes_.count == 0) return std::nullopt;
    const double trial_s = trials_.count > 0 ? trials_.mean() : trial_guess_s_;
    const double work =
        static_cast<double>(outlook.probes) * probes_.mean() + static_cast<double>(outlook.trials) * trial_s;
    // The first of what is ahead has been worked at since the last result, but it is not over.
    const double first = outlook.probes > 0 ? probes_.mean() : outlook.trials > 0 ? trial_s : 0;
    return work - std::min(seconds(now - last_told_), first) + kTimingAtTheEnd;
}

}  // namespace halftone::tune
