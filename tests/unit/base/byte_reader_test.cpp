#include "base/byte_reader.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>

#include "base/error.hpp"
#include "base/wire.hpp"

namespace halftone {
namespace {

enum class Colour : std::uint8_t { red, green };

std::string varint(std::uint64_t value) {
    WireWriter writer;
    writer.put_varint(value);
    return writer.take();
}

TEST(WireWriter, NumbersAreLittleEndian) {
    WireWriter writer;
    writer.put(std::uint32_t{0x04030201});
    writer.put(1.0F);  // 3f800000
    EXPECT_EQ(writer.take(), std::string("\x01\x02\x03\x04\x00\x00\x80\x3f", 8));
}

TEST(ByteReader, EveryKindOfValueComesBack) {
    WireWriter writer;
    writer.put(std::int64_t{-5});
    writer.put(true);
    writer.put(Colour::green);
    writer.put_text(std::string_view("a\0b", 3));
    writer.put_all(std::vector<double>{0.1, -std::numeric_limits<double>::infinity()});
    writer.put_all(std::vector<std::int64_t>{});
    const std::string bytes = writer.take();
    ByteReader reader(bytes);
    EXPECT_EQ(reader.get<std::int64_t>(), -5);
    EXPECT_TRUE(reader.get<bool>());
    EXPECT_EQ(reader.get<Colour>(), Colour::green);
    EXPECT_EQ(reader.get_text(), std::string("a\0b", 3));
    EXPECT_EQ(reader.get_all<double>(), (std::vector<double>{0.1, -std::numeric_limits<double>::infinity()}));
    EXPECT_TRUE(reader.get_all<std::int64_t>().empty());
    EXPECT_TRUE(reader.ok() && reader.at_end());
}

// Spelled out by hand; 300 is the example of Protocol Buffers' documentation of its equal encoding.
TEST(WireWriter, VarintsAreShort) {
    EXPECT_EQ(varint(0), std::string("\x00", 1));
    EXPECT_EQ(varint(127), "\x7f");
    EXPECT_EQ(varint(128), "\x80\x01");
    EXPECT_EQ(varint(300), "\xac\x02");
    EXPECT_EQ(varint(UINT64_MAX), "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
    for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{300}, std::uint64_t{1} << 63, UINT64_MAX}) {
        const std::string bytes = varint(value);
        ByteReader reader(bytes);
        EXPECT_EQ(reader.get_varint(), value);
        EXPECT_TRUE(reader.ok() && reader.at_end());
    }
}

TEST(ByteReader, AVarintAboveItsBoundOrSpelledLongerThanNeededIsDamage) {
    for (const std::string& bytes :
         {varint(11), std::string("\x8a\x00", 2), std::string("\x80", 1), std::string(),
          std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10), std::string(12, '\xff')}) {
        ByteReader reader(bytes);
        EXPECT_EQ(reader.get_varint(10), 0U);
        EXPECT_FALSE(reader.ok());
    }
}

TEST(ByteReader, MissingBytesGiveZerosAndStayDamage) {
    const std::string bytes("\x01\x02", 2);
    ByteReader reader(bytes);
    EXPECT_EQ(reader.get<std::uint32_t>(), 0U);
    EXPECT_FALSE(reader.ok());
    EXPECT_EQ(reader.get<std::uint8_t>(), 0U);  // what is left is not read as something else
    EXPECT_EQ(reader.get_text(), "");
    EXPECT_FALSE(reader.ok());
}

TEST(ByteReader, ALengthBeyondTheEndAllocatesNothing) {
    const std::string bytes = varint(UINT64_MAX / 2) + "abc";
    ByteReader text(bytes);
    EXPECT_EQ(text.get_view(), "");
    EXPECT_FALSE(text.ok());
    ByteReader list(bytes);
    EXPECT_TRUE(list.get_all<double>().empty());
    EXPECT_FALSE(list.ok());
}

TEST(ByteReader, ABoolIsZeroOrOne) {
    ByteReader reader(std::string_view("\x02"));
    EXPECT_FALSE(reader.get<bool>());
    EXPECT_FALSE(reader.ok());
}

TEST(ByteReader, AViewPointsIntoTheBytes) {
    WireWriter writer;
    writer.put_text("abc");
    const std::string bytes = writer.take();
    EXPECT_EQ(bytes.size(), 4U);
    ByteReader reader(bytes);
    EXPECT_EQ(reader.get_view().data(), bytes.data() + 1);
}

