#pragma once
// What the detectors of .npy, .npz and HDF5 have in common: from named arrays to the data of a config.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/formats/stored_array.hpp"
#include "init/array_match.hpp"
#include "init/found_data.hpp"

namespace halftone {

/// Arrays of one purpose, and how a data set of them begins.
struct ArraySource {
    std::string word;               ///< of the data set: "Numpy", "HDF5"
    std::vector<std::string> head;  ///< its lines above `inputs`, as "file: a.npz"; may be empty
    std::vector<FoundArray> arrays;
    /// Opens one of the arrays by its `source`.
    std::function<std::unique_ptr<StoredArray>(const std::string& source)> open = {};
    /// Why others cannot be read, a reason for each. They are left out; nobody may need them.
    std::vector<std::string> unreadable = {};
};

/// Divides arrays of one source by the split words in their names. Where both kinds are there, the first is for
/// calibration; where not, both are the same. Arrays without such a word belong to both.
[[nodiscard]] std::pair<ArraySource, ArraySource> divide_by_names(const ArraySource& source);

/// Returns the data that the arrays make.
/// @param what  "4 arrays in data"
/// @throws DataError when an input of the model has no array; the message lists arrays and inputs
[[nodiscard]] FoundData found_arrays(const DataQuery& query, const std::string& what, const ArraySource& calibration,
                                     const ArraySource& evaluation);

}  // namespace halftone
