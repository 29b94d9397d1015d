// The loops of elementwise_rows.hpp.
//
//   Add ... LessOrEqual   one function of two elements each
//   row_of_pairs          one row; which operand is repeated is decided before the loop, so that it vectorises
//   tile_of_pairs         rows of it, inlined into base and AVX2 functions (HALFTONE_TILE_LOOPS)
//   tile_of_choices       Where
//   find_broadcast_loop   function and element type to the compiled loop
#include "kernel/native/lib/elementwise_rows.hpp"

#include <cmath>
#include <functional>
#include <type_traits>

#include "kernel/codes/targets.hpp"
#include "kernel/ops/machine.hpp"

namespace halftone::native {
namespace {

/// Integers wrap, as in the reference; signed overflow is undefined, so they are computed unsigned.
template <class T>
using Wrapping =
    std::conditional_t<std::is_floating_point_v<T>, T,
                       std::make_unsigned_t<std::conditional_t<std::is_floating_point_v<T>, std::int32_t, T>>>;

struct AddPair {
    template <class T>
    HALFTONE_INLINE T operator()(T a, T b) const {
        return static_cast<T>(static_cast<Wrapping<T>>(a) + static_cast<Wrapping<T>>(b));
    }
};
struct SubtractPair {
    template <class T>
    HALFTONE_INLINE T operator()(T a, T b) const {
        return static_cast<T>(static_cast<Wrapping<T>>(a) - static_cast<Wrapping<T>>(b));
    }
};
struct MultiplyPair {
    template <class T>
    HALFTONE_INLINE T operator()(T a, T b) const {
        return static_cast<T>(static_cast<Wrapping<T>>(a) * static_cast<Wrapping<T>>(b));
    }
};
// Only fp32: the reference gives integer division by zero a meaning that no instruction has.
struct DividePair {
    HALFTONE_INLINE float operator()(float a, float b) const { return a / b; }
};
// The tests are the reference's: a NaN on the left comes first, and one on the right by the comparison being false.
struct MinimumPair {
    template <class T>
    HALFTONE_INLINE T operator()(T a, T b) const {
        return a != a || a < b ? a : b;
    }
};
struct MaximumPair {
    template <class T>
    HALFTONE_INLINE T operator()(T a, T b) const {
        return a != a || a > b ? a : b;
    }
};
// In double, as the reference: powf() may differ from it by one unit in the last place.
struct PowerPair {
    HALFTONE_INLINE float operator()(float a, float b) const {
        return static_cast<float>(std::pow(static_cast<double>(a), static_cast<double>(b)));
    }
};
// The comparison is false for NaN, which so passes.
struct SlopePair {
    HALFTONE_INLINE float operator()(float x, float slope) const { return x < 0.0F ? x * slope : x; }
};
// Comparisons with NaN are false, as the processor has them; results are bytes of 0 and 1.
template <class Compare>
struct ComparePair {
    template <class T>
    HALFTONE_INLINE std::uint8_t operator()(T a, T b) const {
        return Compare{}(a, b) ? 1 : 0;
    }
};
struct BothPair {
    HALFTONE_INLINE std::uint8_t operator()(std::uint8_t a, std::uint8_t b) const { return a != 0 && b != 0 ? 1 : 0; }
};
struct EitherPair {
    HALFTONE_INLINE std::uint8_t operator()(std::uint8_t a, std::uint8_t b) const { return a != 0 || b != 0 ? 1 : 0; }
};

/// A function followed by the step's clamp. Two comparisons, so that NaN passes and the upper bound wins.
template <class Pair>
struct ClampedPair {
    Clamp clamp;
    HALFTONE_INLINE float operator()(float a, float b) const {
        float v = Pair{}(a, b);
        v = v < clamp.low ? clamp.low : v;
        return v > clamp.high ? clamp.high : v;
    }
};

// "ivdep" before a loop: y is an operand itself or overlaps none, so no iteration reads what another wrote.
template <class T, class Y, class Pair>
HALFTONE_INLINE void row_of_pairs(const T* a, std::int64_t a_step, const T* b, std::int64_t b_step, std::int64_t n,
                                  Y* y, Pair pair) {
    if (a_step == 1 && b_step == 1) {
#pragma GCC ivdep
        for (std::int64_t i = 0; i < n; ++i) y[i] = pair(a[i], b[i]);
    } else if (a_step == 1 && b_step == 0) {
        // A repeated operand is read once. Left in the loop it might be read again after every store, because the
        // compiler cannot know that y does not overlap it.
        const T right = *b;
#pragma GCC ivdep
        for (std::int64_t i = 0; i < n; ++i) y[i] = pair(a[i], right);
    } else if (a_step == 0 && b_step == 1) {
        const T left = *a;
#pragma GCC ivdep
        for (std::int64_t i = 0; i < n; ++i) y[i] = pair(left, b[i]);
    } else {
        for (std::int64_t i = 0; i < n; ++i) y[i] = pair(a[i * a_step], b[i * b_step]);
    }
}

template <class T, class Y, class Pair>
HALFTONE_INLINE void tile_of_pairs(const BroadcastTile& tile, Pair pair) {
    const auto* a = reinterpret_cast<const T*>(tile.operands[0]);
    const auto* b = reinterpret_cast<const T*>(tile.operands[1]);
    auto* y = reinterpret_cast<Y*>(tile.y);
    for (std::int64_t row = 0; row < tile.rows; ++row) {
        row_of_pairs(a, tile.column_steps[0], b, tile.column_steps[1], tile.columns, y, pair);
        a += tile.row_steps[0];
        b += tile.row_steps[1];
        y += tile.columns;
    }
}

/// Three operands have eight combinations of repeated or not; the three below are those of masks, and have loops that
/// vectorise.
template <class T>
HALFTONE_INLINE void tile_of_choices(const BroadcastTile& tile) {
    const auto* c = reinterpret_cast<const std::uint8_t*>(tile.operands[0]);
    const auto* a = reinterpret_cast<const T*>(tile.operands[1]);
    const auto* b = reinterpret_cast<const T*>(tile.operands[2]);
    auto* y = reinterpret_cast<T*>(tile.y);
    for (std::int64_t row = 0; row < tile.rows; ++row) {
        // Which operands are repeated is the same for all rows; the branch costs nothing beside a row.
        const Steps& step = tile.column_steps;
        if (step[0] == 1 && step[1] == 1 && step[2] == 0) {
            const T otherwise = *b;
#pragma GCC ivdep
            for (std::int64_t i = 0; i < tile.columns; ++i) y[i] = c[i] != 0 ? a[i] : otherwise;
        } else if (step[0] == 1 && step[1] == 0 && step[2] == 1) {
            const T chosen = *a;
#pragma GCC ivdep
            for (std::int64_t i = 0; i < tile.columns; ++i) y[i] = c[i] != 0 ? chosen : b[i];
        } else if (step[0] == 1 && step[1] == 1 && step[2] == 1) {
#pragma GCC ivdep
            for (std::int64_t i = 0; i < tile.columns; ++i) y[i] = c[i] != 0 ? a[i] : b[i];
        } else {
            for (std::int64_t i = 0; i < tile.columns; ++i)
                y[i] = c[i * step[0]] != 0 ? a[i * step[1]] : b[i * step[2]];
        }
        c += tile.row_steps[0];
        a += tile.row_steps[1];
        b += tile.row_steps[2];
        y += tile.columns;
    }
}

// The same bodies for two instruction sets. A function for AVX2 may only be called where the machine has it, so it is
// chosen by has_avx2() when a step is built, and not by the compiler's flags.
template <class T, class Y, class Pair>
void pairs_base(const BroadcastTile& tile) {
    tile_of_pairs<T, Y>(tile, Pair{});
}
template <class Pair>
void clamped_base(const BroadcastTile& tile) {
    tile_of_pairs<float, float>(tile, ClampedPair<Pair>{tile.clamp});
}
template <class T>
void choices_base(const BroadcastTile& tile) {
    tile_of_choices<T>(tile);
}

#ifdef __x86_64__
template <class T, class Y, class Pair>
HALFTONE_AVX2 void pairs_avx2(const BroadcastTile& tile) {
    tile_of_pairs<T, Y>(tile, Pair{});
}
template <class Pair>
HALFTONE_AVX2 void clamped_avx2(const BroadcastTile& tile) {
    tile_of_pairs<float, float>(tile, ClampedPair<Pair>{tile.clamp});
}
template <class T>
HALFTONE_AVX2 void choices_avx2(const BroadcastTile& tile) {
    tile_of_choices<T>(tile);
}
#endif

template <class T, class Y, class Pair>
BroadcastLoop pairs() {
#ifdef __x86_64__
    if (has_avx2()) return pairs_avx2<T, Y, Pair>;
#endif
    return pairs_base<T, Y, Pair>;
}

template <class Pair>
BroadcastLoop clamped() {
#ifdef __x86_64__
    if (has_avx2()) return clamped_avx2<Pair>;
#endif
    return clamped_base<Pair>;
}

template <class T>
BroadcastLoop choices() {
#ifdef __x86_64__
    if (has_avx2()) return choices_avx2<T>;
#endif
    return choices_base<T>;
}

/// fp32 and the two integers that shapes and tokens have.
template <class Pair>
BroadcastLoop arithmetic(DType dtype, bool is_clamped) {
    // A null pointer means that there is no loop here, and the next backend is asked. Only fp32 has loops with a
    // clamp.
    if (is_clamped) return dtype == DType::f32 ? clamped<Pair>() : nullptr;
    switch (dtype) {
        case DType::f32:
            return pairs<float, float, Pair>();
        case DType::s32:
            return pairs<std::int32_t, std::int32_t, Pair>();
        case DType::s64:
            return pairs<std::int64_t, std::int64_t, Pair>();
        default:
            return nullptr;
    }
}

template <class Pair>
BroadcastLoop reals_only(DType dtype, bool is_clamped) {
    return dtype == DType::f32 && !is_clamped ? pairs<float, float, Pair>() : nullptr;
}

template <class Compare>
BroadcastLoop comparison(DType dtype, bool is_clamped) {
    using Pair = ComparePair<Compare>;
    if (is_clamped) return nullptr;
    switch (dtype) {
        case DType::f32:
            return pairs<float, std::uint8_t, Pair>();
        case DType::s32:
            return pairs<std::int32_t, std::uint8_t, Pair>();
        case DType::s64:
            return pairs<std::int64_t, std::uint8_t, Pair>();
        case DType::boolean:
            return pairs<std::uint8_t, std::uint8_t, Pair>();
        default:
            return nullptr;
    }
}

template <class Pair>
BroadcastLoop logic(DType dtype, bool is_clamped) {
    return dtype == DType::boolean && !is_clamped ? pairs<std::uint8_t, std::uint8_t, Pair>() : nullptr;
}

/// Elements are only moved, so their width is all that counts.
BroadcastLoop choice(DType dtype, bool is_clamped) {
    if (is_clamped) return nullptr;
    switch (size_of(dtype)) {
        case 1:
            return choices<std::uint8_t>();
        case 4:
            return choices<std::uint32_t>();
        case 8:
            return choices<std::uint64_t>();
        default:
            return nullptr;
    }
}

}  // namespace

BroadcastLoop find_broadcast_loop(Function function, DType dtype, bool is_clamped) {
    switch (function) {
        case Function::add:
            return arithmetic<AddPair>(dtype, is_clamped);
        case Function::subtract:
            return arithmetic<SubtractPair>(dtype, is_clamped);
        case Function::multiply:
            return arithmetic<MultiplyPair>(dtype, is_clamped);
        case Function::minimum:
            return arithmetic<MinimumPair>(dtype, is_clamped);
        case Function::maximum:
            return arithmetic<MaximumPair>(dtype, is_clamped);
        case Function::divide:
            return reals_only<DividePair>(dtype, is_clamped);
        case Function::power:
            return reals_only<PowerPair>(dtype, is_clamped);
        case Function::slope_below_zero:
            return reals_only<SlopePair>(dtype, is_clamped);
        case Function::equal:
            return comparison<std::equal_to<>>(dtype, is_clamped);
        case Function::greater:
            return comparison<std::greater<>>(dtype, is_clamped);
        case Function::greater_or_equal:
            return comparison<std::greater_equal<>>(dtype, is_clamped);
        case Function::less:
            return comparison<std::less<>>(dtype, is_clamped);
        case Function::less_or_equal:
            return comparison<std::less_equal<>>(dtype, is_clamped);
        case Function::both:
            return logic<BothPair>(dtype, is_clamped);
        case Function::either:
            return logic<EitherPair>(dtype, is_clamped);
        case Function::choose:
            return choice(dtype, is_clamped);
    }
    return nullptr;
}

}  // namespace halftone::native
