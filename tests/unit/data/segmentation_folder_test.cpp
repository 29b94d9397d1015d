// SegmentationFolder: pictures, and their masks in another folder. The golden pictures have 34 x 21 pixels; those of
// grey values serve as masks.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "data/formats/picture.hpp"
#include "support/config_text.hpp"
#include "support/temporary_folder.hpp"
#include "support/tf_records.hpp"

namespace halftone {
namespace {

using ::testing::HasSubstr;

std::string golden_bytes(const std::string& name) { return bytes_of_file(HALFTONE_TEST_DATA "/data/pictures/" + name); }

struct MaskWorld {
    TemporaryFolder folder;

    void copy(const std::string& golden, const std::string& to) const { put(to, golden_bytes(golden)); }
    void put(const std::string& to, const std::string& bytes) const {
        std::filesystem::create_directories(std::filesystem::path(folder / to).parent_path());
        write_bytes(folder / to, bytes);
    }
    [[nodiscard]] std::unique_ptr<Dataset> open(const std::string& more = "",
                                                const std::string& masks = "masks") const {
        return make_dataset("SegmentationFolder",
                            section("{images: " + (folder / "images") + ", masks: " + (folder / masks) + more + "}"));
    }
    template <class ErrorType = DataError>
    [[nodiscard]] std::string refusal(const std::string& more = "", const std::string& masks = "masks") const {
        return message_of<ErrorType>([&] { (void)open(more, masks); });
    }
    [[nodiscard]] std::string place(const std::string& name) const { return folder / name; }
};

std::vector<std::uint8_t> mask_of(const Sample& sample) {
    const auto numbers = std::get<Tensor>(sample.targets[0]).as<std::uint8_t>();
    return {numbers.begin(), numbers.end()};
}

TEST(SegmentationFolder, AMaskHasTheNameOfItsPicture) {
    const MaskWorld world;
    world.copy("rgb.jpg", "images/b.jpg");
    world.copy("grey.jpg", "images/a.JPEG");
    world.copy("rgb.png", "images/in/c.png");
    world.put("images/notes.txt", "no picture");
    world.copy("grey.png", "masks/a.png");
    world.copy("palette.png", "masks/b.png");
    world.copy("two_colours.png", "masks/in/c.png");
    world.copy("grey.png", "masks/of_no_picture.png");
    const auto dataset = world.open();
    ASSERT_EQ(dataset->size(), 3);
    EXPECT_EQ(to_text(dataset->schema().inputs), "image uint8 [N,N,N]");
    EXPECT_EQ(to_text(dataset->schema().targets), "mask uint8 [N,N]");
    EXPECT_EQ(dataset->place(2), world.place("images/in/c.png"));
    EXPECT_EQ(dataset->targets_place(1), world.place("masks/b.png"));
    const std::vector<std::string> masks{"grey.png", "palette.png", "two_colours.png"};
    for (std::int64_t i = 0; i < 3; ++i) {
        const std::string& name = masks[static_cast<std::size_t>(i)];
        const auto numbers = decode_class_mask(golden_bytes(name), name);
        const auto expected = numbers.as<std::uint8_t>();
        EXPECT_EQ(mask_of(dataset->read(i)), std::vector(expected.begin(), expected.end())) << name;
    }
    EXPECT_EQ(first_input(dataset->read(0)).shape(), (Shape{21, 34, 1})) << "grey pictures stay grey";
}

TEST(SegmentationFolder, ValuesSayWhichNumberIsWhichClass) {
    const MaskWorld world;
    world.copy("rgb.jpg", "images/a.jpg");
    world.copy("grey.png", "masks/a.png");
    const auto stored = mask_of(world.open()->read(0));
    const int first = stored[0];
    const int other = *std::find_if(stored.begin(), stored.end(), [&](std::uint8_t v) { return v != stored[0]; });
    const auto mapped = world.open(fmt::format(", values: [{}, {}]", other, first));
    const auto classes = mask_of(mapped->read(0));
    for (std::size_t i = 0; i < stored.size(); ++i) {
        const int expected = stored[i] == other ? 0 : stored[i] == first ? 1 : 255;
        ASSERT_EQ(classes[i], expected) << "pixel " << i << " of " << int{stored[i]};
    }
    EXPECT_NE(mapped->content_hash(), world.open()->content_hash()) << "other classes are other data";
    EXPECT_THAT(world.refusal<ConfigError>(", values: [0, 256]"), HasSubstr("values must be numbers from 0 to 255"));
    EXPECT_THAT(world.refusal<ConfigError>(", values: [0, 7, 7]"),
                HasSubstr("values must have each number once, not 7 again"));
}

TEST(SegmentationFolder, SuffixesTellTheNamesApart) {
    const MaskWorld world;
    world.copy("rgb.jpg", "images/x_photo.jpg");
    world.copy("rgb.jpg", "images/of_something_else.jpg");
    world.copy("grey.png", "masks/x_labelIds.png");
    const auto dataset = world.open(", image_suffix: _photo, mask_suffix: _labelIds");
    ASSERT_EQ(dataset->size(), 1);
    EXPECT_EQ(dataset->targets_place(0), world.place("masks/x_labelIds.png"));
    EXPECT_THAT(world.refusal(", image_suffix: _raw"),
                HasSubstr("holds no JPEG or PNG pictures whose names end in _raw"));

    const MaskWorld together;
    together.copy("rgb.png", "images/x.png");
    together.copy("grey.png", "images/x_mask.png");
    EXPECT_EQ(together.open(", mask_suffix: _mask", "images")->size(), 1) << "a mask is no picture";
    for (const char* same : {"images", "./images", "images/", "masks/../images"}) {
        EXPECT_THAT(together.refusal<ConfigError>("", same), HasSubstr("masks must be another folder than `images`"))
            << same;
    }
}

TEST(SegmentationFolder, AListNamesThePicturesWithAndWithoutTheirEndings) {
    const MaskWorld world;
    for (const char* name : {"a", "b", "c"}) world.copy("rgb.jpg", std::string("images/") + name + ".jpg");
    world.copy("grey.png", "masks/a.png");
    world.copy("grey.png", "masks/c.png");
    world.put("val.txt", "c\r\n\na.jpg\n");
    const std::string list = ", list: " + (world.folder / "val.txt");
    const auto dataset = world.open(list);
    ASSERT_EQ(dataset->size(), 2);
    EXPECT_EQ(dataset->place(0), world.place("images/c.jpg")) << "in the order of the list";
    world.copy("rgb.jpg", "images/E.JPG");
    world.copy("grey.png", "masks/E.png");
    world.put("val.txt", "E\n");
    EXPECT_EQ(world.open(list)->place(0), world.place("images/E.JPG")) << "as without a list";
    world.put("val.txt", "a\nd\n");
    EXPECT_THAT(world.refusal(list), HasSubstr("val.txt:2: its picture " + world.place("images/d") + ".jpg"));
    world.put("val.txt", "../a\n");
    EXPECT_THAT(world.refusal(list), HasSubstr("val.txt:1: names '../a', outside of"));
    world.put("val.txt", "\n");
    EXPECT_THAT(world.refusal(list), HasSubstr("val.txt: lists no pictures"));
    EXPECT_THAT(world.refusal(", list: nowhere.txt"), HasSubstr("nowhere.txt does not exist"));
}

TEST(SegmentationFolder, MissingMasksAreToldOfBeforeAnythingRuns) {
    const MaskWorld world;
    for (const char* name : {"a", "b", "c"}) world.copy("rgb.jpg", std::string("images/") + name + ".jpg");
    EXPECT_THAT(world.refusal(), HasSubstr("masks does not exist"));
    world.copy("grey.png", "masks/b.png");
    EXPECT_THAT(world.refusal(), HasSubstr("pictures without a mask: 2 of 3; " + world.place("masks/a.png")));
    world.copy("rgb.jpg", "images/d.tif");
    EXPECT_THAT(world.refusal(), HasSubstr("d.tif: pictures of this kind are not read"));
}

TEST(SegmentationFolder, AMaskThatDoesNotFitIsRefusedByName) {
    const MaskWorld world;
    world.copy("rgb.jpg", "images/a.jpg");
    const auto refusal_of_mask = [&](const std::string& bytes) {
        world.put("masks/a.png", bytes);
        const auto dataset = world.open();
        return message_of<DataError>([&] { (void)dataset->read(0); });
    };
    const std::string mask = world.place("masks/a.png");
    EXPECT_THAT(refusal_of_mask(golden_bytes("rgb.png")), HasSubstr(mask + ": is a coloured picture"));
    EXPECT_THAT(refusal_of_mask(golden_bytes("rgb.jpg")), HasSubstr(mask + ": is no PNG file"));
    // Its lower bytes would be lost, and with them all classes.
    EXPECT_THAT(refusal_of_mask(golden_bytes("grey16.png")), HasSubstr(mask + ": has pixels of 16 bits"));
    std::string lower = golden_bytes("grey.png");  // one row less: height at byte 20, the header's checksum at 29
    lower.replace(20, 4, std::string("\0\0\0\x14", 4)).replace(29, 4, "\xcd\x0f\xb0\xae");
    EXPECT_THAT(refusal_of_mask(lower), HasSubstr(mask + ": has 34 x 20 pixels, but its picture"));
    EXPECT_THAT(refusal_of_mask(golden_bytes("grey.png").substr(0, 300)),
                HasSubstr(mask + ": the PNG file is damaged"));
}

}  // namespace
}  // namespace halftone
