// A collection is a header and objects one behind the other. Source: HDF5 File Format Specification version 3.0,
// III.E "Disk Format: Level 1E - Global Heap".
#include "dump/h5/global_heap.hpp"

#include <string>

#include "base/byte_reader.hpp"
#include "base/error.hpp"

namespace halftone::h5 {
namespace {

constexpr std::string_view kSignature = "GCOL";

std::uint64_t read_header(ByteReader& reader) {
    reader.expect(reader.get_bytes(kSignature.size(), "a signature") == kSignature, "a global heap collection");
    reader.expect(reader.get<std::uint8_t>("a version") == 1, "version 1 of a global heap collection");
    (void)reader.get_bytes(3, "reserved bytes");
    return reader.get<std::uint64_t>("a size");
}

}  // namespace

std::uint64_t heap_bytes(std::string_view header, std::string_view source) {
    ByteReader reader(header, source);
    const std::uint64_t bytes = read_header(reader);
    reader.require_end<DataError>();
    return bytes;
}

std::string_view heap_object(std::string_view collection, std::uint32_t index, std::string_view source) {
    ByteReader reader(collection, source);
    (void)read_header(reader);
    // Each object takes 16 bytes at least, so the loop ends. Object 0 is the free space, behind which nothing comes.
    while (reader.ok() && !reader.at_end()) {
        const auto number = reader.get<std::uint16_t>("the number of an object");
        (void)reader.get_bytes(2 + 4, "a count of references");
        const auto bytes = reader.get<std::uint64_t>("the size of an object");
        if (number == 0) break;
        const std::string_view object = reader.get_bytes(bytes, "an object");
        if (number == index) {
            reader.require<DataError>();
            return object;
        }
        const std::uint64_t padding = (8 - bytes % 8) % 8;
        (void)reader.get_bytes(padding, "padding");
    }
    reader.require<DataError>();
    throw DataError(std::string(source) + ": its global heap has no object " + std::to_string(index));
}

}  // namespace halftone::h5
