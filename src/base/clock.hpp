#pragma once
// The only sources of time, so that tests can replace them.

#include <chrono>
#include <string>

namespace halftone {

class Clock {
public:
    virtual ~Clock() = default;
    /// Monotonic time since an arbitrary start.
    [[nodiscard]] virtual std::chrono::nanoseconds now() const = 0;
    /// Time since 1970 in UTC, which may jump; for stamps in files that other programs read.
    [[nodiscard]] virtual std::chrono::nanoseconds unix_time() const = 0;
    /// Local wall time as "2026-05-01_13-45-10"; for names of folders only.
    [[nodiscard]] virtual std::string date_time() const = 0;
};

class SystemClock final : public Clock {
public:
    [[nodiscard]] std::chrono::nanoseconds now() const override;
    [[nodiscard]] std::chrono::nanoseconds unix_time() const override;
    [[nodiscard]] std::string date_time() const override;
};

/// Stands still until advanced.
class FakeClock final : public Clock {
public:
    [[nodiscard]] std::chrono::nanoseconds now() const override { return now_; }
    [[nodiscard]] std::chrono::nanoseconds unix_time() const override { return now_; }
    [[nodiscard]] std::string date_time() const override { return "2000-01-01_00-00-00"; }
    void advance(std::chrono::nanoseconds by) { now_ += by; }

private:
    std::chrono::nanoseconds now_{0};
};

/// Returns the steady clock's time point. Only for waits of threads on one another, which no fake clock could end.
[[nodiscard]] std::chrono::steady_clock::time_point steady_now();

[[nodiscard]] inline double seconds(std::chrono::nanoseconds t) { return std::chrono::duration<double>(t).count(); }

}  // namespace halftone
