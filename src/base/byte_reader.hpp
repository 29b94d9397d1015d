#pragma once
// Bounds-checked reading of bytes that this code did not make: files, messages, payloads. Every binary parser uses this
// reader; none computes an offset by itself. (base/wire.hpp writes the bytes of messages between ranks.)
//
// A reader that meets damage does not throw. It remembers the first fault, and everything that is read afterwards is
// zero or empty. So a parser may read several fields and then check once with require() or require_end(). It must check
// before a value decides about memory or a loop; counts from get_count are always safe.

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace halftone {

/// The order of the bytes of a number: `little` has the lowest byte first.
enum class ByteOrder { little, big };

class ByteReader {
public:
    /// Reads from the beginning of `bytes`. `source` begins the messages about damage: a path, or "range table". Bytes
    /// and source must outlive the reader and every view that it gives, so neither may be a temporary string.
    explicit ByteReader(std::string_view bytes, std::string_view source = "message",
                        ByteOrder order = ByteOrder::little)
        : source_(source), rest_(bytes), order_(order) {}
    template <class Bytes, class Source>
    requires std::is_same_v<Bytes, std::string> || std::is_same_v<Source, std::string>  // temporaries only
    ByteReader(Bytes&& bytes, Source&& source, ByteOrder order = {})
    = delete;
    template <class Bytes>
    requires std::is_same_v<Bytes, std::string>
    // NOLINTNEXTLINE(bugprone-forwarding-reference-overload): Bytes is std::string, so it hides no copy or move
    explicit ByteReader(Bytes&& bytes) = delete;

    /// Reads one number, bool or enum. A bool is one byte, 0 or 1. An enum may have a value without a name: that is the
    /// caller's to check. `what` stands in the message when the number is not there: "expected a version".
    template <class T>
    requires std::is_arithmetic_v<T> || std::is_enum_v<T>
    [[nodiscard]] T get(std::string_view what = "a number") {
        if constexpr (std::is_same_v<T, bool>) {  // a bool made of another byte would be undefined behaviour
            const auto byte = get<std::uint8_t>(what);
            expect(byte <= 1, "a byte that is 0 or 1");
            return byte == 1;
        } else {
            static_assert(std::endian::native == std::endian::little);
            T value{};
            if (!has(sizeof(T), what)) return value;
            std::array<char, sizeof(T)> raw;
            std::memcpy(raw.data(), rest_.data(), sizeof(T));
            if (order_ == ByteOrder::big) std::reverse(raw.begin(), raw.end());
            std::memcpy(&value, raw.data(), sizeof(T));
            drop(sizeof(T));
            return value;
        }
    }
    /// Reads a number of 7 bits in each byte, low bits first. A number above `highest`, or one spelled longer than
    /// WireWriter::put_varint spells it, is damage.
    [[nodiscard]] std::uint64_t get_varint(std::uint64_t highest = UINT64_MAX, std::string_view what = "a number") {
        const std::uint64_t begin = offset_;
        std::uint64_t value = 0;
        for (int shift = 0; shift < 70; shift += 7) {
            const std::uint64_t byte = get<std::uint8_t>(what);
            if (shift == 63 && byte > 1) break;  // the tenth byte holds bit 63 only
            value |= (byte & 0x7f) << shift;
            if (byte >= 0x80) continue;
            if (!ok() || (byte == 0 && shift > 0) || value > highest) break;
            return value;
        }
        fail_number(begin, highest, what);
        return 0;
    }
    /// Reads how many elements follow, a varint. More elements than the remaining bytes can hold, at `least_bytes` (at
    /// least 1) for each element, are damage: so a count may be given to resize() at once.
    [[nodiscard]] std::size_t get_count(std::size_t least_bytes, std::string_view what = "a count") {
        const std::uint64_t begin = offset_;
        const std::uint64_t count = get_varint(UINT64_MAX, what);
        if (count <= left() / least_bytes) return static_cast<std::size_t>(count);
        fail_count(begin, count, least_bytes, what);
        return 0;
    }
    /// Returns the next `count` bytes, in place.
    [[nodiscard]] std::string_view get_bytes(std::uint64_t count, std::string_view what = "bytes") {
        if (!has(count, what)) return {};
        const std::string_view bytes = rest_.substr(0, static_cast<std::size_t>(count));
        drop(bytes.size());
        return bytes;
    }
    /// Returns a text in place, whose length stands before it as a varint.
    [[nodiscard]] std::string_view get_view(std::string_view what = "a text") {
        return get_bytes(get_varint(UINT64_MAX, what), what);
    }
    /// Returns a copy of such a text.
    [[nodiscard]] std::string get_text(std::string_view what = "a text") { return std::string(get_view(what)); }
    /// Fills `out` with as many numbers (bytes, integers, floats; no bool). Zeros, if not all of them are there.
    template <class T>
    requires(!std::is_same_v<T, bool>) void get_into(std::span<T> out, std::string_view what = "numbers") {
        const std::string_view raw = get_bytes(out.size_bytes(), what);
        if (raw.size() != out.size_bytes()) {
            std::fill(out.begin(), out.end(), T{});
            return;
        }
        if (raw.empty()) return;  // memcpy must not be given the null of an empty span
        std::memcpy(out.data(), raw.data(), raw.size());
        if (sizeof(T) == 1 || order_ == ByteOrder::little) return;
        for (T& value : out) {
            auto* bytes = reinterpret_cast<char*>(&value);
            std::reverse(bytes, bytes + sizeof(T));
        }
    }
    /// Reads numbers, whose count stands before them as a varint.
    template <class T>
    [[nodiscard]] std::vector<T> get_all(std::string_view what = "numbers") {
        std::vector<T> values(get_count(sizeof(T), what));
        for (T& value : values) value = get<T>(what);
        return values;
    }
    /// Returns a reader for the next `count` bytes, and skips them in this reader. The new reader has the source, byte
    /// order and fault of this one, and counts offsets from the same beginning. Its later faults are its own.
    [[nodiscard]] ByteReader get_reader(std::uint64_t count, std::string_view what = "a section");

    /// Reports the value that was read last as damage, unless `holds`. `expected` ends the message "expected …".
    void expect(bool holds, std::string_view expected) {
        if (!holds) fail(offset_, expected, "");
    }

    /// Returns whether nothing was missing or out of bounds so far.
    [[nodiscard]] bool ok() const { return fault_.empty(); }
    /// Returns whether all bytes were read; true after a fault.
    [[nodiscard]] bool at_end() const { return rest_.empty(); }
    /// Returns how many bytes were not read yet; 0 after a fault.
    [[nodiscard]] std::size_t left() const { return rest_.size(); }
    /// Returns how many bytes stand before the next one, or before the first fault.
    [[nodiscard]] std::uint64_t offset() const { return offset_; }
    /// Returns the first fault, such as "x.npy: byte 8: expected a header of 118 bytes, 3 bytes are left". Empty if
    /// there was none.
    [[nodiscard]] const std::string& fault() const { return fault_; }

    /// @throws E (one of base/error.hpp) with the first fault, if there was one
    template <class E>
    void require() const {
        if (!ok()) throw E(fault_);
    }
    /// @throws E with the first fault; bytes that nobody read are a fault, too
    template <class E>
    void require_end() {
        if (!at_end()) fail_end();
        require<E>();
    }

private:
    [[nodiscard]] bool has(std::uint64_t count, std::string_view what) {
        if (count <= rest_.size()) return true;
        fail_missing(count, what);
        return false;
    }
    void drop(std::size_t count) {
        rest_.remove_prefix(count);
        offset_ += count;
    }
    // What makes messages stands in the .cpp, so that the functions above stay small where they are inlined.
    void fail(std::uint64_t offset, std::string_view expected, std::string_view found);
    void fail_missing(std::uint64_t count, std::string_view what);
    void fail_number(std::uint64_t begin, std::uint64_t highest, std::string_view what);
    void fail_count(std::uint64_t begin, std::uint64_t count, std::size_t least_bytes, std::string_view what);
    void fail_end();

    std::string_view source_;
    std::string_view rest_;
    std::uint64_t offset_ = 0;
    ByteOrder order_;
    std::string fault_;  ///< empty: none
};

}  // namespace halftone
