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
const TensorType kGrey{DType::u8, Shape{4, 5}};
const std::map<std::string, Case> kCases{
    {"AlignImageChannel", {"dim: 1", kImage, TensorType{DType::u8, Shape{4, 5, 2}}}},
    {"BilinearImagenet",
     {"{height: 3, width: 2, mean_value: [1, 2, 3]}", kImage, TensorType{DType::u8, Shape{4, 5, 2}}}},
    {"Cast", {"", kImage, std::nullopt}},
    {"CenterCrop", {"size: [2, 3]", kImage, TensorType{DType::u8, Shape{1, 5, 3}}}},
    {"ColorJitter", {"{brightness: 0.5, hue: 0.2}", kImage, TensorType{DType::f32, Shape{4, 5, 3}}}},
    {"Compose", {"transform_list: [{Rescale: {}}, {Cast: {dtype: uint8}}, ToArray]", kImage, std::nullopt}},
    {"CropResize", {"{x: 1, y: 0, width: 3, height: 4, size: [2, 9]}", kImage, TensorType{DType::u8, Shape{4, 3, 3}}}},
    {"CropToBoundingBox",
     {"{offset_height: 1, offset_width: 2, target_height: 3, target_width: 2}", kImage,
      TensorType{DType::u8, Shape{3, 5, 3}}}},
    {"DecodeImage", {"", kImage, std::nullopt}},
    {"EncodeJpeg", {"", kImage, TensorType{DType::f32, Shape{4, 5, 3}}}},
    {"Normalize", {"{mean: [1, 2, 3], std: 2}", kImage, TensorType{DType::u8, Shape{4, 5, 2}}}},
    {"Pad", {"{padding: [1, 2], padding_mode: reflect}", kImage, TensorType{DType::u8, Shape{4, 5}}}},
    {"PaddedCenterCrop", {"{size: 8, crop_padding: 8}", kImage, kGrey}},
    {"ParseDecodeCoco", {"", kImage, std::nullopt}},
    {"ParseDecodeImagenet", {"", kImage, std::nullopt}},
    {"ParseDecodeVoc", {"", kImage, std::nullopt}},
    {"QuantizedInput", {"scale: 0.5", kImage, std::nullopt}},
    {"RandomCrop", {"size: [2, 5]", kImage, TensorType{DType::u8, Shape{4, 4, 3}}}},
    {"RandomHorizontalFlip", {"", kImage, kGrey}},
    {"RandomResizedCrop", {"size: 3", kImage, kGrey}},
    {"RandomVerticalFlip", {"p: 1.0", kImage, kGrey}},
    {"Rescale", {"", kImage, std::nullopt}},
    {"Resize", {"{size: [3, 8], interpolation: bicubic}", kImage, TensorType{DType::u8, Shape{4, 5}}}},
    {"ResizeCropImagenet",
     {"{height: 3, width: 9, resize_side: 8, random_crop: true}", kImage, TensorType{DType::u8, Shape{5, 5, 3}}}},
    {"ResizeWithAspectRatio", {"{height: 3, width: 4}", kImage, kGrey}},
    {"ResizeWithRatio", {"{min_dim: 8, max_dim: 9, padding: true}", kImage, kGrey}},
    {"ToArray", {"", kImage, std::nullopt}},
    {"ToNDArray", {"", kImage, std::nullopt}},
    {"ToPILImage", {"", kImage, TensorType{DType::s64, Shape{4, 5, 3}}}},
    {"ToTensor", {"", kImage, TensorType{DType::s64, Shape{4, 5, 3}}}},
    {"Transpose", {"perm: [2, 0, 1]", kImage, TensorType{DType::u8, Shape{4, 5}}}},
};

std::vector<std::byte> bytes_of(const Tensor& tensor) {
    return {tensor.view().data, tensor.view().data + tensor.bytes()};
}

/// What a transform makes of a picture: mostly another one, and a text where it encodes it.
struct Result {
    Field field;
    FieldValue value;
    [[nodiscard]] std::vector<std::byte> bytes() const {
        if (const auto* tensor = std::get_if<Tensor>(&value)) return bytes_of(*tensor);
        const auto text = std::as_bytes(std::span(std::get<std::vector<std::string>>(value).at(0)));
        return {text.begin(), text.end()};
    }
};

Result result_of(const Transform& transform, const Tensor& input, std::int64_t id = 0) {
    const Schema schema{.inputs = {{.name = "x", .type = input.type()}}, .targets = {}};
    return {transform.output(schema).inputs.at(0), transform.apply({.id = id, .inputs = {input}}, schema).inputs.at(0)};
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
    const Result result = result_of(*transform_, input_);
    ASSERT_EQ(std::holds_alternative<Tensor>(result.value), !result.field.is_text);
    if (result.field.is_text) return;
    EXPECT_EQ(std::get<Tensor>(result.value).type(), result.field.type);
}

TEST_P(EveryTransform, LeavesItsInputAndRepeatsItself) {
    const std::vector<std::byte> before = bytes_of(input_);
    for (const std::int64_t id : {0, 1, 2, 1000}) {
        const std::vector<std::byte> once = result_of(*transform_, input_, id).bytes();
        EXPECT_EQ(bytes_of(input_), before);
        EXPECT_EQ(result_of(*transform_, input_, id).bytes(), once) << "sample " << id;
    }
}

// Of a data set whose pictures differ in size, a transform says what it can, and each sample then fits that.
TEST_P(EveryTransform, TakesPicturesOfOpenSizes) {
    Schema open{.inputs = {{.name = "x", .type = input_.type()}}, .targets = {}};
    open.inputs[0].type.shape = Shape{kSymbolic, kSymbolic, 3};
    const Field field = transform_->output(open).inputs.at(0);
    const Sample sample = transform_->apply({.id = 5, .inputs = {input_}}, open);
    const auto* tensor = std::get_if<Tensor>(&sample.inputs.at(0));
    ASSERT_EQ(tensor == nullptr, field.is_text);
    if (tensor == nullptr) return;
    ASSERT_EQ(tensor->shape().rank(), field.type.shape.rank());
    EXPECT_EQ(tensor->dtype(), field.type.dtype);
    for (std::size_t d = 0; d < field.type.shape.rank(); ++d) {
        const std::int64_t said = field.type.shape[d];
        EXPECT_TRUE(said == kSymbolic || said == tensor->shape()[d]) << "axis " << d;
    }
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
