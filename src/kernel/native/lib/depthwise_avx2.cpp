// Depthwise convolution by vpmaddwd: two neighbouring input columns are widened to 16 bits and interleaved, so that
// each 32-bit lane is one channel and its two words are two taps. Exact for all weights; vpmaddubsw, which takes four
// bytes, would saturate.
#ifdef __x86_64__
#include <immintrin.h>
#endif

#include <array>

#include "base/check.hpp"
#include "kernel/codes/targets.hpp"
#include "kernel/native/lib/depthwise_tiles.hpp"

namespace halftone::native {

#ifdef __x86_64__

namespace depthwise_avx2 {  // the names of its helpers stand in the other instruction set's file, too
namespace {

/// 16 channels as two vectors of 8. A struct, so that it can be an element of std::array.
struct Halves {
    __m256i low, high;
};
using Sums = std::array<Halves, static_cast<std::size_t>(kOutputs)>;

HALFTONE_AVX2_INLINE __m256i load(const void* data) { return _mm256_loadu_si256(static_cast<const __m256i*>(data)); }

template <bool IsSigned>
HALFTONE_AVX2_INLINE __m256i words(const std::uint8_t* pixel) {
    __m128i codes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(pixel));
    if constexpr (IsSigned) codes = _mm_xor_si128(codes, _mm_set1_epi8(static_cast<char>(0x80)));
    return _mm256_cvtepu8_epi16(codes);
}

/// Of the channels in the kernel's order.
struct Scaling {
    const float* factor;
    const float* offset;
};

/// The product is rounded by cvtps, which rounds half to even, as QuantizeLinear does. The sum becomes
/// a float first, as in the reference: float(sum) * factor + offset.
HALFTONE_AVX2_INLINE __m256i scaled(__m256i sum, const Scaling& by, int first) {
    const __m256 product = _mm256_mul_ps(_mm256_cvtepi32_ps(sum), _mm256_loadu_ps(by.factor + first));
    return _mm256_cvtps_epi32(_mm256_add_ps(product, _mm256_loadu_ps(by.offset + first)));
}

struct Ending {
    __m256i zero_point;  ///< 16-bit
    __m256i low, high, flip;
};

/// 16 channels as 16-bit words in order: packing undoes what interleave() did.
HALFTONE_AVX2_INLINE __m256i finished_words(const Halves& sums, const Scaling& by, const Ending& ending) {
    const __m256i packed = _mm256_packs_epi32(scaled(sums.low, by, 0), scaled(sums.high, by, 8));
    return _mm256_adds_epi16(packed, ending.zero_point);
}

HALFTONE_AVX2_INLINE void store(const Sums& sums, const Scaling& by, const Ending& ending, const TileOutputs& outputs) {
#pragma GCC unroll 2
    for (int o = 0; o < kOutputs; o += 2) {
        // Two outputs are packed together, because packs work on pairs of vectors. Both packs saturate, so a sum beyond
        // the range of codes ends at its border.
        const __m256i mixed =
            _mm256_packus_epi16(finished_words(sums[o], by, ending), finished_words(sums[o + 1], by, ending));
        const __m256i bytes = _mm256_permute4x64_epi64(mixed, 0b11011000);  // the two outputs, one after the other
        const __m256i codes =
            _mm256_xor_si256(_mm256_min_epu8(_mm256_max_epu8(bytes, ending.low), ending.high), ending.flip);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(outputs[o]), _mm256_castsi256_si128(codes));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(outputs[o + 1]), _mm256_extracti128_si256(codes, 1));
    }
}

/// Some tap of the pair lies in the window of this output column.
template <int Kernel, int Stride>
constexpr bool is_used(int pair, int column) {
    const int first = 2 * pair - column * Stride;
    return first > -2 && first < Kernel;
}

