#include "tensor/tensor.hpp"

#include <gtest/gtest.h>

#include <array>

#include "base/error.hpp"

namespace halftone {
namespace {

TEST(DType, EveryNameParsesBack) {
    for (const auto& [dtype, name] : kDTypeNames.rows) EXPECT_EQ(kDTypeNames.parse(name), dtype) << name;
}

TEST(DType, SizesAreThoseOfTheElements) {
    EXPECT_EQ(size_of(DType::boolean), 1U);
    EXPECT_EQ(size_of(DType::bf16), 2U);
    EXPECT_EQ(size_of(DType::f32), sizeof(float));
    EXPECT_EQ(size_of(DType::s64), sizeof(std::int64_t));
}

TEST(Shape, CountsItsElements) {
    EXPECT_EQ((Shape{2, 3, 4}).elements(), 24);
    EXPECT_EQ((Shape{5, 0}).elements(), 0);
    EXPECT_EQ(Shape{}.elements(), 1) << "a scalar has one element";
}

TEST(Shape, PrintsTheSymbolicBatchAsN) {
    EXPECT_EQ((Shape{kSymbolic, 1, 28, 28}).to_text(), "[N,1,28,28]");
    EXPECT_EQ(Shape{}.to_text(), "[]");
}

TEST(Shape, IsStaticWithoutASymbolicDimension) {
    EXPECT_TRUE((Shape{1, 2}).is_static());
    EXPECT_FALSE((Shape{kSymbolic, 2}).is_static());
}

TEST(Shape, RefusesToCountWhatIsSymbolicOrTooLarge) {
    EXPECT_THROW((void)(Shape{kSymbolic, 2}).elements(), InternalError);
    EXPECT_THROW((void)(Shape{INT64_MAX, 2}).elements(), InternalError);
}

TEST(Tensor, IsZeroFilledAndAligned) {
    const Tensor tensor({DType::f32, Shape{3, 7}});
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.view().data) % 64, 0U);
    for (const float value : tensor.as<float>()) EXPECT_EQ(value, 0.0F);
    EXPECT_EQ(tensor.bytes(), 84U);
}

TEST(Tensor, WithoutElementsIsNotTheEmptyTensor) {
    EXPECT_TRUE(Tensor().is_empty());
    EXPECT_FALSE(Tensor({DType::f32, Shape{0}}).is_empty());
}

TEST(Tensor, CopiesShareAndClonesDoNot) {
    Tensor original = Tensor::scalar(1.5F);
    const Tensor shared = original;
    const Tensor cloned = original.clone();
    EXPECT_EQ(shared.view().data, original.view().data);
    original.mutable_view().as<float>()[0] = 2.5F;
    EXPECT_EQ(cloned.as<float>()[0], 1.5F);
    EXPECT_EQ(cloned.type(), original.type());
    EXPECT_TRUE(Tensor().clone().is_empty());
}

TEST(Tensor, RefusesValuesThatDoNotFillItsShape) {
    const std::array<float, 3> three{1, 2, 3};
    EXPECT_EQ(Tensor::of<float>(Shape{3}, three).as<float>()[2], 3.0F);
    EXPECT_THROW((void)Tensor::of<float>(Shape{2}, three), InternalError);
    EXPECT_THROW((void)Tensor::of<float>(Shape{2, 2}, three), InternalError);
}

// In release builds, too: a wrong type would read four times as many bytes as there are.
TEST(Tensor, IsReadAsItsOwnTypeOnly) {
    Tensor bytes({DType::u8, Shape{3}});
    EXPECT_EQ(bytes.as<std::uint8_t>().size(), 3U);
    EXPECT_THROW((void)bytes.as<float>(), InternalError);
    EXPECT_THROW((void)bytes.view().as<std::int8_t>(), InternalError);
    EXPECT_THROW((void)bytes.mutable_view().as<std::int64_t>(), InternalError);
    try {
        (void)bytes.as<float>();
    } catch (const InternalError& error) {
        EXPECT_STREQ(error.what(), "elements of type uint8 are read as fp32");
    }
}

TEST(Tensor, ABooleanIsReadAsAByte) {
    const Tensor boolean({DType::boolean, Shape{2}});
    EXPECT_EQ(boolean.as<std::uint8_t>().size(), 2U);
    EXPECT_THROW((void)boolean.as<std::int8_t>(), InternalError);
}

}  // namespace
}  // namespace halftone
