#pragma once
// What the values of labels say where their type does not: whole numbers and one-hot rows are classes, whatever type
// they are stored in.

#include <cstdint>

#include "data/formats/stored_array.hpp"

namespace halftone {

struct LabelForm {
    std::int64_t largest = -1;  ///< the largest label, if each is one whole number from 0 on; else -1
    bool is_one_hot = false;    ///< whether each row is made of zeros and a single 1
};

/// Looks at the values of an array of labels. Of a very large one it looks at the first rows only.
/// @throws DataError when a row cannot be read
[[nodiscard]] LabelForm look_at_labels(const StoredArray& labels);

}  // namespace halftone
