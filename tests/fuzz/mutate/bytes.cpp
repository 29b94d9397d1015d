// Changes of bytes without a form, as libFuzzer makes them: for targets that have no mutator of their own, where there
// is no clang.
#include <algorithm>
#include <array>
#include <cstdint>

#include "fuzz/mutate/mutate.hpp"

namespace halftone::fuzz {
namespace {

/// Integers at which sizes and counts break, as they stand in files.
constexpr std::array<std::uint64_t, 12> kOddFields{0,      1,          0x7f,       0x80,       0xff,      0x7fff,
                                                   0xffff, 0x7fffffff, 0x80000000, 0xffffffff, INT64_MAX, UINT64_MAX};

/// Writes an odd integer of 1, 2, 4 or 8 bytes over what stands at a random position, in either byte order.
void put_odd_field(std::string& bytes, std::size_t at, Rng& rng) {
    std::uint64_t value = kOddFields[rng.below(kOddFields.size())];
    const std::size_t size = std::min(std::size_t{1} << rng.below(4), bytes.size() - at);
    const bool is_big_endian = rng.below(2) == 0;
    for (std::size_t i = 0; i < size; ++i, value >>= 8U) {
        bytes[is_big_endian ? at + size - 1 - i : at + i] = static_cast<char>(value & 0xffU);
    }
}

void change_bytes(std::string& bytes, Rng& rng) {
    if (bytes.empty()) bytes.push_back('\0');
    const std::size_t at = rng.below(bytes.size());
    switch (rng.below(8)) {
        case 0:
            bytes[at] = static_cast<char>(bytes[at] ^ (1 << rng.below(8)));
            return;
        case 1:
            bytes[at] = static_cast<char>(rng.next());
            return;
        case 2:
            bytes.erase(at, 1 + rng.below(8));
            return;
        case 3:
            bytes.insert(at, 1 + rng.below(8), static_cast<char>(rng.next()));
            return;
        case 4:  // a piece of it, once more
            bytes.insert(at, bytes.substr(rng.below(bytes.size()), 1 + rng.below(32)));
            return;
        case 5:  // a file that was cut off
            if (rng.below(4) == 0) bytes.resize(at);
            return;
        case 6:
            (void)mutate_text(bytes, rng);
            return;
        default:
            put_odd_field(bytes, at, rng);
    }
}

}  // namespace

bool mutate_bytes(std::string& bytes, Rng& rng) {
    for (std::uint64_t changes = 1 + rng.below(4); changes > 0; --changes) change_bytes(bytes, rng);
    return true;
}

}  // namespace halftone::fuzz
