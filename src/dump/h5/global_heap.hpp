#pragma once
// The global heap of an HDF5 file: where rows of variable length lie. Private to the room dump.

#include <cstdint>
#include <string_view>

namespace halftone::h5 {

/// What a collection begins with: its signature, a version, its size.
constexpr std::uint64_t kHeapHeaderBytes = 16;

/// Returns how many bytes a collection has, header included.
/// @param header  the first kHeapHeaderBytes of it @param source  where it lies, for messages
/// @throws DataError when this is no collection
[[nodiscard]] std::uint64_t heap_bytes(std::string_view header, std::string_view source);

/// Returns the bytes of one object of a collection.
/// @param collection  from its header on  @param index  number of the object, from 1
/// @param source  where the collection lies, for messages
/// @throws DataError when the collection is damaged or has no such object
[[nodiscard]] std::string_view heap_object(std::string_view collection, std::uint32_t index, std::string_view source);

}  // namespace halftone::h5
