#pragma once
// The largest magnitude in a buffer, NaN included, as fast as memory can be read.

#include <cstddef>
#include <cstdint>

namespace halftone {

/// Returns the bits of the largest magnitude among `n` floats. Bits of magnitudes are ordered as the magnitudes are,
/// infinity comes after all numbers and NaN after infinity, so one comparison with the bits of a limit finds them all.
[[nodiscard]] std::uint32_t largest_magnitude_bits(const float* values, std::size_t n);
/// The same for bf16, whose bits are the upper half of a float's.
[[nodiscard]] std::uint16_t largest_magnitude_bits(const std::uint16_t* values, std::size_t n);

}  // namespace halftone
