#include "base/rng.hpp"

#include <cmath>
#include <numbers>

#include "base/check.hpp"

namespace halftone {
namespace {

// SplitMix64. Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014, with the
// finaliser variant 13 of Stafford, as in Vigna's public-domain splitmix64.c.
constexpr std::uint64_t kGoldenGamma = 0x9e3779b97f4a7c15ULL;

constexpr std::uint64_t finalise(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

}  // namespace

std::uint64_t mix(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
    // Finalising between the words makes the order count: mix(1, 2) is not mix(2, 1).
    std::uint64_t state = finalise(a + kGoldenGamma);
    state = finalise((state ^ b) + kGoldenGamma);
    return finalise((state ^ c) + kGoldenGamma);
}

// The n-th number is a function of seed and n alone, so a stream can be taken up again anywhere without its history.
std::uint64_t Rng::next() { return finalise(seed_ + ++counter_ * kGoldenGamma); }

// The upper 53 bits, as many as a double holds, scaled to [0, 1).
double Rng::uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

double Rng::uniform(double low, double high) {
    const double value = low + (high - low) * uniform();
    return value < high ? value : std::nextafter(high, low);  // the sum may round up to high
}

std::uint64_t Rng::below(std::uint64_t bound) {
    HALFTONE_CHECK(bound > 0, "Rng::below needs a bound > 0");
    const std::uint64_t biased = (0 - bound) % bound;  // 2^64 mod bound: that many lowest draws would come too often
    std::uint64_t draw = next();
    while (draw < biased) draw = next();
    return draw % bound;
}

// Source: Box and Muller, "A note on the generation of random normal deviates", 1958. The second number of the pair is
// not kept, because a stream without hidden state is worth more than the speed.
double Rng::normal() {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));  // 1 - u is in (0, 1], so log is finite
    return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

}  // namespace halftone
