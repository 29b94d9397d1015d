// Direct convolution, one output row at a time: for each input channel and each tap, a whole row of sums gets its term.
// The tap is the outer loop and the row the inner one, so the compiler can vectorize without changing the order in
// which one output is summed. That order is the reference's promise: the same on every machine and with any number of
// threads.
#include "kernel/ref/lib/conv_loops.hpp"

#include <type_traits>
#include <vector>

#include "tensor/simd_clones.hpp"

namespace halftone::ref {
namespace {

// The innermost loop runs along the width, so it vectorises (-O3 is set for this file in src/CMakeLists.txt), and each
// output's own sum keeps its order on every ISA.

/// One output row: where its sums go and the group of input channels that it reads.
template <class X, class W, class Sum>
struct Row {
    const Window* window;
    const X* input;   ///< first channel of the group
    const W* weight;  ///< of the output channel
    std::int64_t channels;
    std::int64_t depth;    ///< input position of the first tap
    std::int64_t height;   ///< likewise
    const Reach* columns;  ///< by kernel column: output columns that it reaches
    Sum zero_point;
    Sum* sums;  ///< preset; added to
};

/// sums[i] += (x[i * stride] - zero_point) * weight
template <class X, class Sum>
inline __attribute__((always_inline)) void add_scaled(Sum* sums, const X* x, std::int64_t count, std::int64_t stride,
                                                      Sum weight, Sum zero_point) {
    const auto term = [&](X value) {
        if constexpr (std::is_floating_point_v<X>) {
            return static_cast<Sum>(value) * weight;
        } else {
            return (static_cast<Sum>(value) - zero_point) * weight;
        }
    };
    // The usual stride has a loop of its own, whose loads are next to each other.
    if (stride == 1) {
        for (std::int64_t i = 0; i < count; ++i) sums[i] += term(x[i]);
    } else {
        for (std::int64_t i = 0; i < count; ++i) sums[i] += term(x[i * stride]);
    }
}

template <class X, class W, class Sum>
inline __attribute__((always_inline)) void add_row(const Row<X, W, Sum>& row) {
    const Window& w = *row.window;
    const std::int64_t taps = w.kernel[0] * w.kernel[1] * w.kernel[2];
    const std::int64_t plane = w.input[0] * w.input[1] * w.input[2];
    // Taps that lie in the padding are left out here, before the loops, and for columns by the caller, once for all
    // rows.
    const Reach depths = reach(row.depth, w.dilations[0], w.input[0], w.kernel[0]);
    const Reach heights = reach(row.height, w.dilations[1], w.input[1], w.kernel[1]);
    for (std::int64_t c = 0; c < row.channels; ++c) {
        for (std::int64_t kd = depths.first; kd < depths.last; ++kd) {
            for (std::int64_t kh = heights.first; kh < heights.last; ++kh) {
                const std::int64_t line =
                    (row.depth + kd * w.dilations[0]) * w.input[1] + row.height + kh * w.dilations[1];
                const X* x = row.input + c * plane + line * w.input[2];
                const W* weight = row.weight + c * taps + (kd * w.kernel[1] + kh) * w.kernel[2];
                for (std::int64_t kw = 0; kw < w.kernel[2]; ++kw) {
                    const Reach columns = row.columns[kw];
                    const std::int64_t first = columns.first * w.strides[2] + kw * w.dilations[2] - w.pads_begin[2];
                    if (columns.last <= columns.first) continue;
                    add_scaled(row.sums + columns.first, x + first, columns.last - columns.first, w.strides[2],
                               static_cast<Sum>(weight[kw]), row.zero_point);
                }
            }
        }
    }
}

// One function per type, because clones cannot be templates. Sums of int32 cannot overflow below kSafeTerms terms;
// longer ones, which no known network has, take int64.
HALFTONE_SIMD_CLONES void add_row_f32(const Row<float, float, double>& row) { add_row(row); }
HALFTONE_SIMD_CLONES void add_row_u8(const Row<std::uint8_t, std::int8_t, std::int32_t>& row) { add_row(row); }
HALFTONE_SIMD_CLONES void add_row_s8(const Row<std::int8_t, std::int8_t, std::int32_t>& row) { add_row(row); }
void add_row_u8_long(const Row<std::uint8_t, std::int8_t, std::int64_t>& row) { add_row(row); }
void add_row_s8_long(const Row<std::int8_t, std::int8_t, std::int64_t>& row) { add_row(row); }

// The largest term of (code - zero point) * weight is 255 * 128.
constexpr std::int64_t kSafeTerms = (std::int64_t{1} << 31) / (255 * 128) - 1;

/// preset(channel) -> Sum, store(channel, Sum) -> float.
template <class X, class W, class Sum, class Preset, class Store>
void convolve(const ConvPlan& plan, const X* x, const W* weights, Sum zero_point, float* y,
              void (*add)(const Row<X, W, Sum>&), Preset preset, Store store) {
    const Window& w = plan.window;
    const std::int64_t plane = w.input[0] * w.input[1] * w.input[2];
    const std::int64_t channels = plan.in_channels / plan.groups;
    const std::int64_t group_outputs = plan.out_channels / plan.groups;
    const std::int64_t filter = channels * w.kernel[0] * w.kernel[1] * w.kernel[2];
    std::vector<Reach> columns;
    for (std::int64_t kw = 0; kw < w.kernel[2]; ++kw) {
        columns.push_back(reach(kw * w.dilations[2] - w.pads_begin[2], w.strides[2], w.input[2], w.output[2]));
    }
    std::vector<Sum> sums(static_cast<std::size_t>(w.output[2]));
    for (std::int64_t n = 0; n < plan.batch; ++n) {
        for (std::int64_t c = 0; c < plan.out_channels; ++c) {
            // With groups, output channel c reads only the input channels of its group.
            const X* group = x + (n * plan.in_channels + c / group_outputs * channels) * plane;
            for (std::int64_t line = 0; line < w.output[0] * w.output[1]; ++line) {
                sums.assign(sums.size(), preset(c));
                add({&w, group, weights + c * filter, channels, line / w.output[1] * w.strides[0] - w.pads_begin[0],
                     line % w.output[1] * w.strides[1] - w.pads_begin[1], columns.data(), zero_point, sums.data()});
                // A row is complete here: every sum has had all its terms, and is rounded once.
                for (const Sum sum : sums) *y++ = store(c, sum);
            }
        }
    }
}

}  // namespace

void conv_f32(const ConvPlan& plan, const float* x, const float* w, const float* bias, float* y) {
    convolve<float, float, double>(
        plan, x, w, 0.0, y, add_row_f32,
        [&](std::int64_t c) { return bias == nullptr ? 0.0 : static_cast<double>(bias[c]); },
        [](std::int64_t, double sum) { return static_cast<float>(sum); });
}

void conv_codes(const ConvPlan& plan, TensorView x, std::int32_t zero_point, const std::int8_t* w,
                std::span<const std::int32_t> bias, std::span<const float> scale, float* y) {
    const auto& kernel = plan.window.kernel;
    // int32 is twice as fast as int64 and exact for all networks that we know; the rest is exact by int64.
    const bool is_long = plan.in_channels / plan.groups * kernel[0] * kernel[1] * kernel[2] > kSafeTerms;
    const auto store = [&](std::int64_t c, std::int64_t sum) {
        const auto channel = static_cast<std::size_t>(c);
        return requantized(sum, bias.empty() ? 0 : bias[channel], scale[scale.size() == 1 ? 0 : channel]);
    };
    const auto run = [&]<class X, class Sum>(const X* codes, Sum zero, void (*add)(const Row<X, std::int8_t, Sum>&)) {
        convolve<X, std::int8_t, Sum>(
            plan, codes, w, zero, y, add, [](std::int64_t) { return Sum{0}; }, store);
    };
    if (x.type.dtype == DType::u8) {
        const std::uint8_t* codes = x.as<std::uint8_t>().data();
        if (is_long) return run(codes, std::int64_t{zero_point}, add_row_u8_long);
        return run(codes, zero_point, add_row_u8);
    }
    const std::int8_t* codes = x.as<std::int8_t>().data();
    if (is_long) return run(codes, std::int64_t{zero_point}, add_row_s8_long);
    return run(codes, zero_point, add_row_s8);
}

}  // namespace halftone::ref
