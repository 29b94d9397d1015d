#pragma once
// DType and our element variants as HDF5 types. Private to the room dump.

#include <optional>
#include <string>
#include <vector>

#include "dump/h5/handle.hpp"
#include "dump/h5_values.hpp"
#include "tensor/dtype.hpp"

namespace halftone::h5 {

/// The library's own id; never closed. @throws InternalError for types that we do not store
[[nodiscard]] hid_t native_type(DType dtype);
/// The type of numbers in a file; nothing for texts, enums and what we do not store.
[[nodiscard]] std::optional<DType> dtype_of(hid_t type);
/// Zero-padded UTF-8 of a fixed length.
[[nodiscard]] Type text_type(std::size_t length);
[[nodiscard]] Type code_type(const std::vector<std::string>& names);
[[nodiscard]] Space space_of(const std::vector<std::int64_t>& shape, const std::string& what);
/// Rows [first, first + count) of a dataset's space.
void select_rows(const Space& space, std::int64_t first, std::int64_t count, const std::string& what);

}  // namespace halftone::h5
