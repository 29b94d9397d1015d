// Inputs that take pictures, and the way of a picture into them.
#include "init/picture_input.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "surveys.hpp"

namespace halftone {
namespace {

using init_test::port;
using init_test::survey;
using testing::HasSubstr;
using testing::Not;

PictureInput input_of(std::vector<std::string> dims, const std::string& type = "fp32") {
    const auto found = picture_input(survey({port("x", type, std::move(dims))}, {}));
    return found.value_or(PictureInput{});
}

TEST(PictureInput, IsKnownByItsChannels) {
    EXPECT_TRUE(input_of({"N", "3", "224", "200"}).is_channels_first);
    EXPECT_EQ(input_of({"N", "3", "224", "200"}).width, 200);
    EXPECT_FALSE(input_of({"N", "224", "224", "3"}).is_channels_first);
    EXPECT_EQ(input_of({"1", "1", "h", "w"}).height, 0);
    EXPECT_EQ(input_of({"1", "1", "h", "w"}).channels, 1);
    EXPECT_TRUE(input_of({"N", "3", "4", "4"}, "uint8").takes_bytes);
    EXPECT_FALSE(picture_input(init_test::text_model()));
    EXPECT_FALSE(picture_input(survey({port("x", "fp32", {"N", "8", "5", "5"})}, {})));
}

TEST(PictureTransforms, OfAColourClassifier) {
    const std::string text = picture_transforms(input_of({"N", "3", "224", "200"}), {.channels = 3}, {}).text();
    EXPECT_THAT(text, HasSubstr("Resize: {size: [224, 200]}\n"));
    EXPECT_THAT(text, HasSubstr("Rescale: {}\n"));
    EXPECT_THAT(text, HasSubstr("Normalize: {mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]}\n"));
    EXPECT_THAT(text, HasSubstr("Transpose: {perm: [2, 0, 1]}\n"));
    EXPECT_LT(text.find("Resize"), text.find("Rescale")) << "uint8 is resized as training does it";
}

TEST(PictureTransforms, LeaveOutWhatIsNotNeeded) {
    const std::string text =
        picture_transforms(input_of({"N", "28", "28", "1"}), {.height = 28, .width = 28, .channels = 1}, {}).text();
    EXPECT_THAT(text, Not(HasSubstr("Resize")));
    EXPECT_THAT(text, Not(HasSubstr("Transpose")));
    EXPECT_THAT(text, Not(HasSubstr("Normalize:"))) << "nothing is known of grey pictures that were not measured";
    const std::string bytes = picture_transforms(input_of({"N", "3", "8", "8"}, "uint8"), {.channels = 3}, {}).text();
    EXPECT_THAT(bytes, Not(HasSubstr("Rescale:")));
}

TEST(PictureTransforms, MeasuredValuesAreUsedForGreyPictures) {
    const std::string text = picture_transforms(input_of({"N", "1", "28", "28"}),
                                                {.height = 28,
                                                 .width = 28,
                                                 .channels = 1,
                                                 .mean = 0.286,
                                                 .deviation = 0.353,
                                                 .measured_on = "the first 10000 training pictures"},
                                                {})
                                 .text();
    EXPECT_THAT(text, HasSubstr("Normalize: {mean: 0.2860, std: 0.3530}\n"));
    EXPECT_THAT(text, HasSubstr("first 10000 training pictures"));
}

TEST(PictureTransforms, AlignChannelsWhereTheBuildCan) {
    const PictureInput input = input_of({"N", "3", "8", "8"});
    EXPECT_THAT(picture_transforms(input, {.channels = 1}, {"AlignImageChannel"}).text(),
                HasSubstr("AlignImageChannel: {dim: 3}\n"));
    EXPECT_THAT(picture_transforms(input, {.channels = 1}, {}).text(), HasSubstr("convert the files"));
}

}  // namespace
}  // namespace halftone
