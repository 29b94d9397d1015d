#pragma once
// Depthwise int8 convolution over channels-last codes: what a kernel needs, packed once, and the kernels by instruction
// set.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace halftone::native {

/// A square window over [N, H, W, C]; everything but the pointers is fixed when the step is built.
struct DepthwiseShape {
    std::int64_t batch = 1;
    std::int64_t channels = 1;
    std::int64_t height = 1, width = 1;
    std::int64_t out_height = 1, out_width = 1;
    std::int64_t kernel = 3;  ///< 3, 5 or 7; 3 with stride 2
    std::int64_t stride = 1;  ///< 1 or 2
    std::int64_t pad_top = 0, pad_left = 0;
};

/// Codes are unsigned inside: int8 codes are read and written with their sign bit flipped (code + 128).
struct DepthwiseNumbers {
    std::vector<std::int8_t> weights;  ///< [C, k, k]
    std::vector<std::int32_t> bias;    ///< [C] or empty; what the sum of x * w starts with: no zero point in it
    std::vector<float> factor;         ///< [C]: scale_x * scale_w / scale_y
    std::vector<float> offset;         ///< [C]: added to the product; a bias that would make the sums leave int32
    std::int32_t x_zero_point = 0;     ///< of the unsigned codes
    std::int32_t y_zero_point = 0;
    std::uint8_t y_low = 0, y_high = 255;  ///< the clamp, in unsigned codes of y
    bool x_is_signed = false, y_is_signed = false;
};

/// A block of channels that one pass of the inner loop computes: 64 as they lie in memory, or 16 (the rest of C / 64).
struct ChannelBlock {
    std::int64_t first = 0;
    std::int64_t count = 64;  ///< that exist; the others are masked
    std::int64_t width = 64;  ///< 64 or 16
    std::size_t weights = 0;  ///< offsets into the packed arrays
    std::size_t per_channel = 0;
};

struct PackedDepthwise {
    DepthwiseShape shape;
    std::vector<ChannelBlock> blocks;
    std::vector<std::int8_t>
        weights;  ///< [block][output column of the tile][row][group of 4 columns][sub-block of 16][channel][4]
    std::vector<std::int32_t> start;    ///< [block][channel in the kernel's order]: bias - zero point * sum of weights
    std::vector<float> factor, offset;  ///< in the same order
    std::vector<std::uint8_t> padding;  ///< 64 times x's zero point, as stored
    std::int32_t y_zero_point = 0;
    std::uint8_t y_low = 0, y_high = 255;
    bool x_is_signed = false, y_is_signed = false;
    /// AVX2: [block][output column of the tile][row][pair of columns][half of the channels][channel][2]
    std::vector<std::int16_t> pairs;
};

inline constexpr int kTilePixels = 4;  ///< outputs that are computed at once

/// Output columns that share one set of input columns: 4 * ceil(k / 4) columns are read, and used for every window that
/// lies in them.
[[nodiscard]] constexpr int columns_at_once(int kernel, int stride) {
    return (4 * ((kernel + 3) / 4) - kernel) / stride + 1;
}

inline constexpr std::int64_t kPairChannels = 16;  ///< of a block of AVX2

/// Work that is done, in multiples of the work that is asked for: tiles reach over the border, blocks over the
/// channels.
[[nodiscard]] double depthwise_work(const DepthwiseShape& shape);

/// For AVX-512 VNNI.
[[nodiscard]] PackedDepthwise pack_depthwise(const DepthwiseShape& shape, const DepthwiseNumbers& numbers);
/// For AVX2: `pairs` in place of `weights`, blocks of 16 channels, of which the last may overlap the one before.
/// @pre at least 16 channels
[[nodiscard]] PackedDepthwise pack_depthwise_pairs(const DepthwiseShape& shape, const DepthwiseNumbers& numbers);

/// y = saturate(round_half_even((start + sum of x * w) * factor + offset) + zero point), clamped. Exact up to the
/// product with `factor`. Uses OpenMP's threads. @pre the instruction set is there; |(start + sum) * factor + offset| <
/// 2^31
void run_depthwise_avx512_vnni(const PackedDepthwise& packed, const std::uint8_t* x, std::uint8_t* y);
/// The same, packed as pairs.
void run_depthwise_avx2(const PackedDepthwise& packed, const std::uint8_t* x, std::uint8_t* y);

}  // namespace halftone::native
