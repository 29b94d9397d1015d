#pragma once
// Which HDF5 library runs.

#include <string>

namespace halftone {

/// Returns the version of the HDF5 library, as "1.10.8".
[[nodiscard]] std::string hdf5_version();

}  // namespace halftone
