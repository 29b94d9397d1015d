// Transforms of pictures: what they refuse, and what becomes of boxes, masks and sizes.
#include "data/picture_transform.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "data/convert.hpp"
#include "support/config_text.hpp"

namespace halftone {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A picture of 6 x 8 pixels with three boxes, as COCORaw yields it, and a mask.
Schema scene_schema() {
    return {.inputs = {{.name = "image", .type = {DType::u8, Shape{kSymbolic, kSymbolic, 3}}}},
            .targets = {{.name = "boxes", .type = {DType::f32, Shape{kSymbolic, 4}}},
                        {.name = "labels", .type = {DType::s64, Shape{kSymbolic}}},
                        {.name = "image_id", .type = {DType::s64, Shape{}}},
                        {.name = "size", .type = {DType::s64, Shape{2}}},
                        {.name = "mask", .type = {DType::u8, Shape{kSymbolic, kSymbolic}}}}};
}

Sample scene_sample(std::int64_t id = 0) {
    std::vector<std::uint8_t> pixels(6 * 8 * 3);
    std::iota(pixels.begin(), pixels.end(), std::uint8_t{0});
    std::vector<std::uint8_t> classes(6 * 8);
    std::iota(classes.begin(), classes.end(), std::uint8_t{0});
    return {.id = id,
            .inputs = {Tensor::of<std::uint8_t>(Shape{6, 8, 3}, pixels)},
            .targets = {Tensor::of<float>(Shape{3, 4}, std::vector<float>{0, 0, 1, 1, 1, 2, 4, 6, 2, 3, 5, 8}),
                        Tensor::of<std::int64_t>(Shape{3}, std::vector<std::int64_t>{7, 8, 9}),
                        Tensor::scalar<std::int64_t>(42),
                        Tensor::of<std::int64_t>(Shape{2}, std::vector<std::int64_t>{6, 8}),
                        Tensor::of<std::uint8_t>(Shape{6, 8}, classes)}};
}

/// What a transform makes of the scene.
struct Scene {
    Sample sample;
    Schema schema;
    [[nodiscard]] std::span<const std::uint8_t> pixels() const { return first_input(sample).as<std::uint8_t>(); }
    template <class T>
    [[nodiscard]] std::vector<T> target(std::size_t i) const {
        const auto values = std::get<Tensor>(sample.targets[i]).as<T>();
        return {values.begin(), values.end()};
    }
    [[nodiscard]] std::vector<float> boxes() const { return target<float>(0); }
    [[nodiscard]] std::vector<std::int64_t> labels() const { return target<std::int64_t>(1); }
    [[nodiscard]] std::vector<std::int64_t> size() const { return target<std::int64_t>(3); }
    [[nodiscard]] std::vector<std::uint8_t> mask() const { return target<std::uint8_t>(4); }
};

Scene scene(const std::string& name, const std::string& yaml, std::int64_t id = 0,
            Framework framework = Framework::onnxrt) {
    const auto transform = make_transform(name, section(yaml), framework);
    return {transform->apply(scene_sample(id), scene_schema()), transform->output(scene_schema())};
}

std::string section_refusal(const std::string& name, const std::string& yaml) {
    return message_of<ConfigError>([&] { (void)make_transform(name, section(yaml)); });
}

TEST(PictureTransform, AResizeMovesBoxesMaskAndSize) {
    const Scene found = scene("Resize", "size: [12, 4]");
    EXPECT_THAT(found.boxes(), ElementsAre(0, 0, 2, 0.5F, 2, 1, 8, 3, 4, 1.5F, 10, 4));
    EXPECT_THAT(found.labels(), ElementsAre(7, 8, 9));
    EXPECT_THAT(found.size(), ElementsAre(12, 4));
    EXPECT_EQ(std::get<Tensor>(found.sample.targets[4]).shape(), (Shape{12, 4}));
    const std::vector<std::uint8_t> mask = found.mask();
    EXPECT_THAT(std::vector<std::uint8_t>(mask.begin() + 8, mask.begin() + 12), ElementsAre(8, 10, 12, 14));
    EXPECT_EQ(to_text(found.schema.targets),
              "boxes fp32 [N,4], labels int64 [N], image_id int64 [], size int64 [2], mask uint8 [12,4]");
}

TEST(PictureTransform, ACropCutsBoxesOffAndDropsThoseOfWhichNothingIsLeft) {
    const Scene found = scene("CenterCrop", "size: [2, 4]");  // rows 2 and 3, columns 2 to 5
    EXPECT_THAT(found.boxes(), ElementsAre(0, 0, 2, 4, 0, 1, 2, 4));
    EXPECT_THAT(found.labels(), ElementsAre(8, 9));
    EXPECT_THAT(found.size(), ElementsAre(2, 4));
    EXPECT_THAT(found.mask(), ElementsAre(18, 19, 20, 21, 26, 27, 28, 29));
    EXPECT_EQ(std::get<Tensor>(found.sample.targets[2]).as<std::int64_t>()[0], 42);
}

TEST(PictureTransform, LeavesTheSampleThatItWasGivenAlone) {
    const Sample given = scene_sample();
    const auto crop = make_transform("CenterCrop", section("size: [2, 4]"));
    (void)crop->apply(given, scene_schema());
    EXPECT_EQ(std::get<Tensor>(given.targets[0]).as<float>()[2], 1.0F);
    EXPECT_EQ(std::get<Tensor>(given.targets[0]).shape(), (Shape{3, 4}));
}

TEST(PictureTransform, ASampleWithoutBoxesStaysOne) {
    Sample empty = scene_sample();
    empty.targets[0] = Tensor({DType::f32, Shape{0, 4}});
    empty.targets[1] = Tensor({DType::s64, Shape{0}});
    const auto crop = make_transform("CenterCrop", section("size: 2"));
    EXPECT_EQ(std::get<Tensor>(crop->apply(empty, scene_schema()).targets[0]).shape(), (Shape{0, 4}));
}

TEST(PictureTransform, AMaskOfAnotherSizeIsRefused) {
    Sample odd = scene_sample();
    odd.targets[4] = Tensor({DType::u8, Shape{8, 6}});
    EXPECT_THAT(
        message_of<DataError>([&] { (void)make_transform("Resize", section("size: 4"))->apply(odd, scene_schema()); }),
        HasSubstr("the mask [8,6] has not the size of the picture [6,8,3]"));
}

TEST(PictureTransform, RefusesSizesThatAreNoneWithTheirPlace) {
    EXPECT_THAT(section_refusal("Resize", "size: 1000000"),
                HasSubstr("config.yaml:1:7: size must be one number from 1 to 65536"));
    EXPECT_THAT(section_refusal("Resize", "size: [65536, 65536]"),
                HasSubstr("config.yaml:1:7: size has more than 2^28 pixels"));
    EXPECT_THAT(section_refusal("Resize", "{size: 8, interpolation: area, resampler: pillow}"),
                HasSubstr("needs 'resampler: opencv'"));
    EXPECT_THAT(section_refusal("Resize", "{size: 8, resampler: gimp}"), HasSubstr("pillow opencv tensorflow"));
    EXPECT_THAT(section_refusal("BilinearImagenet", "{height: -8, width: 8}"), HasSubstr("height"));
    EXPECT_THAT(section_refusal("BilinearImagenet", "{height: 8}"), HasSubstr("width must be given"));
    EXPECT_THAT(section_refusal("BilinearImagenet", "{height: 8, width: 8, central_fraction: 1.5}"),
                HasSubstr("central_fraction"));
    EXPECT_THAT(section_refusal("BilinearImagenet", "{height: 8, width: 8, scale: .inf}"), HasSubstr("scale"));
    EXPECT_THAT(section_refusal("ResizeCropImagenet", "{height: 300, width: 300}"), HasSubstr("resize_side"));
    EXPECT_THAT(section_refusal("ResizeCropImagenet", "{height: 65536, width: 65536}"),
                HasSubstr("height has more than 2^28"));
    EXPECT_THAT(section_refusal("ResizeWithAspectRatio", "{height: 8, width: 8, scale: 0}"), HasSubstr("scale"));
    EXPECT_THAT(section_refusal("PaddedCenterCrop", "{size: [8, 9]}"), HasSubstr("size"));
    EXPECT_THAT(section_refusal("AlignImageChannel", "dim: 5"), HasSubstr("dim"));
}

TEST(PictureTransform, RefusesAPictureThatWouldBecomeTooLarge) {
    const Tensor line = Tensor({DType::u8, Shape{1, 60000, 1}});
    EXPECT_THAT(message_of<DataError>([&] {
                    (void)changed(*make_transform("Resize", section("size: 16000"), Framework::pytorch), line);
                }),
                HasSubstr("pixels are too many for the picture [1,60000,1]"));
}

TEST(AlignImageChannel, RepeatsGreyAndLeavesTransparencyOut) {
    const Tensor grey = Tensor::of<std::uint8_t>(Shape{1, 2, 1}, std::vector<std::uint8_t>{5, 6});
    EXPECT_THAT(changed(*make_transform("AlignImageChannel", section("")), grey).as<std::uint8_t>(),
                ElementsAre(5, 5, 5, 6, 6, 6));
    const Tensor clear = Tensor::of<std::uint8_t>(Shape{1, 1, 4}, std::vector<std::uint8_t>{1, 2, 3, 4});
    EXPECT_THAT(changed(*make_transform("AlignImageChannel", section("")), clear).as<std::uint8_t>(),
                ElementsAre(1, 2, 3));
    EXPECT_THAT(
        message_of<DataError>([&] {
            (void)changed(*make_transform("AlignImageChannel", section("dim: 4")), Tensor({DType::u8, Shape{1, 1, 3}}));
        }),
        HasSubstr("AlignImageChannel: 3 channels cannot become 4 in the picture [1,1,3]"));
    EXPECT_EQ(changed_type(*make_transform("AlignImageChannel", section("")),
                           {DType::u8, Shape{kSymbolic, kSymbolic, kSymbolic}})
                  .shape,
              (Shape{kSymbolic, kSymbolic, 3}));
}

TEST(ResizeCropImagenet, DrawsTheSameCropForASampleWhateverIsReadBefore) {
    const std::string yaml =
        "{height: 4, width: 4, resize_side: 6, random_crop: true, random_flip_left_right: true, std_value: 1}";
    std::set<std::vector<float>> different;
    for (std::int64_t id = 0; id < 40; ++id) {
        const Scene once = scene("ResizeCropImagenet", yaml, id);
        const Scene again = scene("ResizeCropImagenet", yaml, id);
        const auto values = first_input(once.sample).as<float>();
        EXPECT_THAT(first_input(again.sample).as<float>(), ::testing::ElementsAreArray(values));
        different.insert({values.begin(), values.end()});
    }
    EXPECT_GT(different.size(), 15U);  // of 3 x 5 positions, flipped or not
}

/// How many different results 60 samples of one picture have.
std::size_t count_of_results(const std::string& name, const std::string& yaml) {
    std::set<std::vector<std::uint8_t>> different;
    for (std::int64_t id = 0; id < 60; ++id) {
        const Scene found = scene(name, yaml, id);
        different.insert({found.pixels().begin(), found.pixels().end()});
    }
    return different.size();
}

TEST(RandomTransforms, DrawEveryResultThatThereIs) {
    EXPECT_EQ(count_of_results("RandomCrop", "size: [5, 7]"), 4U);
    EXPECT_EQ(count_of_results("RandomHorizontalFlip", ""), 2U);
    EXPECT_EQ(count_of_results("RandomVerticalFlip", "p: 0"), 1U);
    EXPECT_EQ(count_of_results("RandomVerticalFlip", "p: 1"), 1U);
    EXPECT_GT(count_of_results("RandomResizedCrop", "size: 4"), 30U);
    EXPECT_GT(count_of_results("ColorJitter", "{brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1}"), 50U);
}

TEST(RandomTransforms, OfTwoPlacesDrawIndependently) {
    const std::string flip = "{RandomHorizontalFlip: {}}";
    EXPECT_EQ(count_of_results("Compose", "transform_list: [" + flip + ", {RandomVerticalFlip: {}}]"), 4U);
    EXPECT_EQ(count_of_results("Compose", "transform_list: [" + flip + ", " + flip + "]"), 2U);
}

TEST(RandomCrop, TakesBoxesAndMaskAlong) {
    const Scene found = scene("RandomCrop", "size: [4, 5]", 3);
    // The mask's classes are the numbers of the pixels, so its first one says where the crop begins.
    const int top = found.mask()[0] / 8;
    const int left = found.mask()[0] % 8;
    EXPECT_EQ(found.pixels()[0], 3 * (8 * top + left));
    EXPECT_EQ(found.mask()[5], 8 * (top + 1) + left);
    const auto boxes = found.boxes();
    const auto last = std::vector<float>(boxes.end() - 4, boxes.end());
    EXPECT_THAT(last, ElementsAre(static_cast<float>(std::max(2 - top, 0)), static_cast<float>(std::max(3 - left, 0)),
                                  static_cast<float>(std::min(5 - top, 4)), static_cast<float>(std::min(8 - left, 5))));
}

TEST(RandomFlip, ExchangesCorners) {
    const Scene sides = scene("RandomHorizontalFlip", "p: 1");
    EXPECT_THAT(sides.boxes(), ElementsAre(0, 7, 1, 8, 1, 2, 4, 6, 2, 0, 5, 5));
    EXPECT_EQ(sides.mask()[0], 7);
    EXPECT_THAT(scene("RandomVerticalFlip", "p: 1").boxes(), ElementsAre(5, 0, 6, 1, 2, 2, 5, 6, 1, 3, 4, 8));
}

TEST(ResizeWithRatio, MovesBoxesIntoTheMiddleOfThePadding) {
    const Scene found = scene("ResizeWithRatio", "{min_dim: 12, max_dim: 20, padding: true}");  // 12 x 16 in 20 x 20
    EXPECT_THAT(found.boxes(), ElementsAre(4, 2, 6, 4, 6, 6, 12, 14, 8, 8, 14, 18));
    EXPECT_THAT(found.size(), ElementsAre(20, 20));
    EXPECT_EQ(found.mask()[0], 255);
    EXPECT_EQ(found.mask()[4 * 20 + 2], 0);
    EXPECT_EQ(found.pixels()[0], 0);
}

TEST(CropToBoundingBox, IsRefusedBeyondThePicture) {
    const std::string yaml = "{offset_height: 1, offset_width: 2, target_height: 5, target_width: 7}";
    EXPECT_THAT(message_of<DataError>([&] { (void)scene("CropToBoundingBox", yaml); }),
                HasSubstr("CropToBoundingBox: 6 x 9 does not fit into the picture [6,8,3]"));
    const Scene found =
        scene("CropToBoundingBox", "{offset_height: 1, offset_width: 2, target_height: 5, target_width: 6}");
    EXPECT_EQ(found.mask()[0], 10);
}

TEST(Pad, RefusesToMirrorMoreThanThereIs) {
    EXPECT_THAT(message_of<DataError>([] { (void)scene("Pad", "{padding: 6, padding_mode: reflect}"); }),
                HasSubstr("Pad: 6 pixels cannot be mirrored in the picture [6,8,3]"));
    EXPECT_EQ(scene("Pad", "{padding: 6, padding_mode: symmetric}").mask()[0], 45);
    EXPECT_THAT(message_of<DataError>([] { (void)scene("Pad", "padding: 65536"); }), HasSubstr("too many"));
}

TEST(RandomTransforms, RefuseSettingsThatAreNone) {
    EXPECT_THAT(section_refusal("RandomHorizontalFlip", "p: 1.5"),
                HasSubstr("config.yaml:1:4: p must be a probability"));
    EXPECT_THAT(section_refusal("RandomResizedCrop", "{size: 8, scale: [0.9, 0.1]}"), HasSubstr("scale"));
    EXPECT_THAT(section_refusal("RandomResizedCrop", "{size: 8, ratio: [0, 1]}"), HasSubstr("ratio"));
    EXPECT_THAT(section_refusal("RandomCrop", ""), HasSubstr("size"));
    EXPECT_THAT(section_refusal("ColorJitter", "hue: 0.6"), HasSubstr("hue"));
    EXPECT_THAT(section_refusal("ColorJitter", "brightness: -1"), HasSubstr("brightness"));
    EXPECT_THAT(section_refusal("Pad", "padding: [1, 2, 3]"), HasSubstr("padding"));
    EXPECT_THAT(section_refusal("Pad", "padding: -1"), HasSubstr("padding"));
    EXPECT_THAT(section_refusal("CropResize", "{x: 0, y: 0, width: 3, size: 9}"), HasSubstr("height must be given"));
    EXPECT_THAT(section_refusal("ResizeWithRatio", "{max_dim: 0, padding: true}"), HasSubstr("max_dim"));
    EXPECT_THAT(section_refusal("ResizeWithRatio", "min_dim: 100000"), HasSubstr("min_dim"));
}

TEST(Compose, SaysWhereAPartIsWrong) {
    EXPECT_THAT(section_refusal("Compose", ""), HasSubstr("transform_list must be given"));
    EXPECT_THAT(section_refusal("Compose", "transform_list: []"), HasSubstr("must hold a transform"));
    EXPECT_THAT(section_refusal("Compose", "transform_list: [{Resize: {size: 0}}]"),
                HasSubstr("transform_list[0].Resize.size"));
    EXPECT_THAT(section_refusal("Compose", "transform_list: [Rotate]"), HasSubstr("not an available transform"));
    EXPECT_THAT(section_refusal("Compose", "transform_list: [[Resize]]"), HasSubstr("must be a transform"));
}

TEST(DecodeImage, ReadsBytesAndNamesTheSampleWhoseBytesAreNone) {
    const auto decode = make_transform("DecodeImage", section(""));
    const Schema schema{.inputs = {{.name = "record", .is_text = true}}, .targets = {}};
    EXPECT_EQ(to_text(decode->output(schema).inputs), "record uint8 [N,N,N]");
    EXPECT_THAT(message_of<DataError>(
                    [&] { (void)decode->apply({.id = 7, .inputs = {std::vector<std::string>{"GIF89a"}}}, schema); }),
                HasSubstr("sample 7: is neither"));
}

TEST(ToPILImage, UndoesToTensor) {
    const Scene before = scene("ToArray", "");
    const auto both = make_transform("Compose", section("transform_list: [ToTensor, ToPILImage]"));
    const Tensor after = changed(*both, first_input(before.sample));
    EXPECT_EQ(after.shape(), (Shape{6, 8, 3}));
    for (std::size_t i = 0; i < before.pixels().size(); ++i) {
        EXPECT_NEAR(after.as<std::uint8_t>()[i], before.pixels()[i], 1) << "cut off, as in torchvision";
    }
}

TEST(QuantizedInput, GivesCodesOnceTheScaleIsKnown) {
    const Tensor values = Tensor::of<float>(Shape{4}, std::vector<float>{-2.0F, 0.0F, 0.55F, 100.0F});
    EXPECT_THAT(changed(*make_transform("QuantizedInput", section("")), values).as<float>(),
                ElementsAre(-2.0F, 0, 0.55F, 100));
    EXPECT_THAT(changed(*make_transform("QuantizedInput", section("scale: 10")), values).as<std::int8_t>(),
                ElementsAre(-20, 0, 5, 127));
    EXPECT_THAT(
        changed(*make_transform("QuantizedInput", section("{scale: 10, dtype: uint8}")), values).as<std::uint8_t>(),
        ElementsAre(108, 128, 133, 255));
    EXPECT_THAT(section_refusal("QuantizedInput", "dtype: int16"), HasSubstr("int8 uint8"));
}

TEST(Normalize, TakesChannelsFirstBehindToTensorUnderPyTorch) {
    const Tensor planes = Tensor::of<float>(Shape{3, 1, 2}, std::vector<float>{1, 2, 3, 4, 5, 6});
    const auto normalize =
        make_transform("Normalize", section("{mean: [1, 3, 5], std: [1, 2, 4]}"), Framework::pytorch);
    EXPECT_THAT(changed(*normalize, planes).as<float>(), ElementsAre(0, 1, 0, 0.5F, 0, 0.25F));
    const Tensor picture = Tensor::of<float>(Shape{1, 2, 3}, std::vector<float>{1, 3, 5, 2, 5, 9});
    EXPECT_THAT(changed(*normalize, picture).as<float>(), ElementsAre(0, 0, 0, 1, 1, 1));
}

}  // namespace
}  // namespace halftone
