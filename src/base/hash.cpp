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

Hasher& Hasher::add(std::string_view text) {
    add(static_cast<std::uint64_t>(text.size()));
    return add_bytes(std::as_bytes(std::span(text.data(), text.size())));
}

std::uint64_t Hasher::digest() const { return XXH3_64bits_digest(&state_->xxh); }

std::uint64_t hash_bytes(std::span<const std::byte> bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

namespace {

constexpr std::uint32_t kCastagnoliReflected = 0x82f63b78U;

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
    static const bool has_sse42 = __builtin_cpu_supports("sse4.2") != 0;
    if (has_sse42) return ~update_with_sse42(~0U, bytes);
#endif
    return detail::crc32c_portable(bytes);
}

}  // namespace halftone
