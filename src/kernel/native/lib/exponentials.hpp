#pragma once
// exp, the logistic function and tanh without calls and branches, so that loops over them vectorise. Their absolute
// error is below 4e-7. NaN gives NaN.

#include <bit>
#include <cstdint>

#include "kernel/codes/targets.hpp"

namespace halftone::native {

/// a * b + c: with one rounding where `Fused`, which only functions for FMA may say, because others would call a
/// library function for it.
template <bool Fused>
HALFTONE_INLINE float multiply_add(float a, float b, float c) {
    if constexpr (Fused) return __builtin_fmaf(a, b, c);
    return a * b + c;
}

/// Returns e^x, and 0 for x below -87.7, where that is no normal float. @pre x <= 0 or x is NaN
/// x = n ln 2 + r with |r| <= ln 2 / 2. e^r is a polynomial, 2^n is put together from its bits. The constants are those
/// of expf() in the Cephes library (S. Moshier); ln 2 is split in two, so that n ln 2 loses no bits.
template <bool Fused>
HALFTONE_INLINE float exp_of_nonpositive(float x) {
    // Here n is -127, for which the bits of 2^n come out as those of 0.
    constexpr float kLeast = -88.0F;
    constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: v + kRound - kRound is v rounded to an integer
    constexpr float kLog2E = 1.44269504F;
    constexpr float kLn2High = 0.693359375F;
    constexpr float kLn2Low = -2.12194440e-4F;
    // The comparison is false for NaN, which goes its way through the polynomial.
    const float bounded = x < kLeast ? kLeast : x;
    const float shifted = multiply_add<Fused>(bounded, kLog2E, kRound);
    const float n = shifted - kRound;
    const float r = multiply_add<Fused>(n, -kLn2Low, multiply_add<Fused>(n, -kLn2High, bounded));
    float p = 1.9875691500e-4F;
    p = multiply_add<Fused>(p, r, 1.3981999507e-3F);
    p = multiply_add<Fused>(p, r, 8.3334519073e-3F);
    p = multiply_add<Fused>(p, r, 4.1665795894e-2F);
    p = multiply_add<Fused>(p, r, 1.6666665459e-1F);
    p = multiply_add<Fused>(p, r, 5.0000001201e-1F);
    p = multiply_add<Fused>(p, r * r, r) + 1.0F;
    // The low bits of `shifted` are n in two's complement; shifted to the exponent and added to 1.0 they make 2^n.
    const std::uint32_t power = (std::bit_cast<std::uint32_t>(shifted) << 23U) + 0x3F800000U;
    return p * std::bit_cast<float>(power);
}

/// Returns 1 / (1 + e^-x). The exponential gets -|x|, so that it cannot overflow.
template <bool Fused>
HALFTONE_INLINE float logistic(float x) {
    const float e = exp_of_nonpositive<Fused>(x < 0.0F ? x : -x);
    const float y = 1.0F / (1.0F + e);
    return x < 0.0F ? e * y : y;
}

/// A quotient of polynomials in x, which needs no exponential: the minimax approximation of Eigen's library
/// (generic_fast_tanh_float). Beyond 9 the result is 1 in fp32.
template <bool Fused>
HALFTONE_INLINE float hyperbolic_tangent(float x) {
    constexpr float kMost = 9.0F;
    // Two comparisons that are false for NaN, which so passes.
    float v = x < -kMost ? -kMost : x;
    v = v > kMost ? kMost : v;
    const float z = v * v;
    float p = -2.76076847742355e-16F;
    p = multiply_add<Fused>(p, z, 2.00018790482477e-13F);
    p = multiply_add<Fused>(p, z, -8.60467152213735e-11F);
    p = multiply_add<Fused>(p, z, 5.12229709037114e-08F);
    p = multiply_add<Fused>(p, z, 1.48572235717979e-05F);
    p = multiply_add<Fused>(p, z, 6.37261928875436e-04F);
    p = multiply_add<Fused>(p, z, 4.89352455891786e-03F);
    float q = 1.19825839466702e-06F;
    q = multiply_add<Fused>(q, z, 1.18534705686654e-04F);
    q = multiply_add<Fused>(q, z, 2.26843463243900e-03F);
    q = multiply_add<Fused>(q, z, 4.89352518554385e-03F);
    return v * p / q;
}

/// 1 / (1 + e^-x) by the tangent, in half the time of logistic(). Its absolute error is as small, but results near 0
/// have no relative accuracy: for gates, which weigh a state, and not for results that a user reads.
template <bool Fused>
HALFTONE_INLINE float gate_value(float x) {
    return multiply_add<Fused>(hyperbolic_tangent<Fused>(0.5F * x), 0.5F, 0.5F);
}

}  // namespace halftone::native
