#pragma once
// ExactSum: a sum of doubles without rounding. Addition of doubles depends on the order; this sum does not, so partial
// sums merge in any grouping to the same bits. Every metric that is a mean stands on it.

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/byte_reader.hpp"
#include "base/wire.hpp"

namespace halftone {

class ExactSum {
public:
    void add(double value);
    void merge(const ExactSum& other);
    /// Returns the sum, rounded once (to within one unit in the last place). NaN if a NaN was added, or infinities of
    /// both signs; else infinite if an infinity was added.
    [[nodiscard]] double value() const;

    void save(WireWriter& wire) const;
    /// Reads what save() wrote. Damage is the reader's fault, as always; the sum is then of no use.
    void load(ByteReader& wire);

private:
    /// A double is an integer of 53 bits times a power of two between 2^-1074 and 2^971. Limb i counts multiples of
    /// 2^(32 i - 1074). 2098 bits hold every double; the rest is room for the carries of 2^63 additions.
    static constexpr std::size_t kLimbs = 68;
    /// An addition changes a limb by less than 2^32, so this many leave 2 bits of 64 free.
    static constexpr std::uint32_t kMostPending = std::uint32_t{1} << 30U;
    /// Limbs with the carries handed on: all but the last in [0, 2^32), the last carries the sign.
    [[nodiscard]] static std::array<std::int64_t, kLimbs> normalized(std::array<std::int64_t, kLimbs> limbs);

    std::array<std::int64_t, kLimbs> limbs_{};
    std::uint32_t pending_ = 0;  ///< additions since the carries were handed on
    bool has_nan_ = false;
    bool has_plus_infinity_ = false;
    bool has_minus_infinity_ = false;
};

}  // namespace halftone
