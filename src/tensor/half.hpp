#pragma once
// The 16-bit floating-point numbers of files, as fp32. Both conversions are exact: fp32 holds every value of both
// types.

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace halftone {

/// Returns the value of a bfloat16, which is the upper half of an fp32.
[[nodiscard]] inline float float_of_bfloat16(std::uint16_t bits) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U);
}

/// Returns the value of an IEEE 754 binary16: 1 sign bit, 5 exponent bits (bias 15), 10 bits of the mantissa.
[[nodiscard]] inline float float_of_float16(std::uint16_t bits) {
    const std::uint32_t exponent = (bits >> 10U) & 0x1FU;
    const std::uint32_t mantissa = bits & 0x3FFU;
    const float sign = (bits & 0x8000U) != 0 ? -1.0F : 1.0F;
    if (exponent == 0x1FU) {
        return mantissa != 0 ? std::numeric_limits<float>::quiet_NaN() : sign * std::numeric_limits<float>::infinity();
    }
    // Exponent 0 means that there is no hidden leading 1; the numbers are multiples of 2^-24.
    if (exponent == 0) return sign * std::ldexp(static_cast<float>(mantissa), -24);
    return sign * std::ldexp(static_cast<float>(mantissa | 0x400U), static_cast<int>(exponent) - 25);
}

}  // namespace halftone
