#include "kernel/native/lib/depthwise.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace halftone::native {
namespace {

constexpr std::int64_t kWide = 64;
constexpr std::int64_t kNarrow = 16;

/// Whole blocks of 64, then what is left: a masked block of 64 if that is more than 32, else blocks of 16, each of
/// which takes more than a third of the time of one of 64.
std::vector<ChannelBlock> split_channels(std::int64_t channels) {
    std::vector<ChannelBlock> blocks;
    for (std::int64_t first = 0; first < channels;) {
        const std::int64_t left = channels - first;
        const std::int64_t width = left > 2 * kNarrow ? kWide : kNarrow;
        blocks.push_back({.first = first, .count = std::min(left, width), .width = width});
        first += width;
    }
    return blocks;
}

/// The channel (from the block's first) at position `i` of the kernel's vectors. Unpacking bytes and words within the
/// 128-bit lanes of 64 channels leaves sub-block s with the channels 4 s … 4 s + 3 of each 16.
std::int64_t channel_at(const ChannelBlock& block, std::int64_t i) {
    if (block.width == kNarrow) return i;
    const std::int64_t sub = i / 16, lane = i % 16 / 4, element = i % 4;
    return 16 * lane + 4 * sub + element;
}

/// sum of (x - z) * w = sum of x * w - z * (sum of w): the second part depends on weights only, so it is subtracted
/// once, here, and the kernel multiplies the codes as they are. Padding therefore holds the code z, which contributes
/// nothing. What the sum of unsigned codes times weights starts with.
std::int32_t start_of(const DepthwiseNumbers& numbers, std::int64_t kernel, std::size_t channel) {
    std::int32_t sum = 0;
    const auto taps = static_cast<std::size_t>(kernel * kernel);
    for (std::size_t t = 0; t < taps; ++t) sum += numbers.weights[channel * taps + t];
    return (numbers.bias.empty() ? 0 : numbers.bias[channel]) - numbers.x_zero_point * sum;
}

void pack_block(const DepthwiseNumbers& numbers, ChannelBlock& block, PackedDepthwise& packed) {
    const std::int64_t kernel = packed.shape.kernel;
    const std::int64_t groups = (kernel + 3) / 4;
    const std::int64_t stride = packed.shape.stride;
    const int columns = columns_at_once(static_cast<int>(kernel), static_cast<int>(stride));
    block.weights = packed.weights.size();
    block.per_channel = packed.start.size();
    for (std::int64_t output = 0; output < columns; ++output) {
        for (std::int64_t row = 0; row < kernel; ++row) {
            for (std::int64_t group = 0; group < groups; ++group) {
                for (std::int64_t i = 0; i < block.width; ++i) {
                    const std::int64_t c = channel_at(block, i);
                    for (std::int64_t tap = 0; tap < 4; ++tap) {
                        const std::int64_t column = 4 * group + tap - output * stride;
                        // A tile's outputs read the same columns, each with its own shift. Taps that an output does not
                        // have get weight 0, so that one vector of input serves all outputs of the tile.
                        const bool is_real = c < block.count && column >= 0 && column < kernel;
                        const auto at = static_cast<std::size_t>(((block.first + c) * kernel + row) * kernel + column);
                        packed.weights.push_back(is_real ? numbers.weights[at] : std::int8_t{0});
                    }
                }
            }
        }
    }
    for (std::int64_t i = 0; i < block.width; ++i) {
        const std::int64_t c = channel_at(block, i);
        const auto channel = static_cast<std::size_t>(block.first + c);
        packed.start.push_back(c < block.count ? start_of(numbers, kernel, channel) : 0);
        packed.factor.push_back(c < block.count ? numbers.factor[channel] : 0.0F);
        packed.offset.push_back(c < block.count ? numbers.offset[channel] : 0.0F);
    }
}

/// The channel at position `i` of the two vectors of 8 that unpacking 16-bit words leaves of 16 channels.
std::int64_t channel_of_pair(std::int64_t i) {
    const std::int64_t half = i / 8, lane = i % 8 / 4, element = i % 4;
    return 8 * lane + 4 * half + element;
}

void pack_pairs(const DepthwiseNumbers& numbers, ChannelBlock& block, PackedDepthwise& packed) {
    const std::int64_t kernel = packed.shape.kernel;
    const std::int64_t pairs = 2 * ((kernel + 3) / 4);
    const std::int64_t stride = packed.shape.stride;
    const int columns = columns_at_once(static_cast<int>(kernel), static_cast<int>(stride));
    block.weights = packed.pairs.size();
    block.per_channel = packed.start.size();
    for (std::int64_t output = 0; output < columns; ++output) {
        for (std::int64_t row = 0; row < kernel; ++row) {
            for (std::int64_t i = 0; i < pairs * kPairChannels * 2; ++i) {
                const std::int64_t column = i / (2 * kPairChannels) * 2 + i % 2 - output * stride;
                const std::int64_t channel = block.first + channel_of_pair(i / 2 % kPairChannels);
                const auto at = static_cast<std::size_t>((channel * kernel + row) * kernel + column);
                const bool is_real = column >= 0 && column < kernel;
                packed.pairs.push_back(is_real ? numbers.weights[at] : std::int16_t{0});
            }
        }
    }
    for (std::int64_t i = 0; i < kPairChannels; ++i) {
        const auto channel = static_cast<std::size_t>(block.first + channel_of_pair(i));
        packed.start.push_back(start_of(numbers, kernel, channel));
        packed.factor.push_back(numbers.factor[channel]);
        packed.offset.push_back(numbers.offset[channel]);
    }
}

/// All but blocks and weights.
PackedDepthwise unpacked(const DepthwiseShape& shape, const DepthwiseNumbers& numbers) {
    PackedDepthwise packed;
    packed.shape = shape;
    packed.y_zero_point = numbers.y_zero_point;
    packed.y_low = numbers.y_low;
    packed.y_high = numbers.y_high;
    packed.x_is_signed = numbers.x_is_signed;
    packed.y_is_signed = numbers.y_is_signed;
    const auto zero = static_cast<std::uint8_t>(numbers.x_zero_point ^ (numbers.x_is_signed ? 0x80 : 0));
    packed.padding.assign(static_cast<std::size_t>(kWide), zero);
    return packed;
}

}  // namespace

