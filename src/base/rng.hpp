#pragma once
// Counter-based random numbers: the n-th draw of a stream is a pure function of (seed, n), so results never depend on
// rank, time or order of evaluation. Distributions are ours, because std's differ between libraries.

#include <cstdint>

namespace halftone {

/// Mixes seed material into a stream seed (SplitMix64 finaliser over a running state): mix(run_seed, trial, purpose).
[[nodiscard]] std::uint64_t mix(std::uint64_t a, std::uint64_t b, std::uint64_t c = 0);

class Rng {
public:
    explicit Rng(std::uint64_t seed, std::uint64_t counter = 0) : seed_(seed), counter_(counter) {}

    [[nodiscard]] std::uint64_t next();                      ///< 64 uniform bits
    [[nodiscard]] double uniform();                          ///< [0, 1), 53 bits
    [[nodiscard]] double uniform(double low, double high);   ///< [low, high)
    [[nodiscard]] std::uint64_t below(std::uint64_t bound);  ///< [0, bound), unbiased; @pre bound > 0
    [[nodiscard]] double normal();                           ///< N(0, 1), Box-Muller, two draws a value

private:
    std::uint64_t seed_;
    std::uint64_t counter_;
};

}  // namespace halftone