template <class T, int Kernel, int Stride, bool IsSigned, class Pixels>
HALFTONE_AVX2_INLINE void compute_tile(const Call& call, const Pixels& pixels, const Ending& ending,
                                       const TileOutputs& outputs) {
    constexpr int kPairs = T::kInputColumns / 2;
    constexpr std::int64_t kVector = 16;  // words
    const std::int16_t* weights = call.packed.pairs.data() + call.block.weights;
    const std::int32_t* start = call.packed.start.data() + call.block.per_channel;
    Sums sums;
#pragma GCC unroll 4
    for (int o = 0; o < kOutputs; ++o) sums[o] = {load(start), load(start + 8)};
#pragma GCC unroll 16
    for (int input_row = 0; input_row < T::kInputRows; ++input_row) {
#pragma GCC unroll 4
        for (int pair = 0; pair < kPairs; ++pair) {
            const __m256i left = words<IsSigned>(pixels.pixel(input_row, 2 * pair));
            const __m256i right = words<IsSigned>(pixels.pixel(input_row, 2 * pair + 1));
            const __m256i low = _mm256_unpacklo_epi16(left, right);
            const __m256i high = _mm256_unpackhi_epi16(left, right);
#pragma GCC unroll 4
            for (int row = 0; row < T::kRows; ++row) {
                const int tap_row = input_row - row * Stride;
                if (tap_row < 0 || tap_row >= Kernel) continue;
#pragma GCC unroll 4
                for (int column = 0; column < T::kColumns; ++column) {
                    if (!is_used<Kernel, Stride>(pair, column)) continue;
                    const std::int16_t* w = weights + ((column * Kernel + tap_row) * kPairs + pair) * 2 * kVector;
                    Halves& sum = sums[row * T::kColumns + column];
                    sum.low = _mm256_add_epi32(sum.low, _mm256_madd_epi16(low, load(w)));
                    sum.high = _mm256_add_epi32(sum.high, _mm256_madd_epi16(high, load(w + kVector)));
                }
            }
        }
    }
    const std::size_t channel = call.block.per_channel;
    store(sums, {call.packed.factor.data() + channel, call.packed.offset.data() + channel}, ending, outputs);
}

HALFTONE_AVX2_INLINE __m256i broadcast_byte(std::uint8_t value) { return _mm256_set1_epi8(static_cast<char>(value)); }

/// compute_tile as an object: a lambda would not be compiled for the instruction set.
template <int Kernel, int Stride, bool IsSigned>
struct TileStep {
    const Call& call;
    Ending ending;
    template <class Pixels>
    HALFTONE_AVX2 void operator()(const Pixels& pixels, const TileOutputs& outputs) const {
        compute_tile<Tile<Kernel, Stride>, Kernel, Stride, IsSigned>(call, pixels, ending, outputs);
    }
};

template <int Kernel, int Stride, bool IsSigned>
HALFTONE_AVX2 void compute_row(const Call& call, std::uint8_t* sink) {
    const PackedDepthwise& packed = call.packed;
    const Ending ending{_mm256_set1_epi16(static_cast<std::int16_t>(packed.y_zero_point)), broadcast_byte(packed.y_low),
                        broadcast_byte(packed.y_high), broadcast_byte(packed.y_is_signed ? 0x80 : 0)};
    for_tiles<Tile<Kernel, Stride>, Stride>(call, sink, TileStep<Kernel, Stride, IsSigned>{call, ending});
}

}  // namespace
}  // namespace depthwise_avx2

void run_depthwise_avx2(const PackedDepthwise& packed, const std::uint8_t* x, std::uint8_t* y) {
    run_window(packed, x, y, [](auto kernel, auto stride, const Call& call, std::uint8_t* sink) {
        constexpr int kKernel = decltype(kernel)::value;
        constexpr int kStride = decltype(stride)::value;
        HALFTONE_CHECK(kKernel == 3, "5x5 and 7x7 are oneDNN's without AVX-512");
        if constexpr (kKernel == 3) {
            call.packed.x_is_signed ? depthwise_avx2::compute_row<kKernel, kStride, true>(call, sink)
                                    : depthwise_avx2::compute_row<kKernel, kStride, false>(call, sink);
        }
    });
}

#else

void run_depthwise_avx2(const PackedDepthwise& /*packed*/, const std::uint8_t* /*x*/, std::uint8_t* /*y*/) {
    HALFTONE_CHECK(false, "AVX2 on another architecture");
}

#endif

}  // namespace halftone::native
