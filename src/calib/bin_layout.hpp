#pragma once
// Private to this room. BinLayout: which bin of a value's histogram a float belongs to.
//
// Each octave [2^e, 2^(e+1)) is cut into 2^m equal bins; the values of one bin share the leading m bits of the
// mantissa. So a bin is never wider than 1/256 of its values, even if another value is very large. The upper octaves
// are cut finer, so that bins near the limit are as wide as those of a histogram with 8192 equal bins on each side of
// zero.

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace halftone {

struct BinLayout {
    static constexpr int kMantissaBits = 23;  ///< of a float
    static constexpr int kFinestBits = 12;    ///< of the octave below the limit: 4096 bins
    static constexpr int kCoarsestBits = 8;   ///< of octaves far below the limit: 256 bins each
    static constexpr int kOctaves = 256;      ///< an octave is the biased exponent of its floats
    static constexpr int kLowestOctave = 49;  ///< of 2^-78; smaller magnitudes share one bin on each side of zero
    static constexpr int kNoOctave = kOctaves;

    /// @param lowest_octave  octaves below have no bins; kNoOctave: none has   @param top_octave  the one below the
    /// limit
    BinLayout(int lowest_octave, int top_octave) : lowest(lowest_octave), top(top_octave) {
        shift.fill(kMantissaBits);
        for (int octave = lowest; octave <= top; ++octave) {
            const auto i = static_cast<std::size_t>(octave);
            start[i] = side;
            shift[i] = kMantissaBits - bits_of(octave);
            side += 1 << bits_of(octave);
        }
    }

    /// Returns the number of leading mantissa bits that the bins of an octave tell apart.
    [[nodiscard]] int bits_of(int octave) const {
        return std::clamp(kFinestBits - (top - octave), kCoarsestBits, kFinestBits);
    }

    /// A float as an integer of the same order, in which -0 equals 0: the bits of its magnitude with its sign.
    [[nodiscard]] static std::int32_t key_of(float value) {
        const auto bits = std::bit_cast<std::int32_t>(value);
        return bits < 0 ? -(bits & 0x7fffffff) : bits;
    }
    /// The inverse of key_of.
    [[nodiscard]] static float value_of(std::int32_t key) {
        return key < 0 ? -std::bit_cast<float>(-key) : std::bit_cast<float>(key);
    }
    /// Returns the distance from zero, counted in floats. On both sides, bins are closed below and open above: -x gets
    /// the distance of the float that is next to x on the side of zero.
    [[nodiscard]] static std::int32_t magnitude_of(std::int32_t key) { return key ^ (key >> 31); }

    /// Returns the bin of a magnitude, counted from zero outwards. Bin 0 holds the magnitudes below all octaves.
    [[nodiscard]] std::int32_t position_of(std::int32_t magnitude) const {
        const auto octave = static_cast<std::size_t>(magnitude >> kMantissaBits);
        return start[octave] + ((magnitude & ((1 << kMantissaBits) - 1)) >> shift[octave]);
    }
    /// Returns where the bins of both sides hold the bin of a position: `position` counts from zero upwards, and
    /// `~position` is the bin as far below zero.
    [[nodiscard]] std::size_t index_of_position(std::int32_t position) const {
        const std::int32_t index = side + position;
        return static_cast<std::size_t>(index);
    }
    /// Returns the bin among both sides: `side` bins below zero, then `side` bins from zero on.
    [[nodiscard]] std::int32_t index_of(std::int32_t key) const {
        return side + (position_of(magnitude_of(key)) ^ (key >> 31));
    }

    int lowest;
    int top;
    std::int32_t side = 1;  ///< bins on each side of zero
    std::array<std::int32_t, kOctaves> start{};
    std::array<std::int32_t, kOctaves> shift{};
};

}  // namespace halftone
