// Transforms of pictures against the libraries that define them: Pillow, OpenCV and TensorFlow
// (golden/data/make_transform_golden.py, PROVENANCE.md).
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <ostream>

#include "data/convert.hpp"
#include "support/config_text.hpp"
#include "tensor/npy.hpp"

namespace halftone {
namespace {

Tensor golden_array(const std::string& name) {
    const std::string path = HALFTONE_TEST_DATA "/data/transforms/" + name + ".npy";
    std::ifstream file(path, std::ios::binary);
    return from_npy(std::string(std::istreambuf_iterator<char>(file), {}), path);
}

/// A transform of one of the golden pictures, and the file that holds what the library makes of it.
struct GoldenCase {
    std::string file;
    std::string picture;
    std::string transform;
    std::string yaml;
    std::string framework = "onnxrt";
    double tolerance = 0;  ///< of each value, as a difference; 0: equal
};

void expect_golden(const GoldenCase& expected) {
    SCOPED_TRACE(expected.file + ": " + expected.transform + " " + expected.yaml);
    const auto transform = make_transform(expected.transform, section(expected.yaml), framework_of(expected.framework));
    const Tensor picture = golden_array(expected.picture);
    const Tensor found = changed(*transform, picture);
    const Tensor wanted = golden_array(expected.file);
    ASSERT_EQ(found.type(), wanted.type());
    const Tensor a = to_floats(found);
    const Tensor b = to_floats(wanted);
    for (std::size_t i = 0; i < a.as<float>().size(); ++i) {
        ASSERT_NEAR(a.as<float>()[i], b.as<float>()[i], expected.tolerance) << "element " << i;
    }
}

constexpr double kRounding = 2e-6;  ///< of fp32 values up to 1, summed in another order

struct Resampling {
    std::string library, method;
    double of_bytes, of_floats;
};

/// The name of the case, which would be its bytes otherwise.
void PrintTo(const Resampling& tested, std::ostream* out) { *out << tested.library << " " << tested.method; }

class EveryResampler : public ::testing::TestWithParam<Resampling> {};

TEST_P(EveryResampler, GivesWhatItsLibraryGives) {
    const auto& [library, method, of_bytes, of_floats] = GetParam();
    const auto check = [&](const std::string& file, const std::string& picture, const std::string& size,
                           double tolerance) {
        const std::string yaml = "{size: [" + size + "], interpolation: " + method + ", resampler: " + library + "}";
        expect_golden({library + "_" + method + "_" + file, picture, "Resize", yaml, "pytorch", tolerance});
    };
    check("8x8", "scene", "8, 8", of_bytes);
    check("26x23", "scene", "26, 23", of_bytes);
    check("9x24", "scene", "9, 24", of_bytes);
    check("20x17", "scene", "20, 17", of_bytes);
    check("half", "even", "6, 8", of_bytes);
    check("blocks", "even", "4, 4", of_bytes);
    check("floats", "floats", "7, 21", of_floats);
}

INSTANTIATE_TEST_SUITE_P(Libraries, EveryResampler,
                         ::testing::Values(Resampling{"opencv", "nearest", 0, 0},
                                           Resampling{"opencv", "bilinear", 0, 1e-5},
                                           Resampling{"opencv", "bicubic", 1, 1e-4}, Resampling{"opencv", "area", 0, 0},
                                           Resampling{"tensorflow", "nearest", 0, 0},
                                           Resampling{"tensorflow", "bilinear", 0, 0},
                                           Resampling{"tensorflow", "bicubic", 0, 0}),
                         [](const auto& tested) { return tested.param.library + "_" + tested.param.method; });

TEST(Resize, TakesTheResamplerOfTheFramework) {
    expect_golden({"opencv_bilinear_8x8", "scene", "Resize", "size: 8", "onnxrt_qlinearops"});
    expect_golden({"opencv_bilinear_8x8", "scene", "Resize", "size: 8", "mxnet"});
    expect_golden({"tensorflow_bilinear_8x8", "scene", "Resize", "size: 8", "tensorflow"});
    expect_golden({"opencv_bilinear_8x8", "scene", "Resize", "{size: 8, resampler: opencv}", "tensorflow"});
}

TEST(Resize, OfOneNumberIsThatOfTheShorterSideUnderPyTorch) {
    expect_golden({"shorter_side", "scene", "Resize", "size: 10", "pytorch_fx"});
}

TEST(BilinearImagenet, IsThatOfTheFramework) {
    const std::string small = "{height: 8, width: 9, mean_value: [0.1, 0.2, 0.3], scale: 0.5}";
    const std::string half = "{height: 20, width: 21, central_fraction: 0.5}";
    expect_golden({"bilinear_imagenet_opencv", "scene", "BilinearImagenet", small, "onnxrt", kRounding});
    expect_golden({"bilinear_imagenet_tensorflow", "scene", "BilinearImagenet", small, "tensorflow", kRounding});
    expect_golden({"bilinear_imagenet_half_opencv", "scene", "BilinearImagenet", half, "onnxrt", kRounding});
    expect_golden({"bilinear_imagenet_half_tensorflow", "scene", "BilinearImagenet", half, "tensorflow", kRounding});
}

TEST(ResizeCropImagenet, IsThatOfTheFrameworkAndKeepsTheRatioOfTheSides) {
    const std::string onnxrt = "{height: 8, width: 9, resize_side: 10, mean_value: [0.485, 0.456, 0.406]}";
    const std::string tensorflow =
        "{height: 8, width: 9, resize_side: 10, mean_value: [123.68, 116.78, 103.94], scale: 0.017}";
    expect_golden({"resize_crop_wide_opencv", "scene", "ResizeCropImagenet", onnxrt, "onnxrt", kRounding});
    expect_golden({"resize_crop_upright_opencv", "upright", "ResizeCropImagenet", onnxrt, "onnxrt", kRounding});
    expect_golden({"resize_crop_wide_tensorflow", "scene", "ResizeCropImagenet", tensorflow, "tensorflow", kRounding});
    expect_golden(
        {"resize_crop_upright_tensorflow", "upright", "ResizeCropImagenet", tensorflow, "tensorflow", kRounding});
}

TEST(ResizeWithAspectRatio, EnlargesWhatACropCutsOut) {
    expect_golden({"aspect_wide", "scene", "ResizeWithAspectRatio", "{height: 8, width: 9}"});
    expect_golden({"aspect_upright", "upright", "ResizeWithAspectRatio", "{height: 8, width: 9}"});
}

TEST(PaddedCenterCrop, TakesAShareOfTheShorterSide) {
    expect_golden({"padded_center_crop", "scene", "PaddedCenterCrop", "{size: 10, crop_padding: 4}"});
}

TEST(AlignImageChannel, MakesColoursGreyAsPillowDoes) {
    expect_golden({"grey", "scene", "AlignImageChannel", "dim: 1"});
}

TEST(ResizeWithRatio, PadsToASquareAndShrinksWhatIsTooLarge) {
    const std::string padded = "{min_dim: 20, max_dim: 24, padding: true, constant_value: 7}";
    const std::string shrunk = "{min_dim: 4, max_dim: 10}";
    for (const auto& [framework, library] :
         {std::pair("onnxrt", "opencv"), {"tensorflow", "tensorflow"}, {"pytorch", "pillow"}}) {
        expect_golden({std::string("ratio_") + library, "scene", "ResizeWithRatio", padded, framework});
        expect_golden({std::string("ratio_shrinks_") + library, "scene", "ResizeWithRatio", shrunk, framework});
    }
}

TEST(CropResize, IsThatOfTheFramework) {
    const std::string yaml = "{x: 2, y: 3, width: 12, height: 8, size: [6, 9]}";
    expect_golden({"crop_resize_opencv", "scene", "CropResize", yaml, "onnxrt"});
    expect_golden({"crop_resize_pillow", "scene", "CropResize", yaml, "pytorch"});
    expect_golden({"crop_resize_tensorflow", "scene", "CropResize", yaml, "tensorflow"});
}

TEST(Pad, IsThatOfNumPyInEveryMode) {
    expect_golden({"pad_constant", "scene", "Pad", "{padding: [3, 2, 5, 4], fill: 9}"});
    for (const std::string mode : {"edge", "reflect", "symmetric"}) {
        expect_golden({"pad_" + mode, "scene", "Pad", "{padding: [3, 2, 5, 4], padding_mode: " + mode + "}"});
    }
}

TEST(ColorJitter, ChangesColoursAsPillowDoes) {
    for (const auto& [file, factor] : {std::pair("brightness_up", "1.4"),
                                       {"brightness_down", "0.3"},
                                       {"contrast_up", "1.7"},
                                       {"contrast_down", "0.25"},
                                       {"saturation_up", "1.6"},
                                       {"saturation_down", "0.4"},
                                       {"hue_up", "0.2"},
                                       {"hue_down", "-0.45"}}) {
        const std::string name(file);
        const std::string key = name.substr(0, name.find('_'));
        const std::string yaml = "{" + key + ": [" + factor + ", " + factor + "]}";
        expect_golden({name, "colours", "ColorJitter", yaml});
    }
}

TEST(EncodeJpeg, LeavesWhatTensorFlowsEncoderLeaves) {
    expect_golden(
        {"jpeg_95", "scene", "Compose", "transform_list: [EncodeJpeg, DecodeImage, AlignImageChannel]", "onnxrt", 1});
}

}  // namespace
}  // namespace halftone
