#pragma once
// Checks of a dataset before it is read, because a file may come from a stranger. Private to the room dump.

#include <cstdint>
#include <optional>
#include <string>

#include "dump/h5/handle.hpp"

namespace halftone::h5 {

/// Returns why a dataset is not to be read, as the end of a message; empty if it may be read:
/// - its elements are all in its own file (no external and no virtual dataset),
/// - its filters are those of HDF5 itself that we write: deflate, shuffle, fletcher32. For others the library would
///   look for a plug-in, which is code that the file has asked for.
/// - the bytes that its shape and its chunks declare are really stored; a compressed dataset may declare 1032 times as
///   many bytes as it stores, which is the best that deflate can do.
/// @param file_bytes  size of the file that the dataset is in
[[nodiscard]] std::string why_not_read(const Set& set, std::uint64_t file_bytes);

/// Returns how many elements the space has: 0 for an empty one, nothing for a shape that is damaged or has more than
/// 2^40.
[[nodiscard]] std::optional<std::uint64_t> element_count(const Space& space);

}  // namespace halftone::h5
