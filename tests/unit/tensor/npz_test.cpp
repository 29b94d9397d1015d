#include "tensor/npz.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace halftone {
namespace {

/// Bytes of hexadecimal digits.
std::string from_hex(std::string_view digits) {
    std::string bytes;
    for (std::size_t i = 0; i < digits.size(); i += 2) {
        bytes += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
    }
    return bytes;
}

// PROVENANCE: written by hand from APPNOTE.TXT with Python's struct and zlib.crc32; Python's zipfile reads the entry
// "a.npy" from it and finds its checksum right. tests/system/metrics_test.py reads whole archives with NumPy.
TEST(Npz, IsAZipArchiveOfStoredFiles) {
    EXPECT_EQ(to_npz({{"a", "xyz"}}),
              from_hex("504b03041400000800000000210067ba8eeb030000000300000005000000612e6e707978797a"
                       "504b010214001400000800000000210067ba8eeb03000000030000000500000000000000000000000000000000"
                       "00612e6e7079"
                       "504b0506000000000100010033000000260000000000"));
    EXPECT_EQ(to_npz({}), from_hex("504b0506000000000000000000000000000000000000"));
}

TEST(Npz, TextsArePaddedToTheLongest) {
    const std::string npy = texts_to_npy({"a", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"}, "(2,)");
    EXPECT_EQ(npy.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
    EXPECT_THAT(npy, testing::HasSubstr("{'descr': '<U3', 'fortran_order': False, 'shape': (2,), }"));
    ASSERT_EQ(npy.size() % 64, 2 * 3 * 4U) << "the header ends at a multiple of 64";
    EXPECT_EQ(npy.substr(npy.size() - 24), from_hex("610000000000000000000000"
                                                    "e4000000ac20000000f60100"));
}

TEST(Npz, BytesThatAreNoTextBecomeReplacementCharacters) {
    const std::string npy = texts_to_npy({"\xff\xc3"}, "(1,)");
    EXPECT_EQ(npy.substr(npy.size() - 8), from_hex("fdff0000fdff0000"));
}

}  // namespace
}  // namespace halftone
