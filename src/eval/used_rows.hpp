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

/// @param declared  the value's shape in the model: its symbolic dimension is the batch
/// @param actual  its shape in the session
/// @param rows  samples in the batch
/// @param batch  rows of the batch
[[nodiscard]] inline UsedRows used_rows(const Shape& declared, const Shape& actual, std::int64_t rows,
                                        std::int64_t batch) {
    const auto all = static_cast<std::size_t>(actual.elements());
    if (actual.rank() == 0) return {all, all};
    const auto& dims = declared.dims();
    auto found = std::find(dims.begin(), dims.end(), kSymbolic);
    // A model that fixes its batch has no symbolic dimension: then the first one of that size is taken.
    if (found == dims.end()) found = std::find(dims.begin(), dims.end(), batch);
    const auto axis = static_cast<std::size_t>(found == dims.end() ? 0 : found - dims.begin());
    std::size_t inner = 1;
    for (std::size_t d = axis + 1; d < dims.size(); ++d) inner *= static_cast<std::size_t>(actual[d]);
    // Batch and another dimension may be joined: [batch * tokens, width] has so many rows for each sample.
    // A value whose size is no multiple is not made of samples, and all of it counts.
    if (actual[axis] % batch != 0) return {all, all};
    inner *= static_cast<std::size_t>(actual[axis] / batch);
    return {inner * static_cast<std::size_t>(batch), inner * static_cast<std::size_t>(rows)};
}

}  // namespace halftone
