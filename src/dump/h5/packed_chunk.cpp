#include "dump/h5/packed_chunk.hpp"

#include <zlib.h>

#include "base/error.hpp"

namespace halftone::h5 {
namespace {

/// The size is known, so that a chunk which says more of itself than it should cannot take memory for it.
std::string inflated(std::string_view stored, std::size_t bytes, const std::string& place) {
    std::string out(bytes, '\0');
    auto size = static_cast<uLongf>(bytes);
    const int status = uncompress(reinterpret_cast<Bytef*>(out.data()), &size,
                                  reinterpret_cast<const Bytef*>(stored.data()), static_cast<uLong>(stored.size()));
    if (status != Z_OK || size != bytes) throw DataError(place + ": its packed chunk is damaged");
    return out;
}

std::string unshuffled(const std::string& shuffled, std::size_t element_bytes) {
    const std::size_t elements = shuffled.size() / element_bytes;
    std::string out(shuffled.size(), '\0');
    for (std::size_t byte = 0; byte < element_bytes; ++byte) {
        for (std::size_t i = 0; i < elements; ++i) out[i * element_bytes + byte] = shuffled[byte * elements + i];
    }
    return out;
}

}  // namespace

std::string unpack_chunk(std::string_view stored, const Packing& packing, unsigned left_out, std::size_t bytes,
                         std::size_t element_bytes, const std::string& place) {
    std::string chunk(stored);
    // Backwards: the last filter that packed is the first to be undone.
    for (std::size_t i = packing.size(); i-- > 0;) {
        if ((left_out >> i & 1U) != 0) continue;
        const bool is_deflated = packing[i] == ChunkFilter::deflate;
        if (!is_deflated && chunk.size() != bytes) break;
        chunk = is_deflated ? inflated(chunk, bytes, place) : unshuffled(chunk, element_bytes);
    }
    if (chunk.size() != bytes) {
        throw DataError(place + ": its chunk has " + std::to_string(chunk.size()) + " bytes, not " +
                        std::to_string(bytes));
    }
    return chunk;
}

}  // namespace halftone::h5
