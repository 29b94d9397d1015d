#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "support/config_text.hpp"

namespace halftone {
namespace {

using ::testing::HasSubstr;

std::unique_ptr<Dataset> dummy(const std::string& yaml) { return make_dataset("dummy", section(yaml)); }

std::string refusal(const std::string& yaml) {
    return message_of<ConfigError>([&] { (void)dummy(yaml); });
}

TEST(Dummy, TheFirstDimensionIsTheCount) {
    const auto dataset = dummy("shape: [5, 28, 28, 1]");
    EXPECT_EQ(dataset->size(), 5);
    EXPECT_EQ(dataset->schema().inputs[0].type, (TensorType{DType::f32, Shape{28, 28, 1}}));
    EXPECT_EQ(label_of(dataset->read(4)), 0);
    EXPECT_THROW((void)dataset->read(5), InternalError);
}

TEST(Dummy, ValuesAreUniformInLowToHigh) {
    const Sample sample = dummy("{shape: [1, 100000], low: -1.0, high: 3.0}")->read(0);
    const auto values = first_input(sample).as<float>();
    const auto [lowest, highest] = std::minmax_element(values.begin(), values.end());
    EXPECT_GE(*lowest, -1.0F);
    EXPECT_LT(*highest, 3.0F);
    for (int quarter = 0; quarter < 4; ++quarter) {
        const auto count = std::count_if(values.begin(), values.end(), [&](float value) {
            return value >= static_cast<float>(quarter - 1) && value < static_cast<float>(quarter);
        });
        EXPECT_NEAR(static_cast<double>(count), 25000, 700) << "five standard deviations";
    }
}

TEST(Dummy, ASampleIsAFunctionOfItsIndex) {
    const auto few = dummy("shape: [3, 8]");
    const auto many = dummy("shape: [30, 8]");
    const Tensor sample = first_input(few->read(2));
    EXPECT_THAT(first_input(many->read(2)).as<float>(), ::testing::ElementsAreArray(sample.as<float>()));
    EXPECT_NE(first_input(many->read(1)).as<float>()[0], sample.as<float>()[0]);
    EXPECT_NE(few->content_hash(), many->content_hash());
}

TEST(Dummy, IntegersAreCutTowardsZero) {
    const auto dataset = dummy("{shape: [1, 1000], dtype: int8, low: -2, high: 2}");
    EXPECT_EQ(dataset->schema().inputs[0].type.dtype, DType::s8);
    const Sample sample = dataset->read(0);
    EXPECT_THAT(first_input(sample).as<std::int8_t>(),
                ::testing::Each(::testing::AllOf(::testing::Ge(-1), ::testing::Le(1))));
}

TEST(Dummy, SeveralShapesAreSeveralInputs) {
    const auto dataset = dummy("{shape: [[5, 3, 4], [5, 2]], low: [0.0, -3], high: [1.0, 3], dtype: [float32, int64]}");
    EXPECT_EQ(dataset->size(), 5);
    EXPECT_EQ(to_text(dataset->schema().inputs), "input_0 fp32 [3,4], input_1 int64 [2]");
    const Sample sample = dataset->read(4);
    EXPECT_THAT(std::get<Tensor>(sample.inputs[1]).as<std::int64_t>(),
                ::testing::Each(::testing::AllOf(::testing::Ge(-2), ::testing::Le(2))));
    EXPECT_THAT(refusal("shape: [[5, 3], [6, 2]]"), HasSubstr("the same count"));
    EXPECT_THAT(refusal("{shape: [[5, 3], [5, 2], [5, 1]], low: [0, 0]}"), HasSubstr("one for each shape"));
}

TEST(DummyV2, HasLPOTsKeys) {
    const auto dataset =
        make_dataset("dummy_v2", section("{input_shape: [224, 224, 3], label_shape: [1], dtype: uint8, low: 0}"));
    EXPECT_EQ(to_text(dataset->schema().inputs), "input uint8 [224,224,3]");
    EXPECT_EQ(to_text(dataset->schema().targets), "label int64 []");
    EXPECT_EQ(label_of(dataset->read(9)), 0);
    EXPECT_THAT(message_of<ConfigError>([] { (void)make_dataset("dummy_v2", section("")); }), HasSubstr("input_shape"));
}

TEST(Dummy, RefusesWhatCannotBe) {
    EXPECT_THAT(refusal(""), HasSubstr("shape"));
    EXPECT_THAT(refusal("shape: [4]"), HasSubstr("shape"));
    EXPECT_THAT(refusal("shape: [4, 0]"), HasSubstr("shape"));
    EXPECT_THAT(refusal("shape: [1, 65536, 65536]"), HasSubstr("at most 2^31 elements"));
    EXPECT_THAT(refusal("shape: [1, 4611686018427387904, 4]"), HasSubstr("at most 2^31 elements"));
    EXPECT_THAT(refusal("{shape: [4, 1], low: 2, high: 1}"), HasSubstr("high"));
    EXPECT_THAT(refusal("{shape: [4, 1], dtype: uint8}"), HasSubstr("low")) << "-128 is not a uint8";
    EXPECT_THAT(refusal("{shape: [4, 1], dtype: text}"), HasSubstr("float32 uint8 int8 int32 int64"));
    EXPECT_THAT(refusal("{shape: [4, 1], labels: true}"), HasSubstr("label"));
}

}  // namespace
}  // namespace halftone
