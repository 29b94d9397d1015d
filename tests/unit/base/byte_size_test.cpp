#include "base/byte_size.hpp"

#include <gtest/gtest.h>

namespace halftone {
namespace {

TEST(ParseByteSize, TakesNumbersWithPowersOf1024) {
    EXPECT_EQ(parse_byte_size("1000"), 1000);
    EXPECT_EQ(parse_byte_size("2K"), 2048);
    EXPECT_EQ(parse_byte_size("2KiB"), 2048);
    EXPECT_EQ(parse_byte_size("512MiB"), 512 << 20);
    EXPECT_EQ(parse_byte_size("16GiB"), std::int64_t{16} << 30);
    EXPECT_EQ(parse_byte_size("1T"), std::int64_t{1} << 40);
}

TEST(ParseByteSize, RefusesEverythingElse) {
    for (const char* text : {"", "0", "-1", "1.5G", "GiB", "1GB", "1 GiB", "1KiB ", "1X", "+1", "0x10", "8388608T"}) {
        EXPECT_EQ(parse_byte_size(text), std::nullopt) << text;
    }
}

TEST(ByteSizeText, ChoosesTheUnitAndOneDecimal) {
    EXPECT_EQ(byte_size_text(0), "0 bytes");
    EXPECT_EQ(byte_size_text(1023), "1023 bytes");
    EXPECT_EQ(byte_size_text(1536), "1.5 KiB");
    EXPECT_EQ(byte_size_text(std::uint64_t{38} << 30), "38 GiB");
    EXPECT_EQ(byte_size_text(UINT64_MAX), "16 EiB");
}

}  // namespace
}  // namespace halftone
