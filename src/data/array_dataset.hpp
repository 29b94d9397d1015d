#pragma once
// A data set of stored arrays whose rows are samples: what Numpy and HDF5 have in common.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/reader.hpp"
#include "data/dataset.hpp"
#include "data/formats/stored_array.hpp"

namespace halftone {

/// Opens the array that a value of `inputs` or `targets` names.
using OpenArray = std::function<std::unique_ptr<StoredArray>(const ConfigNode& value)>;

/// Reads the keys `inputs` and `targets` of a section, each a map from the name of a field to its array, and returns
/// the data set of their rows. Rows of different lengths are given as {values: ARRAY, offsets: ARRAY}. With the key
/// `mask`, the name of an input, zeros at the end of that input are padding: as many entries are cut off from the end
/// of every field that is as long. Targets may be missing: such samples can calibrate, but not score.
/// @throws ConfigError when there are no inputs, or a value is no text
/// @throws DataError   as `open` does, and when the arrays have different numbers of rows or none
[[nodiscard]] std::unique_ptr<Dataset> make_array_dataset(Reader& reader, const OpenArray& open);

}  // namespace halftone
