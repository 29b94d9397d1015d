// ImagenetRaw and style_transfer: pictures in folders, by a list and in pairs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "data/formats/picture.hpp"
#include "data/resample/resample.hpp"
#include "support/config_text.hpp"
#include "support/temporary_folder.hpp"
#include "support/tf_records.hpp"

namespace halftone {
namespace {

using ::testing::HasSubstr;

struct PictureWorld {
    TemporaryFolder folder;

    void copy(const std::string& golden, const std::string& to) const {
        std::filesystem::create_directories(std::filesystem::path(folder / to).parent_path());
        std::filesystem::copy_file(HALFTONE_TEST_DATA "/data/pictures/" + golden, folder / to);
    }
    [[nodiscard]] std::unique_ptr<Dataset> raw(const std::string& more = "") const {
        return make_dataset("ImagenetRaw", section("{data_path: " + folder.path() + more + "}"));
    }
    [[nodiscard]] std::string raw_refusal(const std::string& list) const {
        write_bytes(folder / "val.txt", list);
        return message_of<DataError>([&] { (void)raw(); });
    }
};

TEST(ImagenetRaw, LinesAreSamplesInTheirOrder) {
    const PictureWorld world;
    world.copy("rgb.jpg", "a b.JPEG");
    world.copy("grey.jpg", "in/c.JPEG");
    write_bytes(world.folder / "labels.txt", "in/c.JPEG 65\r\n\na b.JPEG\t970\n");
    const auto dataset = world.raw(", image_list: " + (world.folder / "labels.txt"));
    ASSERT_EQ(dataset->size(), 2);
    EXPECT_EQ(to_text(dataset->schema().inputs), "image uint8 [N,N,3]");
    EXPECT_EQ(label_of(dataset->read(0)), 65);
    EXPECT_EQ(first_input(dataset->read(0)).shape()[2], 3) << "a grey picture has three channels, as in LPOT";
    EXPECT_EQ(label_of(dataset->read(1)), 970);
}

TEST(ImagenetRaw, TheListIsValTxtOrValMapTxtWhereNobodySays) {
    const PictureWorld world;
    world.copy("rgb.jpg", "a.jpg");
    EXPECT_THAT(message_of<DataError>([&] { (void)world.raw(); }),
                HasSubstr("/val.txt does not exist, nor " + world.folder.path() + "/val_map.txt"));
    write_bytes(world.folder / "val_map.txt", "a.jpg 1\na.jpg 2\n");
    EXPECT_EQ(world.raw()->size(), 2);
    write_bytes(world.folder / "val.txt", "a.jpg 1\n");
    EXPECT_EQ(world.raw()->size(), 1);
}

TEST(ImagenetRaw, AMissingPictureIsNamedWithItsLine) {
    const PictureWorld world;
    world.copy("rgb.jpg", "a.jpg");
    EXPECT_THAT(world.raw_refusal("a.jpg 1\nb.jpg 2\n"),
                HasSubstr("val.txt:2: its picture " + (world.folder / "b.jpg") + " does not exist"));
    EXPECT_THAT(world.raw_refusal("a.jpg 1\n../b.jpg 2\n"), HasSubstr("val.txt:2: names '../b.jpg', outside of"));
    EXPECT_THAT(world.raw_refusal("a.jpg\n"), HasSubstr("val.txt:1: must be a picture's name and its label"));
    EXPECT_THAT(world.raw_refusal("a.jpg one\n"), HasSubstr("val.txt:1: must be a picture's name and its label"));
    EXPECT_THAT(world.raw_refusal("\n"), HasSubstr("val.txt: lists no pictures"));
}

TEST(StyleTransfer, EveryContentMeetsEveryStyleInOneSize) {
    const PictureWorld world;
    world.copy("rgb.jpg", "content/a.jpg");
    world.copy("grey.jpg", "content/b.jpg");
    world.copy("progressive.jpg", "style/a.jpg");
    world.copy("rgb.png", "style/other.png");
    const auto dataset = make_dataset("style_transfer", section("{content_folder: " + (world.folder / "content") +
                                                                ", style_folder: " + (world.folder / "style") +
                                                                ", resize_shape: '16,24', crop_ratio: 0.2}"));
    ASSERT_EQ(dataset->size(), 2) << "two contents, one style that ends in jpg";
    EXPECT_EQ(to_text(dataset->schema().inputs), "content fp32 [16,24,3], style fp32 [16,24,3]");
    const Sample sample = dataset->read(1);
    const std::string grey = bytes_of_file(HALFTONE_TEST_DATA "/data/pictures/grey.jpg");
    const Tensor expected =
        resample(decode_rgb_picture(grey, "grey.jpg"), 16, 24, {Resampler::pillow, Interpolation::bicubic});
    const auto bytes = expected.as<std::uint8_t>();
    const auto shares = first_input(sample).as<float>();
    for (std::size_t i = 0; i < bytes.size(); ++i) ASSERT_EQ(shares[i], static_cast<float>(bytes[i]) / 255.0F) << i;
    EXPECT_EQ(label_of(sample), 0);
}

TEST(StyleTransfer, FoldersWithoutPicturesAreNamed) {
    const PictureWorld world;
    world.copy("rgb.jpg", "content/a.jpg");
    const auto refusal = [&](const std::string& style) {
        return message_of<DataError>([&] {
            (void)make_dataset("style_transfer", section("{content_folder: " + (world.folder / "content") +
                                                         ", style_folder: " + (world.folder / style) + "}"));
        });
    };
    EXPECT_THAT(refusal("none"),
                HasSubstr("style_transfer: the folder " + (world.folder / "none") + " does not exist"));
    std::filesystem::create_directories(world.folder / "empty");
    EXPECT_THAT(refusal("empty"), HasSubstr("holds no pictures *jpg"));
}

}  // namespace
}  // namespace halftone
