#pragma once
// Parts of a tensor along an axis, side by side in memory: what Concat joins and Split cuts.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernel/ops/layout.hpp"
#include "kernel/shape/fast_op.hpp"

namespace halftone::native {

/// How the parts lie in the whole tensor: `blocks` times a run of bytes of each part, one run behind the other. The
/// part itself is its runs without anything between them.
struct AxisParts {
    std::int64_t blocks = 1;
    std::vector<std::size_t> runs;  ///< bytes, of each part
    std::size_t block_bytes = 0;    ///< of all runs together
};

/// @param layout  of the whole tensor, dense; the parts have the same order of dimensions
/// @param lengths  of the parts along the axis; they add up to the whole's
[[nodiscard]] AxisParts axis_parts(const Layout& layout, std::size_t axis, const std::vector<std::int64_t>& lengths);
void cut_parts(const AxisParts& parts, const std::byte* whole, std::span<std::byte* const> pieces);
void join_parts(const AxisParts& parts, std::span<const std::byte* const> pieces, std::byte* whole);

/// Returns no and why, if elements of these ports cannot be copied as bytes: something is fused, the parameters of
/// codes differ, a tensor is empty, or elements have no width in whole bytes.
[[nodiscard]] Support parts_are_bytes(const KernelRequest& request);
/// The layout in which a tensor of a type that oneDNN computes with (fp32 and codes) is kept: channels-last or plain.
[[nodiscard]] Layout part_layout(const TensorType& type, bool is_channels_last);
/// True for the element types that may lie channels-last.
[[nodiscard]] bool may_be_channels_last(DType dtype);

}  // namespace halftone::native
