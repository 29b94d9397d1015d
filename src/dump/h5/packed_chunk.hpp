#pragma once
// Unpacks chunks of HDF5 datasets without the library, into room of a known size. Private to the room dump.
//
// Source: HDF5 User's Guide, "Using the Shuffle Filter": it stores the first bytes of all elements, then the second
// bytes, and so on. RFC 1950 for deflate, with zlib's header.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace halftone::h5 {

/// What a chunk went through before it was written.
enum class ChunkFilter : std::uint8_t { shuffle, deflate };
/// Filters in the order in which they were applied.
using Packing = std::vector<ChunkFilter>;

/// Returns the bytes of a chunk.
/// @param stored    the chunk as it lies in the file
/// @param left_out  bit i is set where the chunk did not go through filter i
/// @param bytes     of the unpacked chunk, a multiple of `element_bytes`
/// @param place     for messages
/// @throws DataError when the chunk is damaged or has another size
[[nodiscard]] std::string unpack_chunk(std::string_view stored, const Packing& packing, unsigned left_out,
                                       std::size_t bytes, std::size_t element_bytes, const std::string& place);

}  // namespace halftone::h5
