// Any YAML as the sections `transform` and `filter` of a dataloader: refused with a ConfigError, or transforms whose
// samples have the types that they say beforehand. An input is read as if for one of the four frameworks, a stored one
// as if for each of them.
#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "data/dataset.hpp"
#include "fuzz/mutate/mutate.hpp"
#include "fuzz/target.hpp"

namespace halftone::fuzz {
namespace {

/// Words that the mutator puts in the place of keys and values.
constexpr std::array<std::string_view, 48> kTransformWords{"Resize",
                                                           "CenterCrop",
                                                           "RandomCrop",
                                                           "RandomResizedCrop",
                                                           "RandomHorizontalFlip",
                                                           "RandomVerticalFlip",
                                                           "ColorJitter",
                                                           "Pad",
                                                           "CropResize",
                                                           "CropToBoundingBox",
                                                           "AlignImageChannel",
                                                           "ResizeWithRatio",
                                                           "ResizeWithAspectRatio",
                                                           "PaddedCenterCrop",
                                                           "BilinearImagenet",
                                                           "ResizeCropImagenet",
                                                           "DecodeImage",
                                                           "EncodeJpeg",
                                                           "QuantizedInput",
                                                           "Compose",
                                                           "ToTensor",
                                                           "Transpose",
                                                           "Normalize",
                                                           "size",
                                                           "interpolation",
                                                           "resampler",
                                                           "height",
                                                           "width",
                                                           "x",
                                                           "y",
                                                           "padding",
                                                           "padding_mode",
                                                           "fill",
                                                           "min_dim",
                                                           "max_dim",
                                                           "resize_side",
                                                           "scale",
                                                           "ratio",
                                                           "mean",
                                                           "std",
                                                           "dim",
                                                           "input",
                                                           "image",
                                                           "opencv",
                                                           "area",
                                                           "nearest",
                                                           "reflect",
                                                           "transform_list"};

/// A small picture with what detection and segmentation have beside it.
Schema pictured_schema() {
    return {.inputs = {{.name = "image", .type = {DType::u8, Shape{kSymbolic, kSymbolic, 3}}}},
            .targets = {{.name = "boxes", .type = {DType::f32, Shape{kSymbolic, 4}}},
                        {.name = "labels", .type = {DType::s64, Shape{kSymbolic}}},
                        {.name = "size", .type = {DType::s64, Shape{2}}},
                        {.name = "mask", .type = {DType::u8, Shape{kSymbolic, kSymbolic}}}}};
}

Sample pictured_sample() {
    Tensor picture({DType::u8, Shape{9, 7, 3}});
    for (std::size_t i = 0; i < picture.bytes(); ++i) picture.mutable_view().data[i] = static_cast<std::byte>(i * 37);
    return {.id = 3,
            .inputs = {picture},
            .targets = {Tensor::of<float>(Shape{2, 4}, std::vector<float>{0, 0, 2, 3, 4, 1, 9, 7}),
                        Tensor::of<std::int64_t>(Shape{2}, std::vector<std::int64_t>{1, 2}),
                        Tensor::of<std::int64_t>(Shape{2}, std::vector<std::int64_t>{9, 7}),
                        Tensor({DType::u8, Shape{9, 7}})}};
}

/// Whether a text has a number of four digits. A size that a config may ask for can take seconds and gigabytes, so such
/// transforms are made and asked for their types, and not applied.
bool has_large_number(std::string_view text) {
    std::size_t digits = 0;
    for (const char c : text) {
        digits = c >= '0' && c <= '9' ? digits + 1 : 0;
        if (digits == 4) return true;
    }
    return false;
}

void expect_fields(const std::vector<Field>& fields, const std::vector<FieldValue>& values) {
    expect(fields.size() == values.size(), "a sample has other fields than its schema");
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const auto* tensor = std::get_if<Tensor>(&values[i]);
        expect((tensor == nullptr) == fields[i].is_text, "a text is a number, or the other way round");
        if (tensor == nullptr) continue;
        const TensorType& said = fields[i].type;
        expect(tensor->dtype() == said.dtype && tensor->shape().rank() == said.shape.rank(),
               "a value has another type");
        for (std::size_t d = 0; d < said.shape.rank(); ++d) {
            expect(said.shape[d] == kSymbolic || said.shape[d] == tensor->shape()[d], "a value has another size");
        }
    }
}

/// Whether the transforms behind could take seconds: the value is large, or it is a picture so narrow that scaling its
/// shorter side makes it large.
bool is_costly(const FieldValue& value) {
    const auto* tensor = std::get_if<Tensor>(&value);
    if (tensor == nullptr) return false;
    const Shape& shape = tensor->shape();
    const bool is_narrow = shape.rank() >= 2 && std::max(shape[0], shape[1]) > 16 * std::min(shape[0], shape[1]);
    return is_narrow || tensor->elements() > (std::int64_t{1} << 20);
}

void run_transforms(const ConfigNode& map, Framework framework, bool is_applied) {
    Schema schema = pictured_schema();
    Sample sample = pictured_sample();
    for (const auto& [word, node] : map.entries) {
        const auto transform = make_transform(word, node, framework);
        const Schema after = transform->output(schema);
        if (!is_applied) {
            schema = after;
            continue;
        }
        try {
            sample = transform->apply(std::move(sample), schema);
        } catch (const DataError&) {
            return;  // what it says of all samples need not fit this one
        }
        expect_fields(after.inputs, sample.inputs);
        expect_fields(after.targets, sample.targets);
        schema = after;
        if (std::any_of(sample.inputs.begin(), sample.inputs.end(), is_costly)) return;
    }
}

void run_transform(std::string_view text) {
    try {
        const ConfigNode tree = parse_yaml(text, "fuzz.yaml");
        std::uint64_t share = 0;
        for (const Framework framework :
             {Framework::tensorflow, Framework::pytorch, Framework::mxnet, Framework::onnxrt}) {
            if (is_in_share(text, 4, share++)) run_transforms(tree, framework, !has_large_number(text));
        }
    } catch (const ConfigError&) {
        return;
    } catch (const DataError&) {
        return;
    }
}

bool mutate_transform(std::string& bytes, Rng& rng) { return mutate_yaml(bytes, rng, kTransformWords); }

}  // namespace

FuzzTarget make_transform_target() { return {.run = &run_transform, .mutate = &mutate_transform}; }

}  // namespace halftone::fuzz
