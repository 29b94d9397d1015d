// Pictures and their sizes, against Pillow bit for bit (golden/data/PROVENANCE.md); damaged ones are refused.
#include "data/formats/picture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/config_text.hpp"
#include "support/temporary_folder.hpp"
#include "tensor/npy.hpp"

namespace halftone {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kPictures = HALFTONE_TEST_DATA "/data/pictures/";
const std::string kResized = HALFTONE_TEST_DATA "/data/resize/";

std::string bytes_of_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

Tensor golden(const std::string& path) { return from_npy(bytes_of_file(path), path); }

void expect_equal(const Tensor& found, const Tensor& expected) {
    ASSERT_EQ(found.type(), expected.type());
    const std::string_view a(reinterpret_cast<const char*>(found.view().data), found.bytes());
    const std::string_view b(reinterpret_cast<const char*>(expected.view().data), expected.bytes());
    EXPECT_EQ(a == b, true) << "first difference at byte "
                            << std::mismatch(a.begin(), a.end(), b.begin()).first - a.begin();
}

class EveryPicture : public ::testing::TestWithParam<const char*> {};

TEST_P(EveryPicture, IsWhatPillowReads) {
    const std::string path = kPictures + GetParam();
    expect_equal(decode_picture(bytes_of_file(path), path), golden(path + ".npy"));
}

TEST_P(EveryPicture, IsRefusedWhereItIsCutOff) {
    const std::string good = bytes_of_file(kPictures + GetParam());
    // The last bytes say only that nothing follows: four of a JPEG file, the twelve of IEND and a checksum of a PNG.
    for (std::size_t size = 0; size + 40 < good.size(); size += 7) {
        EXPECT_THAT(message_of<DataError>([&] { (void)decode_picture(good.substr(0, size), "cut.jpg"); }),
                    HasSubstr("cut.jpg: "))
            << size;
    }
}

// Any answer but a crash will do: a changed colour is no damage.
TEST_P(EveryPicture, WithAWrongByteIsRefusedOrAPicture) {
    const std::string good = bytes_of_file(kPictures + GetParam());
    for (std::size_t at = 0; at < good.size(); at += 3) {
        std::string bad = good;
        bad[at] = static_cast<char>(bad[at] ^ 0x55);
        try {
            (void)decode_picture(bad, "bad");
        } catch (const Error& error) {
            EXPECT_THAT(error.what(), HasSubstr("bad"));
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Pictures, EveryPicture,
                         ::testing::Values("rgb.jpg", "grey.jpg", "progressive.jpg", "full_colour.jpg", "cmyk.jpg",
                                           "rgb.png", "grey.png", "palette.png", "two_colours.png", "rgba.png",
                                           "grey_alpha.png", "grey16.png", "interlaced.png"),
                         [](const auto& name) {
                             std::string word = name.param;
                             std::replace(word.begin(), word.end(), '.', '_');
                             return word;
                         });

TEST(Pictures, APngThatClaimsTooMuchIsRefusedBeforeMemoryIsTaken) {
    std::string bomb = bytes_of_file(kPictures + "rgb.png");
    // Width and height stand at bytes 16 and 20, and the header's checksum at 29 (PNG specification, 5.3 and 11.2.2).
    const std::string side("\x00\x01\x86\xa0", 4);  // 10^5
    bomb.replace(16, 4, side).replace(20, 4, side).replace(29, 4, std::string("\x27\x30\x9c\x9f", 4));
    const std::string message = message_of<DataError>([&] { (void)decode_picture(bomb, "bomb.png"); });
    EXPECT_THAT(message, HasSubstr("bomb.png: claims 100000 x 100000 pixels"));
}

TEST(Pictures, OtherFilesAreRefused) {
    EXPECT_THAT(message_of<DataError>([] { (void)decode_picture("GIF89a", "a.png"); }),
                HasSubstr("a.png: is neither a JPEG nor a PNG file"));
    EXPECT_FALSE(is_picture(""));
}

class EverySize : public ::testing::TestWithParam<const char*> {};

TEST_P(EverySize, IsWhatPillowMakes) {
    const Tensor scene = golden(kResized + "scene.npy");
    for (const auto& [height, width] : {std::pair(8, 8), {50, 41}, {21, 17}, {20, 34}}) {
        const std::string size = std::to_string(height) + ", " + std::to_string(width);
        const auto resize = make_transform(
            "Resize", section("{size: [" + size + "], resampler: pillow, interpolation: " + GetParam() + "}"));
        SCOPED_TRACE(size);
        expect_equal(changed(*resize, scene), golden(kResized + GetParam() + "_" + std::to_string(height) + "x" +
                                                     std::to_string(width) + ".npy"));
    }
    Tensor floats({DType::f32, Shape{21, 34, 1}});
    for (std::size_t i = 0; i < 21 * 34; ++i) {
        floats.mutable_view().as<float>()[i] = static_cast<float>(scene.as<std::uint8_t>()[3 * i]) / 7.0F;
    }
    const auto resize = make_transform(
        "Resize", section(std::string("{size: [11, 19], resampler: pillow, interpolation: ") + GetParam() + "}"));
    const Tensor expected = golden(kResized + "f_" + GetParam() + ".npy");
    const Tensor found = changed(*resize, floats);
    ASSERT_EQ(found.type(), expected.type());
    for (std::size_t i = 0; i < 11 * 19; ++i) EXPECT_FLOAT_EQ(found.as<float>()[i], expected.as<float>()[i]) << i;
}

INSTANTIATE_TEST_SUITE_P(Methods, EverySize, ::testing::Values("nearest", "bilinear", "bicubic"),
                         [](const auto& name) { return std::string(name.param); });

// Of a rest of 3 torchvision takes the larger half first, of 1, 2 and 5 the smaller one: half to even.
TEST(CenterCrop, RoundsAsTorchvisionUnderPytorch) {
    const Tensor scene = golden(kResized + "scene.npy");  // 21 x 34
    const auto first_byte = [&](const Tensor& crop) { return crop.as<std::uint8_t>()[0]; };
    const auto pixel = [&](std::size_t row, std::size_t column) {
        return scene.as<std::uint8_t>()[(row * 34 + column) * 3];
    };
    const auto cropped = [&](const std::string& size, Framework framework) {
        return changed(*make_transform("CenterCrop", section("size: " + size), framework), scene);
    };
    EXPECT_EQ(first_byte(cropped("[18, 31]", Framework::pytorch)), pixel(2, 2));
    EXPECT_EQ(first_byte(cropped("[18, 31]", Framework::onnxrt)), pixel(1, 1));
    EXPECT_EQ(first_byte(cropped("[20, 29]", Framework::pytorch)), pixel(0, 2));
    EXPECT_EQ(first_byte(cropped("[16, 32]", Framework::pytorch)), pixel(2, 1));
}

TEST(CenterCrop, TakesTheMiddle) {
    const Tensor scene = golden(kResized + "scene.npy");
    const Tensor crop = changed(*make_transform("CenterCrop", section("size: [4, 5]")), scene);
    ASSERT_EQ(crop.shape(), (Shape{4, 5, 3}));
    // Rows 8 to 11 of 21 and columns 14 to 18 of 34.
    EXPECT_EQ(crop.as<std::uint8_t>()[0], scene.as<std::uint8_t>()[(8 * 34 + 14) * 3]);
    EXPECT_EQ(crop.as<std::uint8_t>()[59], scene.as<std::uint8_t>()[(11 * 34 + 18) * 3 + 2]);
    EXPECT_THAT(
        message_of<DataError>([&] { (void)changed(*make_transform("CenterCrop", section("size: 22")), scene); }),
        HasSubstr("CenterCrop: 22 x 22 does not fit into the picture [21,34,3]"));
    EXPECT_THAT(message_of<ConfigError>([] { (void)make_transform("CenterCrop", section("size: 0")); }),
                HasSubstr("size"));
}

TEST(ToTensor, PutsChannelsFirstAndDividesBytesBy255) {
    const Tensor bytes = Tensor::of<std::uint8_t>(Shape{1, 2, 2}, std::vector<std::uint8_t>{0, 255, 51, 102});
    EXPECT_THAT(changed(*make_transform("ToTensor", section("")), bytes).as<float>(), ElementsAre(0, 0.2F, 1, 0.4F));
    const Tensor floats = Tensor::of<float>(Shape{1, 2, 2}, std::vector<float>{0, 255, 51, 102});
    EXPECT_THAT(changed(*make_transform("ToTensor", section("")), floats).as<float>(), ElementsAre(0, 51, 255, 102));
}

TEST(ImageFolder, ClassesAreNumberedByNameAndFilesSorted) {
    const TemporaryFolder folder;
    for (const char* file : {"dog/b.jpg", "dog/a.png", "cat/x.JPEG", "cat/notes.txt", "empty/.keep"}) {
        std::filesystem::create_directories(std::filesystem::path(folder / file).parent_path());
        const std::string source = std::string(file).find(".png") != std::string::npos ? "grey.png" : "rgb.jpg";
        std::filesystem::copy_file(kPictures + source, folder / file);
    }
    const auto dataset = make_dataset("ImageFolder", section("root: " + folder.path()));
    ASSERT_EQ(dataset->size(), 3);
    EXPECT_EQ(to_text(dataset->schema().inputs), "image uint8 [N,N,N]");
    EXPECT_EQ(label_of(dataset->read(0)), 0);
    EXPECT_EQ(label_of(dataset->read(2)), 1);
    expect_equal(first_input(dataset->read(0)), golden(kPictures + "rgb.jpg.npy"));
    expect_equal(first_input(dataset->read(1)), golden(kPictures + "grey.png.npy"));
    std::ofstream(folder / "dog/c.jpg") << "no picture";
    const auto damaged = make_dataset("ImageFolder", section("root: " + folder.path()));
    EXPECT_THAT(message_of<DataError>([&] { (void)damaged->read(3); }), HasSubstr("dog/c.jpg: is neither"));
    EXPECT_NE(damaged->content_hash(), dataset->content_hash());
}

TEST(ImageFolder, RefusesPicturesThatItCannotReadAndFoldersWithoutAny) {
    const TemporaryFolder folder;
    EXPECT_THAT(message_of<DataError>([&] { (void)make_dataset("ImageFolder", section("root: " + folder.path())); }),
                HasSubstr("holds no folders with JPEG or PNG pictures"));
    std::filesystem::create_directories(folder / "a");
    std::ofstream(folder / "a/x.webp") << "RIFF";
    EXPECT_THAT(message_of<DataError>([&] { (void)make_dataset("ImageFolder", section("root: " + folder.path())); }),
                HasSubstr("x.webp: pictures of this kind are not read"));
}

}  // namespace
}  // namespace halftone
