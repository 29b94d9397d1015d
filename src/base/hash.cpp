#include "base/hash.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

#include <array>
#include <bit>
#include <cstring>

namespace halftone {

static_assert(std::endian::native == std::endian::little, "Hasher adds integers as they lie in memory");

// XXH3 is kept out of the header: its inline form has thousands of lines, and only this file needs it.
struct Hasher::State {
    XXH3_state_t xxh;  // demands 64-byte alignment, which new of an over-aligned type respects
};

Hasher::Hasher() : state_(std::make_unique<State>()) {
    XXH3_INITSTATE(&state_->xxh);
    XXH3_64bits_reset(&state_->xxh);
}
Hasher::~Hasher() = default;

Hasher& Hasher::add_bytes(std::span<const std::byte> bytes) {
    if (!bytes.empty()) XXH3_64bits_update(&state_->xxh, bytes.data(), bytes.size());
    return *this;
}

// The length goes first. Without it "ab" + "c" and "a" + "bc" would have one hash.
Hasher& Hasher::add(std::string_view text) {
    add(static_cast<std::uint64_t>(text.size()));
    return add_bytes(std::as_bytes(std::span(text.data(), text.size())));
}

std::uint64_t Hasher::digest() const { return XXH3_64bits_digest(&state_->xxh); }

std::uint64_t hash_bytes(std::span<const std::byte> bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

namespace {

// The polynomial of CRC-32C, 0x1edc6f41, with its bits reversed: the algorithm reads each byte from its lowest bit.
// Source: RFC 3720, appendix B.4. CRC-32C and not CRC-32, because x86 has an instruction for it.
constexpr std::uint32_t kCastagnoliReflected = 0x82f63b78U;

/// The remainder that each byte leaves: eight steps of the division at once.
constexpr std::array<std::uint32_t, 256> make_crc_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1U) != 0 ? kCastagnoliReflected : 0U);
        table[byte] = crc;
    }
    return table;
}
constexpr auto kCrcTable = make_crc_table();

std::uint32_t update_with_table(std::uint32_t crc, std::string_view bytes) {
    for (const char c : bytes) crc = (crc >> 8) ^ kCrcTable[(crc ^ static_cast<unsigned char>(c)) & 0xffU];
    return crc;
}

#if defined(__x86_64__)
/// The same with the instruction, eight bytes at a time. The function is compiled for SSE4.2 whatever the program is
/// compiled for, so it may be called only where the processor has it.
__attribute__((target("sse4.2"))) std::uint32_t update_with_sse42(std::uint32_t crc, std::string_view bytes) {
    std::uint64_t wide = crc;
    for (; bytes.size() >= sizeof(std::uint64_t); bytes.remove_prefix(sizeof(std::uint64_t))) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data(), sizeof word);
        wide = _mm_crc32_u64(wide, word);
    }
    auto narrow = static_cast<std::uint32_t>(wide);
    for (const char c : bytes) narrow = _mm_crc32_u8(narrow, static_cast<unsigned char>(c));
    return narrow;
}
#endif

}  // namespace

namespace detail {
std::uint32_t crc32c_portable(std::string_view bytes) { return ~update_with_table(~0U, bytes); }
}  // namespace detail

std::uint32_t crc32c(std::string_view bytes) {
#if defined(__x86_64__)
    // Asked once. A static of a function is made by one thread only, also when several come first.
    static const bool has_sse42 = __builtin_cpu_supports("sse4.2") != 0;
    if (has_sse42) return ~update_with_sse42(~0U, bytes);
#endif
    return detail::crc32c_portable(bytes);
}

}  // namespace halftone
