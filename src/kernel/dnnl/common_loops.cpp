#include "kernel/dnnl/common_loops.hpp"

#include <bit>
#include <limits>
#include <type_traits>
#include <utility>

#include "base/check.hpp"
#include "tensor/simd_clones.hpp"

// "ivdep" before a loop: y is either x itself or does not overlap it, so no iteration reads what another wrote.

namespace halftone::onednn {
namespace {

// v + kRound has no fraction bits for |v| < 2^22: the addition rounds v to an integer, ties to even.
constexpr float kRound = 12582912.0F;  // 1.5 * 2^23

struct Affine {
    float scale;
    float zero_point;
};

inline float clamped(float v, Clamp clamp) {
    v = v < clamp.low ? clamp.low : v;
    return v > clamp.high ? clamp.high : v;
}

/// The same steps as quantize_linear but for its NaN rule: divide, saturate, round. The last bits of v + kRound are
/// round(v) in two's complement, so the code is their lowest byte.
template <class Code>
inline Code quantized(float y, Affine to) {
    const float lowest = static_cast<float>(std::numeric_limits<Code>::min()) - to.zero_point;
    const float highest = static_cast<float>(std::numeric_limits<Code>::max()) - to.zero_point;
    float v = y / to.scale;
    v = v > lowest ? v : lowest;
    v = v < highest ? v : highest;
    return static_cast<Code>(std::bit_cast<std::int32_t>(v + kRound) + static_cast<std::int32_t>(to.zero_point));
}

template <class A, class B, class Y>
inline __attribute__((always_inline)) void add_loop(const A* a, Affine from_a, const B* b, Affine from_b, std::size_t n,
                                                    Clamp clamp, Y* y, Affine to) {
#pragma GCC ivdep
    for (std::size_t i = 0; i < n; ++i) {
        const float left = (static_cast<float>(a[i]) - from_a.zero_point) * from_a.scale;
        const float right = (static_cast<float>(b[i]) - from_b.zero_point) * from_b.scale;
        const float sum = clamped(left + right, clamp);
        if constexpr (std::is_same_v<Y, float>) {
            y[i] = sum;
        } else {
            y[i] = quantized<Y>(sum, to);
        }
    }
}

using AddLoop = void (*)(const std::byte*, Affine, const std::byte*, Affine, std::size_t, Clamp, std::byte*, Affine);

// HALFTONE_SIMD_CLONES goes neither with templates nor with AVX-512's bytes, which make this loop twice as fast.
// NOLINTBEGIN(bugprone-macro-parentheses): attributes and names of functions cannot stand in parentheses.
#define HALFTONE_ADD(name, target)                                                                                     \
    template <class A, class B, class Y>                                                                               \
    target void name(const std::byte* a, Affine from_a, const std::byte* b, Affine from_b, std::size_t n, Clamp clamp, \
                     std::byte* y, Affine to) {                                                                        \
        add_loop(reinterpret_cast<const A*>(a), from_a, reinterpret_cast<const B*>(b), from_b, n, clamp,               \
                 reinterpret_cast<Y*>(y), to);                                                                         \
    }
HALFTONE_ADD(add_base, )
#ifdef __x86_64__
HALFTONE_ADD(add_avx2, __attribute__((target("avx2"))))
HALFTONE_ADD(add_avx512, __attribute__((target("avx512bw,avx512dq,avx512vl,prefer-vector-width=512"))))
#endif
#undef HALFTONE_ADD
// NOLINTEND(bugprone-macro-parentheses)

template <class A, class B, class Y>
AddLoop add_of() {
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl")) {
        return add_avx512<A, B, Y>;
    }
    if (__builtin_cpu_supports("avx2")) return add_avx2<A, B, Y>;
#endif
    return add_base<A, B, Y>;
}

template <class A, class B>
AddLoop add_to(DType result) {
    if (result == DType::u8) return add_of<A, B, std::uint8_t>();
    return result == DType::s8 ? add_of<A, B, std::int8_t>() : add_of<A, B, float>();
}

/// @pre not s8 + u8, which is u8 + s8
AddLoop find_add(DType a, DType b, DType result) {
    if (a == DType::s8) return add_to<std::int8_t, std::int8_t>(result);
    return b == DType::s8 ? add_to<std::uint8_t, std::int8_t>(result) : add_to<std::uint8_t, std::uint8_t>(result);
}

Affine affine(Codes codes) { return {codes.scale, static_cast<float>(codes.zero_point)}; }

}  // namespace

HALFTONE_SIMD_CLONES void clamp_values(const float* x, std::size_t n, Clamp clamp, float* y) {
#pragma GCC ivdep
    for (std::size_t i = 0; i < n; ++i) y[i] = clamped(x[i], clamp);
}

void add_codes(const std::byte* a, Codes a_codes, const std::byte* b, Codes b_codes, std::size_t n, Clamp clamp,
               std::byte* y, Codes y_codes) {
    HALFTONE_CHECK(a_codes.dtype != DType::f32 && b_codes.dtype != DType::f32, "both operands are codes");
    if (a_codes.dtype == DType::s8 && b_codes.dtype == DType::u8) {  // a sum of two is the same either way round
        std::swap(a, b);
        std::swap(a_codes, b_codes);
    }
    find_add(a_codes.dtype, b_codes.dtype, y_codes.dtype)(a, affine(a_codes), b, affine(b_codes), n, clamp, y,
                                                          affine(y_codes));
}

}  // namespace halftone::onednn
