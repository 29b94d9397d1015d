// Depthwise convolution by vpdpbusd. Four neighbouring input columns are interleaved byte by byte, so that each 32-bit
// lane is one channel and its four bytes are four taps; one such vector serves every shift of the window that fits into
// the four columns, and every output row whose window it lies in.
//
//   interleave     four neighbouring columns of 64 (or 16) channels become vectors whose 32-bit lanes are one channel
//   compute_tile   the sums of four output pixels, which share those vectors
//   store          sums to codes: scale, bias, rounding, saturation, and the channels back in their order
//   compute_row    the tiles of one row; inside the image they read it directly, at its border a list of pixels
//   compute_band   chooses the variant by the sign of the input and the width of the block of channels
#include "kernel/native/lib/depthwise.hpp"
#include "kernel/native/lib/depthwise_tiles.hpp"

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include <array>

#include "base/check.hpp"
#include "kernel/codes/targets.hpp"

namespace halftone::native {

#ifdef __x86_64__

namespace depthwise_avx512 {  // the names of its helpers stand in the other instruction set's file, too
namespace {

// GCC 12 takes the undefined operand of its own unmasked intrinsics for an uninitialized variable.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

/// So that it can be an element of std::array, which drops the attributes of __m512i.
struct Vector {
    __m512i bits;
};
template <int Count>
using Vectors = std::array<Vector, static_cast<std::size_t>(Count)>;

HALFTONE_AVX512_VNNI_INLINE __m512i broadcast_byte(std::uint8_t value) {
    return _mm512_set1_epi8(static_cast<char>(value));
}

/// vpdpbusd multiplies unsigned by signed bytes. Signed codes are moved by 128, which is a flip of the upper bit; the
/// start value of the sums takes the same 128 times the weights away again.
template <bool IsSigned>
HALFTONE_AVX512_VNNI_INLINE __m512i as_unsigned(__m512i codes) {
    if constexpr (IsSigned) return _mm512_xor_si512(codes, broadcast_byte(0x80));
    return codes;
}

/// 64 channels of four pixels -> 4 vectors of 16 channels x 4 pixels, in the order of channel_at().
template <bool IsSigned, class Pixels>
HALFTONE_AVX512_VNNI_INLINE void interleave(const Pixels& pixels, int row, int column, __mmask64 mask,
                                            Vectors<4>& out) {
    const __m512i p0 = _mm512_maskz_loadu_epi8(mask, pixels.pixel(row, column));
    const __m512i p1 = _mm512_maskz_loadu_epi8(mask, pixels.pixel(row, column + 1));
    const __m512i p2 = _mm512_maskz_loadu_epi8(mask, pixels.pixel(row, column + 2));
    const __m512i p3 = _mm512_maskz_loadu_epi8(mask, pixels.pixel(row, column + 3));
    const __m512i low01 = as_unsigned<IsSigned>(_mm512_unpacklo_epi8(p0, p1));
    const __m512i high01 = as_unsigned<IsSigned>(_mm512_unpackhi_epi8(p0, p1));
    const __m512i low23 = as_unsigned<IsSigned>(_mm512_unpacklo_epi8(p2, p3));
    const __m512i high23 = as_unsigned<IsSigned>(_mm512_unpackhi_epi8(p2, p3));
    out[0].bits = _mm512_unpacklo_epi16(low01, low23);
    out[1].bits = _mm512_unpackhi_epi16(low01, low23);
    out[2].bits = _mm512_unpacklo_epi16(high01, high23);
    out[3].bits = _mm512_unpackhi_epi16(high01, high23);
}

/// 16 channels of four pixels, in order.
template <bool IsSigned, class Pixels>
HALFTONE_AVX512_VNNI_INLINE void interleave(const Pixels& pixels, int row, int column, __mmask64 mask,
                                            Vectors<1>& out) {
    const auto narrow = static_cast<__mmask16>(mask);
    __m512i all = _mm512_castsi128_si512(_mm_maskz_loadu_epi8(narrow, pixels.pixel(row, column)));
    all = _mm512_inserti32x4(all, _mm_maskz_loadu_epi8(narrow, pixels.pixel(row, column + 1)), 1);
    all = _mm512_inserti32x4(all, _mm_maskz_loadu_epi8(narrow, pixels.pixel(row, column + 2)), 2);
    all = _mm512_inserti32x4(all, _mm_maskz_loadu_epi8(narrow, pixels.pixel(row, column + 3)), 3);
    const __m512i lanes = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m512i bytes = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    out[0].bits = as_unsigned<IsSigned>(_mm512_shuffle_epi8(_mm512_permutexvar_epi32(lanes, all), bytes));
}

/// Of 16 channels in the kernel's order.
struct Scaling {
    __m512 factor, offset;
};

HALFTONE_AVX512_VNNI_INLINE Scaling scaling(const Call& call, int first) {
    const std::size_t channel = call.block.per_channel + static_cast<std::size_t>(first);
    return {_mm512_loadu_ps(call.packed.factor.data() + channel), _mm512_loadu_ps(call.packed.offset.data() + channel)};
}

HALFTONE_AVX512_VNNI_INLINE __m512i scaled(__m512i sum, const Scaling& by) {
    return _mm512_cvtps_epi32(_mm512_add_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(sum), by.factor), by.offset));
}

struct Ending {
    __m512i zero_point;  ///< 16-bit
    __m512i low, high, flip;
};

HALFTONE_AVX512_VNNI_INLINE __m512i finish(__m512i words_low, __m512i words_high, const Ending& ending) {
    const __m512i bytes = _mm512_packus_epi16(_mm512_adds_epi16(words_low, ending.zero_point),
                                              _mm512_adds_epi16(words_high, ending.zero_point));
    return _mm512_xor_si512(_mm512_min_epu8(_mm512_max_epu8(bytes, ending.low), ending.high), ending.flip);
}

using Sums4 = std::array<Vectors<4>, static_cast<std::size_t>(kOutputs)>;
using Sums1 = std::array<Vectors<1>, static_cast<std::size_t>(kOutputs)>;

/// The packs put 4 sub-blocks of 64 channels back in order.
HALFTONE_AVX512_VNNI_INLINE void store(const Call& call, const Sums4& sums, const Ending& ending, __mmask64 mask,
                                       const TileOutputs& outputs) {
    const Scaling by0 = scaling(call, 0);
    const Scaling by1 = scaling(call, 16);
    const Scaling by2 = scaling(call, 32);
    const Scaling by3 = scaling(call, 48);
#pragma GCC unroll 4
    for (int o = 0; o < kOutputs; ++o) {
        const __m512i low = _mm512_packs_epi32(scaled(sums[o][0].bits, by0), scaled(sums[o][1].bits, by1));
        const __m512i high = _mm512_packs_epi32(scaled(sums[o][2].bits, by2), scaled(sums[o][3].bits, by3));
        _mm512_mask_storeu_epi8(outputs[o], mask, finish(low, high, ending));
    }
}

/// 16 channels: the 4 outputs are packed together, which leaves lane i with the channels 4 i … of each output.
HALFTONE_AVX512_VNNI_INLINE void store(const Call& call, const Sums1& sums, const Ending& ending, __mmask64 mask,
                                       const TileOutputs& outputs) {
    const Scaling by = scaling(call, 0);
    const __m512i low = _mm512_packs_epi32(scaled(sums[0][0].bits, by), scaled(sums[1][0].bits, by));
    const __m512i high = _mm512_packs_epi32(scaled(sums[2][0].bits, by), scaled(sums[3][0].bits, by));
    const __m512i lanes = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m512i codes = _mm512_permutexvar_epi32(lanes, finish(low, high, ending));
    const auto narrow = static_cast<__mmask16>(mask);
    _mm_mask_storeu_epi8(outputs[0], narrow, _mm512_castsi512_si128(codes));
    _mm_mask_storeu_epi8(outputs[1], narrow, _mm512_extracti32x4_epi32(codes, 1));
    _mm_mask_storeu_epi8(outputs[2], narrow, _mm512_extracti32x4_epi32(codes, 2));
    _mm_mask_storeu_epi8(outputs[3], narrow, _mm512_extracti32x4_epi32(codes, 3));
}

/// `outputs`: channel 0 of the block in each output pixel. A buffer that nobody reads stands for those beyond the
/// border: the compiler would sink the sums into a branch.
template <class T, int Kernel, int Stride, bool IsSigned, int Subs, class Pixels>
HALFTONE_AVX512_VNNI_INLINE void compute_tile(const Call& call, const Pixels& pixels, const Ending& ending,
                                              const TileOutputs& outputs) {
    constexpr std::int64_t kVector = 64;
    const std::int8_t* weights = call.packed.weights.data() + call.block.weights;
    const std::int32_t* start = call.packed.start.data() + call.block.per_channel;
    const __mmask64 mask = ~__mmask64{0} >> static_cast<unsigned>(64 - call.block.count);

    std::array<Vectors<Subs>, static_cast<std::size_t>(kOutputs)> sums;
#pragma GCC unroll 4
    for (int o = 0; o < kOutputs; ++o) {
#pragma GCC unroll 4
        for (int sub = 0; sub < Subs; ++sub) sums[o][sub].bits = _mm512_loadu_si512(start + 16 * sub);
    }
#pragma GCC unroll 16
    for (int input_row = 0; input_row < T::kInputRows; ++input_row) {
#pragma GCC unroll 2
        for (int group = 0; group < T::kGroups; ++group) {
            Vectors<Subs> x;
            interleave<IsSigned>(pixels, input_row, 4 * group, mask, x);
#pragma GCC unroll 4
            for (int row = 0; row < T::kRows; ++row) {
                const int tap_row = input_row - row * Stride;
                if (tap_row < 0 || tap_row >= Kernel) continue;
#pragma GCC unroll 4
                for (int column = 0; column < T::kColumns; ++column) {
                    const std::int8_t* w =
                        weights + ((column * Kernel + tap_row) * T::kGroups + group) * Subs * kVector;
#pragma GCC unroll 4
                    for (int sub = 0; sub < Subs; ++sub) {
                        __m512i& sum = sums[row * T::kColumns + column][sub].bits;
                        sum = _mm512_dpbusd_epi32(sum, x[sub].bits, _mm512_loadu_si512(w + sub * kVector));
                    }
                }
            }
        }
    }
    // All taps are in the sums; nothing of them is written to memory before this point.
    store(call, sums, ending, mask, outputs);
}

/// compute_tile as an object: a lambda would not be compiled for the instruction set.
template <int Kernel, int Stride, bool IsSigned, int Subs>
struct TileStep {
    const Call& call;
    Ending ending;
    template <class Pixels>
    HALFTONE_AVX512_VNNI void operator()(const Pixels& pixels, const TileOutputs& outputs) const {
        compute_tile<Tile<Kernel, Stride>, Kernel, Stride, IsSigned, Subs>(call, pixels, ending, outputs);
    }
};

template <int Kernel, int Stride, bool IsSigned, int Subs>
HALFTONE_AVX512_VNNI void compute_row(const Call& call, std::uint8_t* sink) {
    const PackedDepthwise& packed = call.packed;
    const Ending ending{_mm512_set1_epi16(static_cast<std::int16_t>(packed.y_zero_point)), broadcast_byte(packed.y_low),
                        broadcast_byte(packed.y_high), broadcast_byte(packed.y_is_signed ? 0x80 : 0)};
    for_tiles<Tile<Kernel, Stride>, Stride>(call, sink, TileStep<Kernel, Stride, IsSigned, Subs>{call, ending});
}

template <int Kernel, int Stride>
void compute_band(const Call& call, std::uint8_t* sink) {
    const bool is_wide = call.block.width == 64;
    if (call.packed.x_is_signed) {
        is_wide ? compute_row<Kernel, Stride, true, 4>(call, sink) : compute_row<Kernel, Stride, true, 1>(call, sink);
    } else {
        is_wide ? compute_row<Kernel, Stride, false, 4>(call, sink) : compute_row<Kernel, Stride, false, 1>(call, sink);
    }
}

}  // namespace
}  // namespace depthwise_avx512

void run_depthwise_avx512_vnni(const PackedDepthwise& packed, const std::uint8_t* x, std::uint8_t* y) {
    run_window(packed, x, y, [](auto kernel, auto stride, const Call& call, std::uint8_t* sink) {
        depthwise_avx512::compute_band<decltype(kernel)::value, decltype(stride)::value>(call, sink);
    });
}

#pragma GCC diagnostic pop

#else

void run_depthwise_avx512_vnni(const PackedDepthwise& /*packed*/, const std::uint8_t* /*x*/, std::uint8_t* /*y*/) {
    HALFTONE_CHECK(false, "AVX-512 on another architecture");
}

#endif

}  // namespace halftone::native
