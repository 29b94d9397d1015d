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

}  // namespace
}  // namespace halftone
