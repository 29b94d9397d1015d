#pragma once
// Bounds-checked encoding of plain values into bytes, for messages between ranks and compact payloads: little-endian
// numbers, varints (7 bits a byte, low bits first), texts and lists with their length as a varint before them.
// Damage gives zeros and ok() == false, never undefined behaviour. What the values mean is the caller's to check.

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
    /// One byte for values below 128, at most ten.
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

class WireReader {
public:
    /// The bytes must outlive the reader; a temporary string cannot.
    explicit WireReader(std::string_view bytes) : rest_(bytes) {}
    explicit WireReader(std::string&& bytes) = delete;

    template <class T>
    requires std::is_arithmetic_v<T> || std::is_enum_v<T>
    [[nodiscard]] T get() {
        if constexpr (std::is_same_v<T, bool>) {  // a bool of another byte than 0 and 1 would be undefined behaviour
            const auto byte = get<std::uint8_t>();
            if (byte > 1) fail();
            return byte == 1;
        } else {
            T value{};
            if (rest_.size() < sizeof(T)) {
                fail();
                return value;
            }
            std::memcpy(&value, rest_.data(), sizeof(T));
            rest_.remove_prefix(sizeof(T));
            return value;
        }
    }
    /// A number above `highest`, or spelled longer than put_varint does, is damage.
    [[nodiscard]] std::uint64_t get_varint(std::uint64_t highest = UINT64_MAX) {
        std::uint64_t value = 0;
        for (int shift = 0; shift < 70; shift += 7) {
            const std::uint64_t byte = get<std::uint8_t>();
            if (shift == 63 && byte > 1) break;  // the tenth byte holds bit 63 only
            value |= (byte & 0x7f) << shift;
            if (byte >= 0x80) continue;
            if (!is_ok_ || (byte == 0 && shift > 0) || value > highest) break;
            return value;
        }
        fail();
        return 0;
    }
    /// Valid as long as the bytes given to the reader.
    [[nodiscard]] std::string_view get_view() {
        const std::uint64_t size = get_varint();
        if (rest_.size() < size) {
            fail();
            return {};
        }
        const std::string_view text = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return text;
    }
    [[nodiscard]] std::string get_text() { return std::string(get_view()); }
    template <class T>
    [[nodiscard]] std::vector<T> get_all() {
        const std::uint64_t count = get_varint();
        std::vector<T> values;
        if (count > rest_.size() / sizeof(T)) {
            fail();
            return values;
        }
        values.reserve(count);
        for (std::uint64_t i = 0; i < count; ++i) values.push_back(get<T>());
        return values;
    }
    /// False once anything was missing or out of bounds; everything read from then on is zero or empty.
    [[nodiscard]] bool ok() const { return is_ok_; }
    [[nodiscard]] bool at_end() const { return rest_.empty(); }

private:
    void fail() {
        is_ok_ = false;
        rest_ = {};
    }
    std::string_view rest_;
    bool is_ok_ = true;
};

}  // namespace halftone
