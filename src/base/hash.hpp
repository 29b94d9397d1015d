#pragma once
// Content hashes (XXH3, 64 bit) for identity, and CRC-32C for damage in files. Neither is cryptographic.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>

namespace halftone {

/// Streaming XXH3-64. Equal sequences of add() calls with equal bytes give equal digests on every machine
/// (integers are added little-endian; text is added with its length, so "ab"+"c" differs from "a"+"bc").
class Hasher {
public:
    Hasher();
    ~Hasher();
    Hasher(const Hasher&) = delete;
    Hasher& operator=(const Hasher&) = delete;

    Hasher& add_bytes(std::span<const std::byte> bytes);
    Hasher& add(std::string_view text);
    template <class T>
    requires std::is_arithmetic_v<T> || std::is_enum_v<T> Hasher& add(T value) {
        return add_bytes(std::as_bytes(std::span<const T, 1>(&value, 1)));
    }
    [[nodiscard]] std::uint64_t digest() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

[[nodiscard]] std::uint64_t hash_bytes(std::span<const std::byte> bytes);

/// CRC-32C (Castagnoli), as in RFC 3720 B.4: crc32c("123456789") == 0xe3069283.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes);

namespace detail {
/// The table version, which machines without SSE4.2 use; declared so that a test can compare both on any machine.
[[nodiscard]] std::uint32_t crc32c_portable(std::string_view bytes);
}  // namespace detail

}  // namespace halftone
