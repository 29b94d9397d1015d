// What every registered transform promises: it says beforehand what it makes of an input, and refuses others by name.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>

#include "base/error.hpp"
#include "data/dataset.hpp"
#include "support/config_text.hpp"

namespace halftone {
namespace {

/// Settings of each transform, an input that fits them, and one that does not (nothing: every input fits).
struct Case {
    std::string yaml;
    TensorType fits;
    std::optional<TensorType> does_not_fit;
};
const TensorType kImage{DType::u8, Shape{4, 5, 3}};
const std::map<std::string, Case> kCases{
    {"Cast", {"", kImage, std::nullopt}},
    {"CenterCrop", {"size: [2, 3]", kImage, TensorType{DType::u8, Shape{1, 5, 3}}}},
    {"Normalize", {"{mean: [1, 2, 3], std: 2}", kImage, TensorType{DType::u8, Shape{4, 5, 2}}}},
    {"Rescale", {"", kImage, std::nullopt}},
    {"Resize", {"{size: [3, 8], interpolation: bicubic}", kImage, TensorType{DType::u8, Shape{4, 5}}}},
    {"ToArray", {"", kImage, std::nullopt}},
    {"ToTensor", {"", kImage, TensorType{DType::s64, Shape{4, 5, 3}}}},
    {"Transpose", {"perm: [2, 0, 1]", kImage, TensorType{DType::u8, Shape{4, 5}}}},
};

std::vector<std::byte> bytes_of(const Tensor& tensor) {
    return {tensor.view().data, tensor.view().data + tensor.bytes()};
}

class EveryTransform : public ::testing::TestWithParam<std::string> {
protected:
    void SetUp() override {
        ASSERT_TRUE(kCases.contains(GetParam())) << "give an example of " << GetParam() << " in kCases";
        case_ = kCases.at(GetParam());
        transform_ = make_transform(GetParam(), parse_yaml(case_.yaml, "config.yaml"));
        const MutableView pixels = input_.mutable_view();
        for (std::size_t i = 0; i < input_.bytes(); ++i) pixels.data[i] = static_cast<std::byte>(i * 37);
    }

    Case case_;
    std::unique_ptr<Transform> transform_;
    Tensor input_{kImage};
};

TEST_P(EveryTransform, SaysBeforehandWhatItMakes) {
    EXPECT_EQ(changed(*transform_, input_).type(), changed_type(*transform_, case_.fits));
}

TEST_P(EveryTransform, LeavesItsInputAndRepeatsItself) {
    const std::vector<std::byte> before = bytes_of(input_);
    const std::vector<std::byte> once = bytes_of(changed(*transform_, input_));
    EXPECT_EQ(bytes_of(input_), before);
    EXPECT_EQ(bytes_of(changed(*transform_, input_)), once);
}

TEST_P(EveryTransform, RefusesAnInputThatDoesNotFitByItsOwnName) {
    if (!case_.does_not_fit) {  // it takes every input, so it takes these
        for (const TensorType& odd : {TensorType{DType::f32, Shape{7}}, TensorType{DType::u8, Shape{4, 5, 2, 1}}}) {
            EXPECT_EQ(changed(*transform_, Tensor(odd)).type(), changed_type(*transform_, odd)) << odd.shape.to_text();
        }
        return;
    }
    try {
        static_cast<void>(changed_type(*transform_, *case_.does_not_fit));
        FAIL() << "took " << case_.does_not_fit->shape.to_text();
    } catch (const DataError& refusal) {
        EXPECT_THAT(refusal.what(), ::testing::HasSubstr(GetParam()));
        EXPECT_THAT(refusal.what(), ::testing::HasSubstr(case_.does_not_fit->shape.to_text()));
    }
    EXPECT_THROW((void)changed(*transform_, Tensor(*case_.does_not_fit)), DataError);
}

TEST_P(EveryTransform, RefusesAKeyThatItDoesNotKnow) {
    EXPECT_THROW((void)make_transform(GetParam(), parse_yaml("no_such_key: 1", "config.yaml")), ConfigError);
}

INSTANTIATE_TEST_SUITE_P(Transforms, EveryTransform, ::testing::ValuesIn(transform_names()),
                         [](const auto& name) { return name.param; });

}  // namespace
}  // namespace halftone
