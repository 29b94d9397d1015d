#pragma once
// Decisions out of fuzz bytes. When the bytes are used up, every decision is 0, so any input gives an end.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/rng.hpp"

namespace halftone::fuzz {

class ByteSource {
public:
    explicit ByteSource(std::string_view bytes) : rest_(bytes) {}

    [[nodiscard]] bool is_empty() const { return rest_.empty(); }
    std::uint8_t byte() {
        if (rest_.empty()) return 0;
        const char first = rest_.front();
        rest_.remove_prefix(1);
        return static_cast<std::uint8_t>(first);
    }
    /// Returns a number in [0, bound). @pre 1 <= bound <= 256
    std::int64_t below(std::size_t bound) { return static_cast<std::int64_t>(byte() % bound); }
    /// Returns a number in [low, high].
    std::int64_t between(std::int64_t low, std::int64_t high) {
        return low + below(static_cast<std::size_t>(high - low + 1));
    }
    bool chance(std::size_t one_in) { return below(one_in) == 1 % static_cast<std::int64_t>(one_in); }
    template <class T>
    const T& any(const std::vector<T>& values) {
        return values[static_cast<std::size_t>(below(values.size()))];
    }
    /// Returns a number from [-2, 2], in steps of 1/32.
    float number() { return (static_cast<float>(byte()) - 128.0F) / 64.0F; }
    /// Returns a number that kernels may treat in a special way: zeros, infinities, NaN, the smallest and largest.
    float odd_number() {
        constexpr float kInfinity = std::numeric_limits<float>::infinity();
        constexpr float kOdd[] = {
            0.0F,      -0.0F,      1.0F,  -1.0F,  0.5F,  -0.5F,    1e-38F, 1e-45F,
            kInfinity, -kInfinity, 3e38F, -3e38F, 88.8F, -103.97F, 2.5F,   std::numeric_limits<float>::quiet_NaN()};
        return kOdd[below(std::size(kOdd))];
    }

private:
    std::string_view rest_;
};

/// Returns stored inputs by name for a target that reads a ByteSource: bytes without a meaning, as any bytes are
/// decisions.
inline std::map<std::string, std::string> random_seeds() {
    std::map<std::string, std::string> seeds;
    for (std::uint64_t seed = 0; seed < 24; ++seed) {
        Rng rng(mix(seed, 16));
        std::string& bytes = seeds["random_" + std::to_string(seed)];
        for (std::uint64_t i = 0; i < 60 + 10 * seed; ++i) bytes += static_cast<char>(rng.next());
    }
    return seeds;
}

}  // namespace halftone::fuzz
