#pragma once
// Encoding of plain values into bytes, for messages between ranks and compact payloads: little-endian numbers, varints
// (7 bits in each byte, low bits first), texts and lists with their length as a varint before them. ByteReader
// (base/byte_reader.hpp) reads them back.

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace halftone {

class WireWriter {
public:
    template <class T>
    requires std::is_arithmetic_v<T> || std::is_enum_v<T>
    void put(T value) {
        static_assert(std::endian::native == std::endian::little);
        char raw[sizeof(T)];
        std::memcpy(raw, &value, sizeof(T));
        bytes_.append(raw, sizeof(T));
    }
    /// Takes one byte for values below 128, and at most ten bytes.
    void put_varint(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7) put(static_cast<std::uint8_t>(value | 0x80));
        put(static_cast<std::uint8_t>(value));
    }
    void put_text(std::string_view text) {
        put_varint(text.size());
        bytes_.append(text);
    }
    template <class T>
    void put_all(const std::vector<T>& values) {
        put_varint(values.size());
        for (const T value : values) put(value);
    }
    [[nodiscard]] std::string take() { return std::move(bytes_); }

private:
    std::string bytes_;
};

}  // namespace halftone
