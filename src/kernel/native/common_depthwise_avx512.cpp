// Depthwise convolution by vpdpbusd. Four neighbouring input columns are interleaved byte by byte, so that each 32-bit
// lane is one channel and its four bytes are four taps; one such vector serves every shift of the window that fits into
// the four columns, and every output row whose window it lies in.
#include "kernel/native/common_depthwise.hpp"

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "base/check.hpp"

namespace halftone::native {

#ifdef __x86_64__

namespace {

// GCC 12 takes the undefined operand of its own unmasked intrinsics for an uninitialized variable.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

#define HALFTONE_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))
#define HALFTONE_AVX512_INLINE HALFTONE_AVX512 inline __attribute__((always_inline))

/// So that it can be an element of std::array, which drops the attributes of __m512i.
struct Vector {
    __m512i bits;
};
template <int Count>
using Vectors = std::array<Vector, static_cast<std::size_t>(Count)>;

constexpr int kOutputs = kTilePixels;  // their sums fill half of the registers

template <int Kernel, int Stride>
struct Tile {
    static constexpr int kGroups = (Kernel + 3) / 4;
    static constexpr int kColumns = columns_at_once(Kernel, Stride);
    static constexpr int kRows = kOutputs / kColumns;
    static constexpr int kInputRows = (kRows - 1) * Stride + Kernel;
    static constexpr int kInputColumns = 4 * kGroups;
    static constexpr int kPixels = kInputRows * kInputColumns;
};

template <class T>
using InputRows = std::array<const std::uint8_t*, static_cast<std::size_t>(T::kInputRows)>;

/// Input pixels of a tile inside the image: rows, and the step from one pixel to the next.
template <class T>
struct InsideTile {
    const InputRows<T>& rows;
    std::int64_t offset, step;
    [[nodiscard]] __attribute__((always_inline)) const std::uint8_t* pixel(int row, int column) const {
        return rows[row] + offset + column * step;
    }
};

/// Input pixels of a tile at the border, one by one.
template <class T>
struct BorderTile {
    std::array<const std::uint8_t*, static_cast<std::size_t>(T::kPixels)> pixels;
    [[nodiscard]] __attribute__((always_inline)) const std::uint8_t* pixel(int row, int column) const {
        return pixels[row * T::kInputColumns + column];
    }
};

HALFTONE_AVX512_INLINE __m512i broadcast_byte(std::uint8_t value) { return _mm512_set1_epi8(static_cast<char>(value)); }

template <bool IsSigned>
HALFTONE_AVX512_INLINE __m512i as_unsigned(__m512i codes) {
    if constexpr (IsSigned) return _mm512_xor_si512(codes, broadcast_byte(0x80));
    return codes;
}

/// 64 channels of four pixels -> 4 vectors of 16 channels x 4 pixels, in the order of channel_at().
template <bool IsSigned, class Pixels>
HALFTONE_AVX512_INLINE void interleave(const Pixels& pixels, int row, int column, __mmask64 mask, Vectors<4>& out) {
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
HALFTONE_AVX512_INLINE void interleave(const Pixels& pixels, int row, int column, __mmask64 mask, Vectors<1>& out) {
    const auto narrow = static_cast<__mmask16>(mask);
    __m512i all = _mm512_castsi128_si512(_mm_maskz_loadu_epi8(narrow, pixels.pixel(row, column)));
    all = _mm512_inserti32x4(all, _mm_maskz_loadu_epi8(narrow, pixels.pixel(row, column + 1)), 1);
    all = _mm512_inserti32x4(all, _mm_maskz_loadu_epi8(narrow, pixels.pixel(row, column + 2)), 2);
    all = _mm512_inserti32x4(all, _mm_maskz_loadu_epi8(narrow, pixels.pixel(row, column + 3)), 3);
    const __m512i lanes = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m512i bytes = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    out[0].bits = as_unsigned<IsSigned>(_mm512_shuffle_epi8(_mm512_permutexvar_epi32(lanes, all), bytes));
}

HALFTONE_AVX512_INLINE __m512i scaled(__m512i sum, __m512 factor) {
    return _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_cvtepi32_ps(sum), factor));
}

struct Ending {
    __m512i zero_point;  ///< 16-bit
    __m512i low, high, flip;
};

HALFTONE_AVX512_INLINE __m512i finish(__m512i words_low, __m512i words_high, const Ending& ending) {
    const __m512i bytes = _mm512_packus_epi16(_mm512_adds_epi16(words_low, ending.zero_point),
                                              _mm512_adds_epi16(words_high, ending.zero_point));
    return _mm512_xor_si512(_mm512_min_epu8(_mm512_max_epu8(bytes, ending.low), ending.high), ending.flip);
}

using Sums4 = std::array<Vectors<4>, static_cast<std::size_t>(kOutputs)>;
using Sums1 = std::array<Vectors<1>, static_cast<std::size_t>(kOutputs)>;

/// The packs put 4 sub-blocks of 64 channels back in order.
HALFTONE_AVX512_INLINE void store(const Sums4& sums, const float* factor, const Ending& ending, __mmask64 mask,
                                  std::span<std::uint8_t* const> outputs) {
    const __m512 f0 = _mm512_loadu_ps(factor);
    const __m512 f1 = _mm512_loadu_ps(factor + 16);
    const __m512 f2 = _mm512_loadu_ps(factor + 32);
    const __m512 f3 = _mm512_loadu_ps(factor + 48);
#pragma GCC unroll 4
    for (int o = 0; o < kOutputs; ++o) {
        const __m512i low = _mm512_packs_epi32(scaled(sums[o][0].bits, f0), scaled(sums[o][1].bits, f1));
        const __m512i high = _mm512_packs_epi32(scaled(sums[o][2].bits, f2), scaled(sums[o][3].bits, f3));
        _mm512_mask_storeu_epi8(outputs[o], mask, finish(low, high, ending));
    }
}

/// 16 channels: the 4 outputs are packed together, which leaves lane i with the channels 4 i … of each output.
HALFTONE_AVX512_INLINE void store(const Sums1& sums, const float* factor, const Ending& ending, __mmask64 mask,
                                  std::span<std::uint8_t* const> outputs) {
    const __m512 f = _mm512_loadu_ps(factor);
    const __m512i low = _mm512_packs_epi32(scaled(sums[0][0].bits, f), scaled(sums[1][0].bits, f));
    const __m512i high = _mm512_packs_epi32(scaled(sums[2][0].bits, f), scaled(sums[3][0].bits, f));
    const __m512i lanes = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m512i codes = _mm512_permutexvar_epi32(lanes, finish(low, high, ending));
    const auto narrow = static_cast<__mmask16>(mask);
    _mm_mask_storeu_epi8(outputs[0], narrow, _mm512_castsi512_si128(codes));
    _mm_mask_storeu_epi8(outputs[1], narrow, _mm512_extracti32x4_epi32(codes, 1));
    _mm_mask_storeu_epi8(outputs[2], narrow, _mm512_extracti32x4_epi32(codes, 2));
    _mm_mask_storeu_epi8(outputs[3], narrow, _mm512_extracti32x4_epi32(codes, 3));
}

/// Everything of a call that its tiles share.
struct Call {
    const PackedDepthwise& packed;
    const ChannelBlock& block;
    const std::uint8_t* x;  ///< the image
    std::uint8_t* y;
    std::int64_t first_row;  ///< of the output
};

/// `outputs`: channel 0 of the block in each output pixel. A buffer that nobody reads stands for those beyond the
/// border: the compiler would sink the sums into a branch.
template <class T, int Kernel, int Stride, bool IsSigned, int Subs, class Pixels>
HALFTONE_AVX512_INLINE void compute_tile(const Call& call, const Pixels& pixels, const Ending& ending,
                                         std::span<std::uint8_t* const> outputs) {
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
    store(sums, call.packed.factor.data() + call.block.per_channel, ending, mask, outputs);
}

/// The input rows below a row of tiles, at column 0; null for padding.
template <class T, int Stride>
InputRows<T> input_rows(const Call& call) {
    const DepthwiseShape& shape = call.packed.shape;
    InputRows<T> rows;
    std::int64_t row = call.first_row * Stride - shape.pad_top;
    for (const std::uint8_t*& pointer : rows) {
        const bool is_row = row >= 0 && row < shape.height;
        pointer = is_row ? call.x + row * shape.width * shape.channels + call.block.first : nullptr;
        ++row;
    }
    return rows;
}

template <class T>
BorderTile<T> border_tile(const Call& call, const InputRows<T>& rows, std::int64_t left) {
    const DepthwiseShape& shape = call.packed.shape;
    BorderTile<T> tile;
    std::size_t next = 0;
    for (const std::uint8_t* row : rows) {
        for (std::int64_t column = left; column < left + T::kInputColumns; ++column) {
            const bool is_pixel = row != nullptr && column >= 0 && column < shape.width;
            tile.pixels[next++] = is_pixel ? row + column * shape.channels : call.packed.padding.data();
        }
    }
    return tile;
}

template <int Kernel, int Stride, bool IsSigned, int Subs>
HALFTONE_AVX512 void compute_row(const Call& call, std::uint8_t* sink) {
    using T = Tile<Kernel, Stride>;
    const PackedDepthwise& packed = call.packed;
    const DepthwiseShape& shape = packed.shape;
    const Ending ending{_mm512_set1_epi16(static_cast<std::int16_t>(packed.y_zero_point)), broadcast_byte(packed.y_low),
                        broadcast_byte(packed.y_high), broadcast_byte(packed.y_is_signed ? 0x80 : 0)};
    const InputRows<T> rows = input_rows<T, Stride>(call);
    const bool has_rows = std::find(rows.begin(), rows.end(), nullptr) == rows.end();
    std::array<std::uint8_t*, static_cast<std::size_t>(kOutputs)> outputs;
    for (std::int64_t column = 0; column < shape.out_width; column += T::kColumns) {
        std::size_t next = 0;
        for (std::int64_t r = call.first_row; r < call.first_row + T::kRows; ++r) {
            for (std::int64_t c = column; c < column + T::kColumns; ++c) {
                std::uint8_t* y = call.y + (r * shape.out_width + c) * shape.channels + call.block.first;
                outputs[next++] = r < shape.out_height && c < shape.out_width ? y : sink;
            }
        }
        const std::int64_t left = column * Stride - shape.pad_left;
        if (has_rows && left >= 0 && left + T::kInputColumns <= shape.width) {
            const InsideTile<T> tile{rows, left * shape.channels, shape.channels};
            compute_tile<T, Kernel, Stride, IsSigned, Subs>(call, tile, ending, outputs);
        } else {
            const BorderTile<T> tile = border_tile<T>(call, rows, left);
            compute_tile<T, Kernel, Stride, IsSigned, Subs>(call, tile, ending, outputs);
        }
    }
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

template <int Kernel, int Stride>
void run(const PackedDepthwise& packed, const std::uint8_t* x, std::uint8_t* y) {
    using T = Tile<Kernel, Stride>;
    const DepthwiseShape& shape = packed.shape;
    const std::int64_t bands = (shape.out_height + T::kRows - 1) / T::kRows;
    const std::int64_t input = shape.height * shape.width * shape.channels;
    const std::int64_t output = shape.out_height * shape.out_width * shape.channels;
#pragma omp parallel
    {
        std::array<std::uint8_t, 64> sink{};
#pragma omp for schedule(static)
        for (std::int64_t band = 0; band < shape.batch * bands; ++band) {
            const std::int64_t image = band / bands;
            for (const ChannelBlock& block : packed.blocks) {
                compute_band<Kernel, Stride>(
                    {packed, block, x + image * input, y + image * output, band % bands * T::kRows}, sink.data());
            }
        }
    }
}

}  // namespace

void run_depthwise_avx512_vnni(const PackedDepthwise& packed, const std::uint8_t* x, std::uint8_t* y) {
    if (packed.shape.stride == 2) return run<3, 2>(packed, x, y);
    switch (packed.shape.kernel) {
        case 3:
            return run<3, 1>(packed, x, y);
        case 5:
            return run<5, 1>(packed, x, y);
        default:
            return run<7, 1>(packed, x, y);
    }
}

#else

void run_depthwise_avx512_vnni(const PackedDepthwise& /*packed*/, const std::uint8_t* /*x*/, std::uint8_t* /*y*/) {
    HALFTONE_CHECK(false, "AVX-512 on another architecture");
}

#endif

}  // namespace halftone::native
