#include "base/hash.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/rng.hpp"

namespace halftone {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

/// n bytes, the i-th being (7 i + 3) mod 256.
std::string pattern(std::size_t n) {
    std::string text(n, '\0');
    for (std::size_t i = 0; i < n; ++i) text[i] = static_cast<char>(static_cast<unsigned char>(i * 7 + 3));
    return text;
}

// PROVENANCE: `xxhsum -H3` 0.8.1 (Debian's xxhash) over a file with these bytes, one size for each of XXH3's five
// length classes; the empty one is also the first vector of the algorithm's published sanity checks.
const std::vector<std::pair<std::size_t, std::uint64_t>> kXxh3OfPattern{
    {0, 0x2d06800538d394c2},   {1, 0x13e608bc156defed},   {16, 0xb8c859b0f030b585},   {17, 0x714a04408e79b80f},
    {128, 0x67425a03650261bf}, {200, 0x746cd0025327bf5b}, {1000, 0x6c4f14bd97bd9e82}, {5000, 0x799aaddd7339581d}};

TEST(HashBytes, IsXxh3) {
    for (const auto& [size, expected] : kXxh3OfPattern)
        EXPECT_EQ(hash_bytes(bytes_of(pattern(size))), expected) << size;
}

TEST(Hasher, StreamedBytesGiveTheHashOfTheWhole) {
    for (const auto& [size, expected] : kXxh3OfPattern) {
        const std::string text = pattern(size);
        Hasher hasher;
        for (std::size_t at = 0; at < size; at += 77)
            hasher.add_bytes(bytes_of(text).subspan(at, std::min<std::size_t>(77, size - at)));
        EXPECT_EQ(hasher.digest(), expected) << size;
    }
}

// PROVENANCE: xxhsum -H3 over Python's struct.pack('<Q', 2) + b'ab' + struct.pack('<i', -7) + struct.pack('<d', 1.5).
TEST(Hasher, AddsLengthThenTextAndNumbersLittleEndian) {
    EXPECT_EQ(Hasher().add("ab").add(-7).add(1.5).digest(), 0xd52f458e06fcf0aeU);
}

TEST(Hasher, TheBorderBetweenTextsCounts) {
    EXPECT_NE(Hasher().add("ab").add("c").digest(), Hasher().add("a").add("bc").digest());
}

TEST(Hasher, DigestDoesNotEndTheStream) {
    Hasher hasher;
    hasher.add("ab");
    EXPECT_EQ(hasher.digest(), hasher.digest());
    hasher.add(-7).add(1.5);
    EXPECT_EQ(hasher.digest(), 0xd52f458e06fcf0aeU);
}

std::string ramp(int first, int step) {
    std::string text;
    for (int i = 0; i < 32; ++i) text.push_back(static_cast<char>(first + i * step));
    return text;
}

struct Crc {
    const char* name;
    std::uint32_t (*of)(std::string_view);
};
void PrintTo(const Crc& crc, std::ostream* out) { *out << crc.name; }

class Crc32c : public testing::TestWithParam<Crc> {};

// PROVENANCE: RFC 3720, appendix B.4 (its bytes are listed in transmission order); the check value of "123456789" is
// that of CRC-32C in the catalogue of parametrised CRC algorithms.
TEST_P(Crc32c, GivesTheValuesOfRfc3720) {
    const auto crc = GetParam().of;
    EXPECT_EQ(crc(std::string(32, '\0')), 0x8a9136aaU);
    EXPECT_EQ(crc(std::string(32, '\xff')), 0x62a8ab43U);
    EXPECT_EQ(crc(ramp(0, 1)), 0x46dd794eU);
    EXPECT_EQ(crc(ramp(31, -1)), 0x113fdb5cU);
    EXPECT_EQ(crc("123456789"), 0xe3069283U);
    EXPECT_EQ(crc(""), 0U);
    // B.4's SCSI Read (10) command PDU.
    const std::string read10(
        "\x01\xc0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x14\0\0\0\0\0\x04\0\0\0\0\x14\0\0\0\x18\x28\0\0\0\0\0\0\0\x02\0\0\0\0\0\0"
        "\0",
        48);
    EXPECT_EQ(crc(read10), 0xd9963a56U);
}
INSTANTIATE_TEST_SUITE_P(Versions, Crc32c,
                         testing::Values(Crc{"fast", &crc32c}, Crc{"portable", &detail::crc32c_portable}));

TEST(Crc32cVersions, AgreeAtEveryLengthAndAlignment) {
    const std::string text = pattern(100);
    for (std::size_t from = 0; from < 9; ++from) {
        for (std::size_t size = 0; from + size <= text.size(); ++size) {
            const std::string_view part = std::string_view(text).substr(from, size);
            ASSERT_EQ(crc32c(part), detail::crc32c_portable(part));
        }
    }
}

}  // namespace
}  // namespace halftone
