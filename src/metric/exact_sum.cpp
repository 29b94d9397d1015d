// A sum as one long fixed-point number (Kulisch's accumulator): every double fits into it without rounding, so the
// order of additions cannot matter. Carries are handed on seldom: a limb is 64 bits wide and takes 32 bits at a time.
#include "metric/exact_sum.hpp"

#include <bit>
#include <cmath>
#include <limits>

namespace halftone {
namespace {

constexpr int kLimbBits = 32;
constexpr std::int64_t kLimbMask = (std::int64_t{1} << kLimbBits) - 1;
constexpr int kLowestExponent = -1074;  // of the smallest double above zero

}  // namespace

void ExactSum::add(double value) {
    if (!std::isfinite(value)) {
        has_nan_ |= std::isnan(value);
        has_plus_infinity_ |= value > 0;
        has_minus_infinity_ |= value < 0;
        return;
    }
    if (value == 0) return;
    const auto bits = std::bit_cast<std::uint64_t>(value);
    const auto biased = static_cast<int>((bits >> 52U) & 0x7FFU);
    // The bits of a denormal number have no hidden leading 1, and the exponent of the smallest normal numbers.
    std::uint64_t mantissa = bits & ((std::uint64_t{1} << 52U) - 1);
    if (biased != 0) mantissa |= std::uint64_t{1} << 52U;
    const auto shift = static_cast<unsigned>(biased == 0 ? 0 : biased - 1);  // over 2^-1074
    const std::size_t limb = shift / kLimbBits;
    const unsigned within = shift % kLimbBits;
    // 53 bits that begin anywhere in a limb reach into two more.
    const std::uint64_t low = mantissa << within;
    const std::uint64_t high = within == 0 ? 0 : mantissa >> (64U - within);
    const std::int64_t sign = (bits >> 63U) != 0 ? -1 : 1;
    limbs_[limb] += sign * static_cast<std::int64_t>(low & 0xFFFFFFFFU);
    limbs_[limb + 1] += sign * static_cast<std::int64_t>(low >> 32U);
    limbs_[limb + 2] += sign * static_cast<std::int64_t>(high);
    if (++pending_ < kMostPending) return;
    limbs_ = normalized(limbs_);
    pending_ = 0;
}

std::array<std::int64_t, ExactSum::kLimbs> ExactSum::normalized(std::array<std::int64_t, kLimbs> limbs) {
    for (std::size_t i = 0; i + 1 < kLimbs; ++i) {
        const std::int64_t rest = limbs[i] & kLimbMask;  // also of a negative limb: two's complement
        limbs[i + 1] += (limbs[i] - rest) >> kLimbBits;
        limbs[i] = rest;
    }
    return limbs;
}

void ExactSum::merge(const ExactSum& other) {
    // Normal limbs on both sides, so that their sums stay far from overflow however many were merged before.
    const auto theirs = normalized(other.limbs_);
    limbs_ = normalized(limbs_);
    for (std::size_t i = 0; i < kLimbs; ++i) limbs_[i] += theirs[i];
    limbs_ = normalized(limbs_);
    pending_ = 0;
    has_nan_ |= other.has_nan_;
    has_plus_infinity_ |= other.has_plus_infinity_;
    has_minus_infinity_ |= other.has_minus_infinity_;
}

double ExactSum::value() const {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    if (has_nan_ || (has_plus_infinity_ && has_minus_infinity_)) return std::numeric_limits<double>::quiet_NaN();
    if (has_plus_infinity_) return kInfinity;
    if (has_minus_infinity_) return -kInfinity;
    auto limbs = normalized(limbs_);
    // A negative sum as its magnitude: limbs of one sign can be added from the top, and what is small comes last.
    const bool is_negative = limbs[kLimbs - 1] < 0;
    if (is_negative) {
        for (std::int64_t& limb : limbs) limb = -limb;
        limbs = normalized(limbs);
    }
    std::size_t top = kLimbs;
    while (top > 0 && limbs[top - 1] == 0) --top;
    double sum = 0;
    // Four limbs below the top hold at least 97 bits, far more than a double; what is lower cannot change the sum by
    // more than its last unit.
    for (std::size_t i = top > 4 ? top - 4 : 0; i < top; ++i) {
        sum += std::ldexp(static_cast<double>(limbs[i]), kLowestExponent + static_cast<int>(i) * kLimbBits);
    }
    return is_negative ? -sum : sum;
}

void ExactSum::save(WireWriter& wire) const {
    const auto limbs = normalized(limbs_);
    std::size_t first = 0;
    std::size_t last = kLimbs;
    // Most sums use few of the limbs; of a negative sum the top ones are all ones, and are kept.
    while (first < kLimbs && limbs[first] == 0) ++first;
    while (last > first && limbs[last - 1] == 0) --last;
    wire.put(static_cast<std::uint8_t>((has_nan_ ? 1U : 0U) | (has_plus_infinity_ ? 2U : 0U) |
                                       (has_minus_infinity_ ? 4U : 0U)));
    wire.put_varint(first == kLimbs ? 0 : first);
    wire.put_varint(last - first);
    for (std::size_t i = first; i < last; ++i) wire.put(limbs[i]);
}

void ExactSum::load(ByteReader& wire) {
    // The bytes come from another rank: every number is checked before it is used.
    *this = {};
    const auto flags = wire.get<std::uint8_t>("the flags of a sum");
    const auto first = static_cast<std::size_t>(wire.get_varint(kLimbs, "the first limb of a sum"));
    const auto count = static_cast<std::size_t>(wire.get_varint(kLimbs - first, "the number of limbs of a sum"));
    for (std::size_t i = 0; i < count; ++i) {
        const auto limb = wire.get<std::int64_t>("a limb of a sum");
        // save() writes normalized limbs; others could overflow when they are added.
        const bool is_last = first + i + 1 == kLimbs;
        wire.expect(is_last ? std::abs(limb / 2) <= kLimbMask : limb >= 0 && limb <= kLimbMask, "a limb of 32 bits");
        if (!wire.ok()) return;
        limbs_[first + i] = limb;
    }
    has_nan_ = (flags & 1U) != 0;
    has_plus_infinity_ = (flags & 2U) != 0;
    has_minus_infinity_ = (flags & 4U) != 0;
}

}  // namespace halftone
