#pragma once
// The sliding window of Conv, MaxPool and AveragePool: attributes checked, automatic padding resolved, output sizes.
// One, two or three spatial dimensions are always stored as three, so that each operator has one loop nest.

#include <array>
#include <cstdint>
#include <span>

#include "kernel/shape/rules.hpp"

namespace halftone::ref {

/// Depth, height, width; unused leading dimensions have size 1, stride 1 and no padding.
using Extent = std::array<std::int64_t, 3>;

struct Window {
    std::size_t rank = 2;  ///< spatial dimensions that the operator really has
    Extent input{1, 1, 1};
    Extent output{1, 1, 1};
    Extent kernel{1, 1, 1};
    Extent strides{1, 1, 1};
    Extent dilations{1, 1, 1};
    Extent pads_begin{0, 0, 0};
    Extent pads_end{0, 0, 0};

    /// The last `rank` sizes, as in a shape.
    [[nodiscard]] std::span<const std::int64_t> output_dims() const { return std::span(output).last(rank); }
};

struct WindowRule {
    bool has_ceil_mode = false;                ///< pools only
    bool padding_is_less_than_kernel = false;  ///< pools: a window must not be all padding
};

/// Reads strides, dilations, pads, auto_pad (and ceil_mode) for a kernel over the spatial dimensions of `input`
/// ([N, C, d1, …]). @throws ModelError. Source: ONNX operators Conv-11, MaxPool-12, AveragePool-19; with ceil_mode a
/// window that would start in the padding at the end is dropped, as AveragePool-19 and MaxPool-22 make explicit.
[[nodiscard]] Window resolve_window(const OpContext& op, const Shape& input, std::span<const std::int64_t> kernel,
                                    WindowRule rule);

/// The attribute kernel_shape of a pool over `rank` spatial dimensions, checked for its length.
[[nodiscard]] std::vector<std::int64_t> pool_kernel(const OpContext& op, std::size_t rank);

/// Returns the window of a pool (MaxPool, AveragePool, LpPool): the kernel is an attribute, ceil_mode is read, and
/// padding must be less than the kernel. @throws ModelError
[[nodiscard]] Window pool_window(const OpContext& op);

/// Returns `input` [N, C, d1, …] with its spatial dimensions replaced by the window's output sizes.
[[nodiscard]] Shape windowed_shape(Shape input, const Window& window);

/// First and last + 1 output positions whose input position (out * stride + offset) lies in [0, size).
struct Reach {
    std::int64_t first;
    std::int64_t last;
};
[[nodiscard]] Reach reach(std::int64_t offset, std::int64_t stride, std::int64_t size, std::int64_t outputs);

/// Returns whether some window reads padding only. Its taps may jump over a small input, if they are far apart.
[[nodiscard]] bool has_empty_window(const Window& w);

/// body(input position of the first tap) for every output position, row-major.
template <class Body>
void for_each_position(const Window& w, Body body) {
    for (std::int64_t d = 0; d < w.output[0]; ++d) {
        for (std::int64_t h = 0; h < w.output[1]; ++h) {
            for (std::int64_t i = 0; i < w.output[2]; ++i) {
                body(Extent{d * w.strides[0] - w.pads_begin[0], h * w.strides[1] - w.pads_begin[1],
                            i * w.strides[2] - w.pads_begin[2]});
            }
        }
    }
}

}  // namespace halftone::ref
