#pragma once
// Stored arrays side by side: row i of each is sample i. What the data sets of arrays and of tokenised texts share:
// their fields, and padding that is cut off where a mask shows it (masked_length.hpp).

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/formats/stored_array.hpp"
#include "tensor/field.hpp"

namespace halftone {

struct NamedArray {
    std::string name;
    std::unique_ptr<StoredArray> array;
};

/// Returns what a row of each array is, under the name of the array.
[[nodiscard]] std::vector<Field> fields_of(const std::vector<NamedArray>& arrays);

/// Opens the first dimension of each field that has an entry for each of the `length` entries of a mask. A label that
/// happens to have as many entries would be taken for one; most labels are single numbers.
void open_length(std::vector<Field>& fields, std::int64_t length);

/// Leaves out the rows behind `used` of each value whose first dimension open_length() opened.
/// @param values  a row of each array
void cut_rows(std::vector<FieldValue>& values, const std::vector<NamedArray>& arrays, std::int64_t length,
              std::int64_t used);

}  // namespace halftone
