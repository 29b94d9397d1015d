#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "support/config_text.hpp"

namespace halftone {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::unique_ptr<Transform> transform(const std::string& name, const std::string& yaml = "") {
    return make_transform(name, section(yaml));
}

std::string refusal(const std::string& name, const std::string& yaml) {
    return message_of<ConfigError>([&] { (void)transform(name, yaml); });
}

template <class T>
Tensor tensor(Shape shape, const std::vector<T>& values) {
    return Tensor::of<T>(std::move(shape), values);
}

Tensor every_pixel() {
    std::vector<std::uint8_t> pixels(256);
    std::iota(pixels.begin(), pixels.end(), std::uint8_t{0});
    return tensor(Shape{16, 16, 1}, pixels);
}

TEST(RescaleThenNormalize, AgreesWithNumPyBitForBit) {
    const std::vector<float> expected{
#include "golden/data/preprocess_golden.inc"
    };
    const Tensor scaled = changed(*transform("Rescale"), every_pixel());
    const Tensor result = changed(*transform("Normalize", "{mean: [0.2860], std: 0.3530}"), scaled);
    EXPECT_THAT(result.as<float>(), ::testing::ElementsAreArray(expected));
    EXPECT_EQ(result.shape(), (Shape{16, 16, 1}));
}

TEST(Normalize, HasOneMeanAndDeviationForEachChannelOfTheLastAxis) {
    const Tensor image = tensor<float>(Shape{2, 1, 3}, {1, 2, 3, 4, 5, 6});
    EXPECT_THAT(changed(*transform("Normalize", "{mean: [1, 2, 3], std: [1, 2, 4]}"), image).as<float>(),
                ElementsAre(0.0F, 0.0F, 0.0F, 3.0F, 1.5F, 0.75F));
    EXPECT_THAT(changed(*transform("Normalize", "{mean: 1, std: [1, 2, 4]}"), image).as<float>(),
                ElementsAre(0.0F, 0.5F, 0.5F, 3.0F, 2.0F, 1.25F));
    EXPECT_THAT(changed(*transform("Normalize"), image).as<float>(), ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(Normalize, RefusesTinyDeviationsAndListsThatDoNotFit) {
    EXPECT_THAT(refusal("Normalize", "std: 0"), HasSubstr("1e-6"));
    EXPECT_THAT(refusal("Normalize", "std: [1.0, -1.0]"), HasSubstr("1e-6"));
    EXPECT_THAT(refusal("Normalize", "{mean: [1, 2], std: [1, 2, 3]}"), HasSubstr("std"));
    const auto normalize = transform("Normalize", "mean: [1, 2, 3]");
    EXPECT_THAT(message_of<DataError>([&] {
                    (void)changed_type(*normalize, {DType::u8, Shape{28, 28, 1}});
                }),
                HasSubstr("Normalize: 3 values do not fit the 1 channels of the input [28,28,1]"));
}

TEST(Transpose, PutsInputAxisPermOfIAtI) {
    const Tensor image = tensor<std::uint8_t>(Shape{2, 3, 2}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
    const Tensor channels_first = changed(*transform("Transpose", "perm: [2, 0, 1]"), image);
    EXPECT_EQ(channels_first.type(), (TensorType{DType::u8, Shape{2, 2, 3}}));
    EXPECT_THAT(channels_first.as<std::uint8_t>(), ElementsAre(0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11));
    const Tensor swapped = changed(*transform("Transpose", "perm: 1, 0, 2"), image);
    EXPECT_THAT(swapped.as<std::uint8_t>(), ElementsAre(0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11));
}

/// The transposition by its definition: the element at an index of the output is that at the permuted index of the
/// input.
template <class T>
std::vector<T> transposed_by_definition(const Tensor& input, const std::vector<std::size_t>& perm, const Shape& shape) {
    std::vector<T> expected;
    for (std::int64_t written = 0; written < input.elements(); ++written) {
        std::vector<std::int64_t> index(perm.size());  // in the input
        std::int64_t rest = written;
        for (std::size_t i = perm.size(); i-- > 0; rest /= shape[i]) index[perm[i]] = rest % shape[i];
        std::int64_t offset = 0;
        for (std::size_t axis = 0; axis < perm.size(); ++axis) offset = offset * input.shape()[axis] + index[axis];
        expected.push_back(input.as<T>()[static_cast<std::size_t>(offset)]);
    }
    return expected;
}

template <class T>
void expect_all_permutations(const Shape& shape) {
    std::vector<T> values(static_cast<std::size_t>(shape.elements()));
    std::iota(values.begin(), values.end(), T{0});
    const Tensor input = tensor(shape, values);
    std::vector<std::size_t> perm(shape.rank());
    std::iota(perm.begin(), perm.end(), std::size_t{0});
    do {
        const std::string yaml = fmt::format("perm: [{}]", fmt::join(perm, ", "));
        const Tensor result = changed(*transform("Transpose", yaml), input);
        EXPECT_THAT(result.as<T>(),
                    ::testing::ElementsAreArray(transposed_by_definition<T>(input, perm, result.shape())))
            << yaml;
    } while (std::ranges::next_permutation(perm).found);
}

TEST(Transpose, IsRightForEveryPermutationAndEveryWidthOfAnElement) {
    expect_all_permutations<std::uint8_t>(Shape{2, 3, 4, 5});
    expect_all_permutations<std::int16_t>(Shape{3, 1, 2});
    expect_all_permutations<float>(Shape{2, 3, 4, 2});
    expect_all_permutations<std::int64_t>(Shape{3, 2, 4});
    expect_all_permutations<double>(Shape{4});
    EXPECT_EQ(changed(*transform("Transpose", "perm: [1, 2, 0]"), tensor<float>(Shape{2, 0, 3}, {})).shape(),
              (Shape{0, 3, 2}));
}

TEST(Rescale, OfAByteIsWhatItIsOfTheSameNumberInAnotherType) {
    const Tensor bytes = every_pixel();
    const Tensor numbers = changed(*transform("Cast", "dtype: int32"), bytes);
    const Tensor expected = changed(*transform("Rescale"), numbers);
    EXPECT_THAT(changed(*transform("Rescale"), bytes).as<float>(), ::testing::ElementsAreArray(expected.as<float>()));
}

TEST(Transpose, OfAGreyImageOnlyRenamesAxes) {
    const Tensor image = tensor<float>(Shape{2, 2, 1}, {1, 2, 3, 4});
    const Tensor result = changed(*transform("Transpose", "perm: [2, 0, 1]"), image);
    EXPECT_EQ(result.shape(), (Shape{1, 2, 2}));
    EXPECT_THAT(result.as<float>(), ElementsAre(1, 2, 3, 4));
}

TEST(Transpose, RefusesWhatIsNoPermutationOrDoesNotFit) {
    for (const char* yaml : {"", "perm: [0, 0, 1]", "perm: [1, 2, 3]", "perm: [-1, 0, 1]"}) {
        EXPECT_THAT(refusal("Transpose", yaml), HasSubstr("perm")) << yaml;
    }
    const auto transpose = transform("Transpose", "perm: [2, 0, 1]");
    EXPECT_THAT(message_of<DataError>([&] {
                    (void)changed_type(*transpose, {DType::u8, Shape{28, 28}});
                }),
                HasSubstr("Transpose: perm [2,0,1] does not fit the input [28,28]"));
}

TEST(Cast, GivesFloats) {
    const Tensor image = tensor<std::uint8_t>(Shape{2}, {0, 255});
    EXPECT_THAT(changed(*transform("Cast", "dtype: float32"), image).as<float>(), ElementsAre(0.0F, 255.0F));
    EXPECT_THAT(refusal("Cast", "dtype: complex64"), HasSubstr("float32 uint8 int8 int32 int64 bool"));
}

TEST(Cast, CutsFractionsTowardsZeroAndKeepsWithinTheType) {
    const Tensor values = tensor<float>(Shape{5}, {-1.9F, 1.9F, 300.0F, -200.0F, std::nanf("")});
    EXPECT_THAT(changed(*transform("Cast", "dtype: int64"), values).as<std::int64_t>(),
                ElementsAre(-1, 1, 300, -200, 0));
    EXPECT_THAT(changed(*transform("Cast", "dtype: int8"), values).as<std::int8_t>(), ElementsAre(-1, 1, 127, -128, 0));
    EXPECT_THAT(changed(*transform("Cast", "dtype: bool"), values).as<std::uint8_t>(), ElementsAre(1, 1, 1, 1, 1));
    const Tensor integers = tensor<std::int32_t>(Shape{3}, {-1, 70000, 0});
    EXPECT_THAT(changed(*transform("Cast", "dtype: uint8"), integers).as<std::uint8_t>(), ElementsAre(0, 255, 0));
}

TEST(ToArray, ChangesNothing) {
    const Tensor image = every_pixel();
    EXPECT_EQ(changed(*transform("ToArray"), image).view().data, image.view().data);
}

TEST(Transforms, AnUnknownNameIsAConfigErrorThatListsWhatIsThere) {
    EXPECT_THAT(refusal("Rotate", "size: 10"), HasSubstr("BilinearImagenet Cast CenterCrop"));
}

TEST(Transforms, RefuseUnknownKeys) {
    EXPECT_THAT(refusal("Rescale", "scale: 2"), HasSubstr("scale"));
    EXPECT_THAT(refusal("Normalize", "means: 2"), HasSubstr("mean"));
}

}  // namespace
}  // namespace halftone
