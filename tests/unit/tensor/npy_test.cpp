// Source of the bytes: numpy.lib.format's documentation ("Format Version 1.0") and np.save of NumPy 1.24 (same header,
// but that NumPy writes (2, 3) where we write (2,3,): both are the same tuple to its reader).
#include "tensor/npy.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace halftone {
namespace {

std::string header_of(const std::string& file) { return file.substr(10, file.find('\n') - 10); }

TEST(Npy, HasMagicVersionAndAHeaderPaddedTo64Bytes) {
    const std::vector<float> values{1, 2, 3, 4, 5, 6};
    const std::string file = to_npy(Tensor::of<float>(Shape{2, 3}, values).view());
    EXPECT_EQ(file.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
    const std::size_t length = static_cast<unsigned char>(file[8]) + 256U * static_cast<unsigned char>(file[9]);
    EXPECT_EQ((10 + length) % 64, 0U);
    EXPECT_EQ(file[10 + length - 1], '\n');
    EXPECT_EQ(header_of(file).substr(0, 61), "{'descr': '<f4', 'fortran_order': False, 'shape': (2,3,), }  ");
    EXPECT_EQ(file.size(), 10 + length + 6 * sizeof(float));
    EXPECT_EQ(file.substr(10 + length, 8), std::string("\x00\x00\x80\x3f\x00\x00\x00\x40", 8));  // 1.0, 2.0
}

TEST(Npy, AScalarHasAnEmptyTupleAndAVectorAComma) {
    EXPECT_NE(to_npy(Tensor::scalar(std::int64_t{5}).view()).find("'<i8', 'fortran_order': False, 'shape': (), }"),
              std::string::npos);
    const std::vector<std::uint8_t> values{7};
    EXPECT_NE(to_npy(Tensor::of<std::uint8_t>(Shape{1}, values).view())
                  .find("'|u1', 'fortran_order': False, 'shape': (1,), }"),
              std::string::npos);
}

TEST(Npy, EveryHeaderLengthEndsOnA64ByteBorder) {
    for (std::int64_t rank = 0; rank < 40; ++rank) {
        const Shape shape(std::vector<std::int64_t>(static_cast<std::size_t>(rank), 1));
        const std::string file = to_npy(Tensor({DType::s8, shape}).view());
        EXPECT_EQ((file.size() - 1) % 64, 0U) << rank;  // one element follows
    }
}

TEST(Npy, RefusesATypeThatNumPyDoesNotHave) {
    EXPECT_THROW((void)to_npy(Tensor({DType::bf16, Shape{1}}).view()), InternalError);
}

TEST(Npy, ReadsBackWhatItWrote) {
    const std::vector<float> values{1, -2, 3, 4, 5, 6};
    const Tensor tensor = Tensor::of<float>(Shape{2, 3}, values);
    const Tensor back = from_npy(to_npy(tensor.view()), "x.npy");
    EXPECT_EQ(back.type(), tensor.type());
    EXPECT_EQ(std::vector<float>(back.as<float>().begin(), back.as<float>().end()), values);
    EXPECT_EQ(from_npy(to_npy(Tensor({DType::s64, Shape{0, 4}}).view()), "x.npy").shape(), (Shape{0, 4}));
    EXPECT_EQ(from_npy(to_npy(Tensor::scalar(std::int64_t{7}).view()), "x.npy").as<std::int64_t>()[0], 7);
}

std::string why_not(const std::string& bytes) {
    try {
        (void)from_npy(bytes, "x.npy");
    } catch (const DataError& error) {
        return error.what();
    }
    return "read";
}

/// A file of one int8, with `from` in its header replaced by `to` of the same length.
std::string edited(const std::string& from, const std::string& to) {
    std::string file = to_npy(Tensor({DType::s8, Shape{1}}).view());
    return file.replace(file.find(from), from.size(), to);
}

TEST(Npy, RefusesWhatItCannotReadWithTheFilesName) {
    EXPECT_EQ(why_not("hello, this is text"), "x.npy: is not a .npy file");
    EXPECT_EQ(why_not(edited("'|i1'", "'>i4'")), "x.npy: has 1 bytes of values; its shape [1] needs 4");
    EXPECT_EQ(why_not(edited("'|i1'", "'<c8'")),
              "x.npy: element type '<c8' is not supported; supported: '<f4' '<f8' '<f2' '|i1' '|u1' '<i2' '<u2' '<i4' "
              "'<u4' '<i8' '<u8' '|b1'");
    EXPECT_EQ(why_not(edited("|i1", "|b1").replace(edited("|i1", "|b1").size() - 1, 1, "\x02")),
              "x.npy: holds the bool value 2");
    EXPECT_EQ(why_not(edited("(1,)", "(9,)")), "x.npy: has 1 bytes of values; its shape [9] needs 9");
    EXPECT_EQ(why_not(edited("(1,)", "(-1)")), "x.npy: its .npy shape has a bad number: '-1'");
    EXPECT_EQ(why_not(edited("'shape'", "'shade'")), "x.npy: its .npy header has no 'shape'");
    EXPECT_EQ(why_not(edited(std::string("\x01\x00", 2), std::string("\x09\x00", 2))),
              "x.npy: has .npy version 9; supported: 1 to 3");
    EXPECT_EQ(why_not(to_npy(Tensor({DType::s8, Shape{1}}).view()).substr(0, 40)),
              "x.npy: byte 10: expected a .npy header of 118 bytes, 30 bytes are left");
}

// numpy.save(numpy.asfortranarray(numpy.arange(6, dtype='>i2').reshape(2, 3))) of NumPy 1.24: its values end so.
TEST(Npy, OtherOrdersOfBytesAndElementsBecomeOurs) {
    std::string file = to_npy(Tensor({DType::s16, Shape{2, 3}}).view());
    file.replace(file.find("<i2"), 3, ">i2").replace(file.find("False"), 5, "True ");
    file.replace(file.size() - 12, 12, std::string("\0\0\0\3\0\1\0\4\0\2\0\5", 12));
    std::vector<std::string> notes;
    const Tensor tensor = from_npy(file, "x.npy", &notes);
    EXPECT_EQ(tensor.shape(), (Shape{2, 3}));
    const auto values = tensor.as<std::int16_t>();
    EXPECT_EQ(std::vector<std::int16_t>(values.begin(), values.end()), (std::vector<std::int16_t>{0, 1, 2, 3, 4, 5}));
    ASSERT_EQ(notes.size(), 2U);
    EXPECT_EQ(notes[0], "x.npy: its values are big-endian and were turned into little-endian ones");
    EXPECT_EQ(notes[1], "x.npy: it is in Fortran order and was turned into C order");
}

TEST(Npy, AHeaderForRowsOfAFileAdmitsOurOrderOnly) {
    const auto header = [](const std::string& file) { (void)parse_npy_header(file, "x.npy"); };
    EXPECT_THROW(header(edited("False", "True ")), DataError);
    std::string big = to_npy(Tensor({DType::s16, Shape{2}}).view());
    EXPECT_NO_THROW(header(big));
    EXPECT_THROW(header(big.replace(big.find("<i2"), 3, ">i2")), DataError);
}

}  // namespace
}  // namespace halftone
