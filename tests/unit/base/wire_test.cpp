#include "base/wire.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace halftone {
namespace {

enum class Colour : std::uint8_t { red, green };

std::string varint(std::uint64_t value) {
    WireWriter writer;
    writer.put_varint(value);
    return writer.take();
}

TEST(Wire, NumbersAreLittleEndian) {
    WireWriter writer;
    writer.put(std::uint32_t{0x04030201});
    writer.put(1.0F);  // 3f800000
    EXPECT_EQ(writer.take(), std::string("\x01\x02\x03\x04\x00\x00\x80\x3f", 8));
}

TEST(Wire, EveryKindOfValueComesBack) {
    WireWriter writer;
    writer.put(std::int64_t{-5});
    writer.put(true);
    writer.put(Colour::green);
    writer.put_text(std::string_view("a\0b", 3));
    writer.put_all(std::vector<double>{0.1, -std::numeric_limits<double>::infinity()});
    writer.put_all(std::vector<std::int64_t>{});
    const std::string bytes = writer.take();
    WireReader reader(bytes);
    EXPECT_EQ(reader.get<std::int64_t>(), -5);
    EXPECT_TRUE(reader.get<bool>());
    EXPECT_EQ(reader.get<Colour>(), Colour::green);
    EXPECT_EQ(reader.get_text(), std::string("a\0b", 3));
    EXPECT_EQ(reader.get_all<double>(), (std::vector<double>{0.1, -std::numeric_limits<double>::infinity()}));
    EXPECT_TRUE(reader.get_all<std::int64_t>().empty());
    EXPECT_TRUE(reader.ok() && reader.at_end());
}

// Spelled out by hand; 300 is the example of Protocol Buffers' documentation of its equal encoding.
TEST(Wire, VarintsAreShort) {
    EXPECT_EQ(varint(0), std::string("\x00", 1));
    EXPECT_EQ(varint(127), "\x7f");
    EXPECT_EQ(varint(128), "\x80\x01");
    EXPECT_EQ(varint(300), "\xac\x02");
    EXPECT_EQ(varint(UINT64_MAX), "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
    for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{300}, std::uint64_t{1} << 63, UINT64_MAX}) {
        const std::string bytes = varint(value);
        WireReader reader(bytes);
        EXPECT_EQ(reader.get_varint(), value);
        EXPECT_TRUE(reader.ok() && reader.at_end());
    }
}

TEST(Wire, AVarintAboveItsBoundOrSpelledLongerThanNeededIsDamage) {
    for (const std::string& bytes :
         {varint(11), std::string("\x8a\x00", 2), std::string("\x80", 1), std::string(),
          std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10), std::string(12, '\xff')}) {
        WireReader reader(bytes);
        EXPECT_EQ(reader.get_varint(10), 0U);
        EXPECT_FALSE(reader.ok());
    }
}

TEST(Wire, MissingBytesGiveZerosAndStayDamage) {
    const std::string bytes("\x01\x02", 2);
    WireReader reader(bytes);
    EXPECT_EQ(reader.get<std::uint32_t>(), 0U);
    EXPECT_FALSE(reader.ok());
    EXPECT_EQ(reader.get<std::uint8_t>(), 0U);  // what is left is not read as something else
    EXPECT_EQ(reader.get_text(), "");
    EXPECT_FALSE(reader.ok());
}

TEST(Wire, ALengthBeyondTheEndAllocatesNothing) {
    const std::string bytes = varint(UINT64_MAX / 2) + "abc";
    WireReader text(bytes);
    EXPECT_EQ(text.get_view(), "");
    EXPECT_FALSE(text.ok());
    WireReader list(bytes);
    EXPECT_TRUE(list.get_all<double>().empty());
    EXPECT_FALSE(list.ok());
}

TEST(Wire, ABoolIsZeroOrOne) {
    WireReader reader(std::string_view("\x02"));
    EXPECT_FALSE(reader.get<bool>());
    EXPECT_FALSE(reader.ok());
}

TEST(Wire, AViewPointsIntoTheBytes) {
    WireWriter writer;
    writer.put_text("abc");
    const std::string bytes = writer.take();
    EXPECT_EQ(bytes.size(), 4U);
    WireReader reader(bytes);
    EXPECT_EQ(reader.get_view().data(), bytes.data() + 1);
}

}  // namespace
}  // namespace halftone
