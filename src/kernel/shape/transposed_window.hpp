#pragma once
// The geometry of ConvTranspose: attributes checked, automatic padding and wanted sizes resolved.

#include "kernel/shape/window.hpp"

namespace halftone::ref {

/// An input pixel at i paints the taps k at output i * stride + k * dilation - pad; what falls outside is dropped.
/// Always in three spatial dimensions, of which the last `rank` are the operator's own.
struct TransposedWindow {
    std::size_t rank = 2;
    Extent input{1, 1, 1};
    Extent output{1, 1, 1};
    Extent kernel{1, 1, 1};
    Extent strides{1, 1, 1};
    Extent dilations{1, 1, 1};
    Extent pads{0, 0, 0};  ///< at the beginning
    std::int64_t groups = 1;
    std::int64_t group_outputs = 1;
};

/// Reads strides, dilations, pads, auto_pad, output_padding, output_shape and group of a ConvTranspose whose inputs 0
/// and 1 have the ranks that it needs. @throws ModelError. Source: ONNX operator ConvTranspose, opset 11.
[[nodiscard]] TransposedWindow transposed_window(const OpContext& op);

}  // namespace halftone::ref
