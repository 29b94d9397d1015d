#pragma once
// Arrays whose rows have different lengths.

#include <memory>

#include "data/formats/stored_array.hpp"

namespace halftone {

/// Returns an array whose rows have different lengths: row i holds the rows offsets[i] to offsets[i + 1] - 1 of
/// `values`, which lie in it one behind the other. `offsets` has one number more than there are rows.
/// @throws DataError when the offsets are no rising row numbers of `values`, naming the record
[[nodiscard]] std::unique_ptr<StoredArray> join_ragged(std::unique_ptr<StoredArray> values, const StoredArray& offsets);

}  // namespace halftone
