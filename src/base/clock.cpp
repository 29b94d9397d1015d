#include "base/clock.hpp"

#include <array>
#include <ctime>

namespace halftone {

// The steady clock: setting the date must not end a run or make a latency negative.
std::chrono::nanoseconds SystemClock::now() const { return std::chrono::steady_clock::now().time_since_epoch(); }

std::chrono::nanoseconds SystemClock::unix_time() const { return std::chrono::system_clock::now().time_since_epoch(); }

std::chrono::steady_clock::time_point steady_now() { return std::chrono::steady_clock::now(); }

std::string SystemClock::date_time() const {
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    // localtime shares one buffer between threads.
    localtime_r(&now, &local);
    std::array<char, 32> text{};
    const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%d_%H-%M-%S", &local);
    return {text.data(), length};
}

}  // namespace halftone
