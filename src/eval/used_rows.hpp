#pragma once
// Which elements of a padded batch's value belong to samples, wherever its batch dimension is.

#include <algorithm>
#include <cstdint>

#include "tensor/shape.hpp"

namespace halftone {

/// Of every `block` elements the first `used` belong to samples.
struct UsedRows {
    std::size_t block = 1;
    std::size_t used = 1;
};

/// @param declared  the value's shape in the model: its symbolic dimension is the batch; without one, the first is
/// @param actual  its shape in the session
/// @param rows  samples in the batch
[[nodiscard]] inline UsedRows used_rows(const Shape& declared, const Shape& actual, std::int64_t rows) {
    const auto& dims = declared.dims();
    if (dims.empty()) return {};
    const auto found = std::find(dims.begin(), dims.end(), kSymbolic);
    const auto axis = static_cast<std::size_t>(found == dims.end() ? 0 : found - dims.begin());
    std::size_t inner = 1;
    for (std::size_t d = axis + 1; d < dims.size(); ++d) inner *= static_cast<std::size_t>(actual[d]);
    const std::size_t block = inner * static_cast<std::size_t>(actual[axis]);
    return {block, std::min(block, inner * static_cast<std::size_t>(rows))};
}

}  // namespace halftone
