#pragma once
// Pace: how long trials and probes take in this session, and what that says of the time left.

#include <chrono>
#include <cstdint>
#include <optional>

#include "trial/strategy.hpp"

namespace halftone::tune {

class Pace {
public:
    /// @param now         when the search begins
    /// @param baseline_s  wall time of the fp32 model's evaluation: a trial is taken to need as long until one is told
    Pace(std::chrono::nanoseconds now, double baseline_s) : last_told_(now), trial_guess_s_(baseline_s) {}

    void note_probe(std::chrono::nanoseconds now) { probes_.add(take_interval(now)); }
    void note_trial(std::chrono::nanoseconds now) { trials_.add(take_interval(now)); }

    /// Returns the seconds that the strategy's outlook takes. What is being worked on counts as begun when the last one
    /// was told. Nothing while probes are ahead of which none was told yet.
    [[nodiscard]] std::optional<double> seconds_left(const Outlook& outlook, std::chrono::nanoseconds now) const;

private:
    /// What was told of one kind. Results come one by one even if several workers compute them at the same time, so the
    /// intervals between them are a throughput.
    struct Told {
        double seconds = 0;
        std::int64_t count = 0;
        void add(double interval) {
            seconds += interval;
            ++count;
        }
        [[nodiscard]] double mean() const { return count > 0 ? seconds / static_cast<double>(count) : 0; }
    };
    double take_interval(std::chrono::nanoseconds now);

    std::chrono::nanoseconds last_told_;
    double trial_guess_s_;
    Told probes_, trials_;
};

}  // namespace halftone::tune
