#pragma once
// Which elements of a padded batch's value belong to samples. Rows that hold no sample are padding, wherever the
// value's batch dimension is, and so are the sizes by which a sample was enlarged (`collate`).

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

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
[[nodiscard]] UsedRows used_rows(const Shape& declared, const Shape& actual, std::int64_t rows, std::int64_t batch);

/// Elements that lie side by side and belong to samples: to one, or to the first `rows` of the batch in equal parts.
struct UsedRun {
    std::size_t begin = 0;
    std::size_t count = 0;
    std::int64_t row = 0;   ///< the first row that has a part of it
    std::int64_t rows = 1;  ///< how many rows have
};

/// Shapes of values for one sample alone, without padding.
using ShapesOfValues = std::shared_ptr<const std::vector<Shape>>;

/// What of a batch belongs to samples.
struct UsedParts {
    std::int64_t rows = 1;   ///< that hold samples
    std::int64_t batch = 1;  ///< rows of the batch
    /// By row that holds a sample. Null or an empty list: nothing in the row is padding, or nobody can tell. Empty:
    /// nothing in any row is.
    std::vector<ShapesOfValues> unpadded{};

    /// Returns the elements of a value that belong to samples.
    /// @param value  its position in the lists of `unpadded`
    [[nodiscard]] std::vector<UsedRun> runs(const Shape& declared, const Shape& actual, std::size_t value) const;
};

/// Returns the elements of the corner of a tensor: of each dimension the first so many.
/// @pre corner has the rank of `whole`; where it is larger, all of `whole` counts
[[nodiscard]] std::vector<UsedRun> corner_runs(const Shape& whole, const Shape& corner);

}  // namespace halftone