double depthwise_work(const DepthwiseShape& shape) {
    const int columns = columns_at_once(static_cast<int>(shape.kernel), static_cast<int>(shape.stride));
    const int rows = kTilePixels / columns;
    const auto rounded = [](std::int64_t size, std::int64_t step) { return (size + step - 1) / step * step; };
    // Measured once; it only decides whether this kernel is worth its padding, so a rough number is enough.
    constexpr double kNarrowShare = 0.36;  // of the time of a block of 64 channels
    double blocks = 0;
    for (const ChannelBlock& block : split_channels(shape.channels))
        blocks += block.width == kWide ? 1.0 : kNarrowShare;
    const double pixels = static_cast<double>(rounded(shape.out_height, rows) * rounded(shape.out_width, columns)) /
                          static_cast<double>(shape.out_height * shape.out_width);
    return pixels * blocks * kWide / static_cast<double>(shape.channels);
}

PackedDepthwise pack_depthwise(const DepthwiseShape& shape, const DepthwiseNumbers& numbers) {
    PackedDepthwise packed = unpacked(shape, numbers);
    packed.blocks = split_channels(shape.channels);
    for (ChannelBlock& block : packed.blocks) pack_block(numbers, block, packed);
    return packed;
}

PackedDepthwise pack_depthwise_pairs(const DepthwiseShape& shape, const DepthwiseNumbers& numbers) {
    HALFTONE_CHECK(shape.channels >= kPairChannels, "a block of channels is full");
    PackedDepthwise packed = unpacked(shape, numbers);
    for (std::int64_t first = 0; first < shape.channels; first += kPairChannels) {
        // The last block is moved back until it is full. Some channels are computed twice then, to the same values, and
        // no loop needs a mask, which AVX2 does not have for bytes.
        const std::int64_t start = std::min(first, shape.channels - kPairChannels);
        packed.blocks.push_back({.first = start, .count = kPairChannels, .width = kPairChannels});
        pack_pairs(numbers, packed.blocks.back(), packed);
    }
    return packed;
}

}  // namespace halftone::native