// The example of the IDX format's description: the magic number of MNIST's images and their count of rows.
TEST(ByteReader, ReadsBigEndianNumbers) {
    const std::string bytes("\x00\x00\x08\x03\x00\x00\x00\x1c\xff\xfe\x40\x09\x21\xfb\x54\x44\x2d\x18", 18);
    ByteReader reader(bytes, "images", ByteOrder::big);
    EXPECT_EQ(reader.get<std::uint32_t>(), 0x803U);
    EXPECT_EQ(reader.get<std::uint32_t>(), 28U);
    EXPECT_EQ(reader.get<std::int16_t>(), -2);
    EXPECT_EQ(reader.get<double>(), 3.141592653589793);  // 0x400921fb54442d18
    EXPECT_TRUE(reader.ok() && reader.at_end());
}

TEST(ByteReader, NamesSourceOffsetAndWhatWasExpected) {
    const std::string bytes = "abcdefg";
    ByteReader reader(bytes, "x.npy");
    (void)reader.get<std::uint32_t>();
    (void)reader.get<std::uint32_t>("a header length");
    EXPECT_EQ(reader.fault(), "x.npy: byte 4: expected a header length of 4 bytes, 3 bytes are left");
    (void)reader.get<std::uint64_t>("something else");  // a consequence, not the fault
    EXPECT_EQ(reader.fault(), "x.npy: byte 4: expected a header length of 4 bytes, 3 bytes are left");
    try {
        reader.require<DataError>();
        FAIL() << "not refused";
    } catch (const DataError& error) {
        EXPECT_STREQ(error.what(), reader.fault().c_str());
    }
}

TEST(ByteReader, BytesThatNobodyReadAreAFaultOfTheEnd) {
    const std::string bytes = "abc";
    ByteReader reader(bytes, "table");
    (void)reader.get<char>();
    reader.require<MpiError>();
    EXPECT_THROW(reader.require_end<MpiError>(), MpiError);
    EXPECT_EQ(reader.fault(), "table: byte 1: expected the end, 2 more bytes follow");
}

TEST(ByteReader, ACountIsBoundedByWhatIsLeft) {
    const std::string fits = varint(3) + "aabbcc";
    ByteReader good(fits);
    EXPECT_EQ(good.get_count(2), 3U);
    EXPECT_TRUE(good.ok());
    const std::string bytes = varint(4) + "aabbcc";
    ByteReader reader(bytes, "table");
    EXPECT_EQ(reader.get_count(2, "a count of names"), 0U);
    EXPECT_EQ(reader.fault(),
              "table: byte 0: expected a count of names, found 4: 6 bytes are left, an element has 2 or more");
}

// A product of count and size would wrap; the bound is a quotient.
TEST(ByteReader, ACountWhoseBytesOverflowIsRefused) {
    const std::string bytes = varint(std::uint64_t{1} << 61) + "abcdefgh";
    ByteReader reader(bytes);
    EXPECT_TRUE(reader.get_all<double>().empty());
    EXPECT_FALSE(reader.ok());
}

TEST(ByteReader, ASectionReadsItsBytesAndNoMore) {
    const std::string bytes = "abcdef";
    ByteReader reader(bytes, "file");
    (void)reader.get<char>();
    ByteReader section = reader.get_reader(3);
    EXPECT_EQ(reader.get<char>(), 'e');  // goes on behind the section
    EXPECT_EQ(section.get_bytes(2), "bc");
    EXPECT_EQ(section.left(), 1U);
    EXPECT_EQ(section.get<std::uint16_t>("a code"), 0);
    EXPECT_EQ(section.fault(), "file: byte 3: expected a code of 2 bytes, 1 byte is left");
    EXPECT_TRUE(reader.ok());  // the section's fault is its own
    ByteReader beyond = reader.get_reader(2);
    EXPECT_FALSE(beyond.ok());
    EXPECT_EQ(beyond.fault(), reader.fault());
}

TEST(ByteReader, FillsArraysWhollyOrWithZeros) {
    const std::string bytes("\x00\x01\x00\x02\x00", 5);
    std::array<std::uint16_t, 2> values{};
    ByteReader reader(bytes, "codes", ByteOrder::big);
    reader.get_into<std::uint16_t>(values);
    EXPECT_EQ(values, (std::array<std::uint16_t, 2>{1, 2}));
    reader.get_into<std::uint16_t>(values);
    EXPECT_EQ(values, (std::array<std::uint16_t, 2>{0, 0}));
    EXPECT_FALSE(reader.ok());
}

TEST(ByteReader, WhatACallerExpectsIsAFaultToo) {
    const std::string bytes = "\x07z";
    ByteReader reader(bytes, "range table");
    reader.expect(reader.get<std::uint8_t>() == 2, "version 2");
    EXPECT_EQ(reader.fault(), "range table: byte 1: expected version 2");
    EXPECT_EQ(reader.get<char>(), '\0');
}

}  // namespace
}  // namespace halftone
