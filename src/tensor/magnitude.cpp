#include "tensor/magnitude.hpp"

#include <algorithm>
#include <bit>

#include "tensor/simd_clones.hpp"

namespace halftone {

HALFTONE_SIMD_CLONES std::uint32_t largest_magnitude_bits(const float* values, std::size_t n) {
    // As integers: a maximum of floats would lose NaN, and the compiler vectorises this one.
    std::uint32_t largest = 0;
    for (std::size_t i = 0; i < n; ++i)
        largest = std::max(largest, std::bit_cast<std::uint32_t>(values[i]) & 0x7fffffffU);
    return largest;
}

HALFTONE_SIMD_CLONES std::uint16_t largest_magnitude_bits(const std::uint16_t* values, std::size_t n) {
    std::uint16_t largest = 0;
    for (std::size_t i = 0; i < n; ++i) largest = std::max(largest, static_cast<std::uint16_t>(values[i] & 0x7fffU));
    return largest;
}

}  // namespace halftone
