// COCORaw and COCONpy: annotations as COCO's JSON has them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "data/formats/coco_json.hpp"
#include "support/config_text.hpp"
#include "support/temporary_folder.hpp"
#include "support/tf_records.hpp"
#include "tensor/npy.hpp"

namespace halftone {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A folder in COCO's layout, with three pictures: two of a golden picture and a grey one.
struct CocoWorld {
    TemporaryFolder folder;
    std::string annotations = R"({"info": {"images": [1, {"id": 4}]}, "annotations": [
        {"id": 1, "image_id": 7, "category_id": 18, "bbox": [1, 2, 3.5, 4], "area": 11.25, "iscrowd": 0,
         "segmentation": [[1, 2, 3, 4, 5, 6]]},
        {"id": 2, "image_id": 7, "category_id": 1, "bbox": [0.1, 0.2, 0.3, 0.4], "iscrowd": 1,
         "segmentation": {"counts": [1, 2], "size": [3, 4]}},
        {"id": 3, "image_id": 9, "category_id": 2, "bbox": [0, 0, 1, 1]},
        {"id": 4, "image_id": 8, "category_id": 2, "bbox": []}],
        "images": [{"id": 7, "file_name": "b.jpg"}, {"id": 8, "file_name": "nowhere.jpg"},
                   {"id": 9, "file_name": "a.jpg", "height": 0}],
        "categories": [{"id": 18, "name": "dog"}, {"id": 1}, {"id": 2}]})";

    CocoWorld() {
        std::filesystem::create_directories(folder / "val2017");
        std::filesystem::create_directories(folder / "annotations");
        const std::string golden = HALFTONE_TEST_DATA "/data/pictures/";
        std::filesystem::copy_file(golden + "rgb.jpg", folder / "val2017/b.jpg");
        std::filesystem::copy_file(golden + "grey.jpg", folder / "val2017/a.jpg");
    }
    [[nodiscard]] std::unique_ptr<Dataset> open(const std::string& word = "COCORaw",
                                                const std::string& more = "") const {
        write_bytes(folder / "annotations/instances_val2017.json", annotations);
        return make_dataset(word, section("{root: " + folder.path() + more + "}"));
    }
    [[nodiscard]] std::string refusal() const {
        return message_of<DataError>([&] { (void)open()->read(0); });
    }
};

template <class T>
std::vector<T> target_of(const Sample& sample, std::size_t position) {
    const auto values = std::get<Tensor>(sample.targets.at(position)).as<T>();
    return {values.begin(), values.end()};
}

TEST(CocoRaw, PicturesWithBoxesAreSamplesInTheOrderOfTheFile) {
    const CocoWorld world;
    const auto dataset = world.open("COCORaw", ", num_cores: 2");
    ASSERT_EQ(dataset->size(), 2) << "a picture without a box is left out, and need not be there";
    EXPECT_EQ(to_text(dataset->schema().inputs), "image uint8 [N,N,3]");
    EXPECT_EQ(to_text(dataset->schema().targets),
              "boxes fp32 [N,4], labels int64 [N], crowd bool [N], area fp32 [N], image_id int64 [], size int64 [2], "
              "original_size int64 [2]");
    const Sample sample = dataset->read(0);
    EXPECT_THAT(target_of<float>(sample, 0),
                ElementsAre(2, 1, 6, 4.5F, 0.2F, 0.1F, static_cast<float>(0.2 + 0.4), static_cast<float>(0.1 + 0.3)));
    EXPECT_THAT(target_of<std::int64_t>(sample, 1), ElementsAre(18, 1));
    EXPECT_THAT(target_of<std::uint8_t>(sample, 2), ElementsAre(0, 1));
    EXPECT_THAT(target_of<float>(sample, 3), ElementsAre(11.25F, static_cast<float>(0.3 * 0.4)));
    EXPECT_THAT(target_of<std::int64_t>(sample, 4), ElementsAre(7));
    const Shape& shape = first_input(sample).shape();
    EXPECT_THAT(target_of<std::int64_t>(sample, 5), ElementsAre(shape[0], shape[1]));
    EXPECT_THAT(target_of<std::int64_t>(sample, 6), ElementsAre(shape[0], shape[1]));
    EXPECT_EQ(first_input(dataset->read(1)).shape()[2], 3) << "a grey picture has three channels";
}

TEST(CocoRaw, FoldersMayHaveOtherNames) {
    const CocoWorld world;
    std::filesystem::rename(world.folder / "val2017", world.folder / "pictures");
    write_bytes(world.folder / "mine.json", world.annotations);
    EXPECT_EQ(world.open("COCORaw", ", img_dir: pictures, anno_dir: mine.json")->size(), 2);
}

TEST(CocoRaw, AnnotationsOfMissingImagesAreRefusedWithFileAndEntry) {
    CocoWorld world;
    const std::string good = world.annotations;
    const auto with = [&](const std::string& from, const std::string& to) {
        world.annotations = good;
        world.annotations.replace(world.annotations.find(from), from.size(), to);
        return world.refusal();
    };
    EXPECT_THAT(with("\"image_id\": 9", "\"image_id\": 77"),
                HasSubstr("instances_val2017.json: annotations[2] is of the image 77, which `images` does not list"));
    EXPECT_THAT(with("a.jpg", "c.jpg"), HasSubstr("instances_val2017.json: images[2] (id 9): its picture "));
    EXPECT_THAT(with("a.jpg", "../val2017/a.jpg"), HasSubstr("images[2] (id 9): names '../val2017/a.jpg', outside of"));
    EXPECT_THAT(with("a.jpg", "/etc/passwd"), HasSubstr("names the absolute path '/etc/passwd'"));
    EXPECT_THAT(with("\"b.jpg\"", "\"b.jpg\", \"width\": 5"), HasSubstr("b.jpg: has "));
    EXPECT_THAT(with("\"b.jpg\"", "\"b.jpg\", \"width\": 5"), HasSubstr("but images[0] of "));
}

std::string json_refusal(const std::string& text) {
    return message_of<DataError>([&] { (void)parse_coco_json(text, "a.json"); });
}

TEST(CocoJson, WhatIsNoListOfImagesAndAnnotationsIsRefused) {
    EXPECT_THAT(json_refusal("{"), HasSubstr("a.json: is no JSON at byte 2: parse error"));
    EXPECT_THAT(json_refusal("{\"images\": [1e999]}"), HasSubstr("a.json: is no JSON at byte"));
    EXPECT_THAT(json_refusal("[]"), HasSubstr("holds no lists `images` and `annotations`"));
    EXPECT_THAT(json_refusal(R"({"images": [], "annotations": {}})"), HasSubstr("holds no lists"));
    EXPECT_THAT(json_refusal(std::string(100, '[')), HasSubstr("is nested too deeply"));
    const auto image = [](const std::string& entry) { return R"({"annotations": [], "images": [)" + entry + "]}"; };
    EXPECT_THAT(json_refusal(image("{}")), HasSubstr("images[0] has no id"));
    EXPECT_THAT(json_refusal(image(R"({"id": 1})")), HasSubstr("images[0] has no file_name"));
    EXPECT_THAT(json_refusal(image(R"({"id": 1.5, "file_name": "a"})")), HasSubstr("images[0]: id is no integer"));
    EXPECT_THAT(json_refusal(image(R"({"id": 1, "file_name": "a"}, {"id": 1, "file_name": "b"})")),
                HasSubstr("images[0] and images[1] have the same id 1"));
    const auto annotation = [](const std::string& entry) {
        return R"({"images": [], "annotations": [{}, )" + entry + "]}";
    };
    EXPECT_THAT(json_refusal(annotation(R"({"bbox": [1, 2, 3, 4], "category_id": 1})")),
                HasSubstr("annotations[1] has no image_id"));
    EXPECT_THAT(json_refusal(annotation(R"({"bbox": [1, 2, 3, 4], "image_id": 1})")),
                HasSubstr("annotations[1] has no category_id"));
    EXPECT_THAT(json_refusal(annotation(R"({"bbox": [1, 2, 3], "category_id": 1, "image_id": 1})")),
                HasSubstr("annotations[1]: bbox has 3 numbers, not 4"));
    EXPECT_THAT(json_refusal(annotation(R"({"bbox": [1, 2, -3, 4], "category_id": 1, "image_id": 1})")),
                HasSubstr("annotations[1]: bbox has a negative size"));
}

TEST(CocoJson, ACategoryThatIsNotListedIsRefusedWhereThereIsAList) {
    const auto file = [](const std::string& categories) {
        return R"({"categories": [)" + categories + R"(], "images": [{"id": 1, "file_name": "a"}],
                   "annotations": [{"bbox": [1, 2, 3, 4], "category_id": 18, "image_id": 1}]})";
    };
    EXPECT_THAT(json_refusal(file(R"({"id": 1, "name": "person"}, {"id": 17})")),
                HasSubstr("a.json: annotations[0] is of the category 18, which `categories` does not list"));
    EXPECT_THAT(json_refusal(file(R"({"id": "18"}, {"id": 1.5})")), HasSubstr("categories[1]: id is no integer"));
    for (const char* categories : {"", R"({"id": 18, "name": "dog"})"}) {
        EXPECT_EQ(parse_coco_json(file(categories), "a.json").images.at(0).boxes.size(), 1U);
    }
}

TEST(CocoJson, AFileLongerThanAPieceReadsLikeItsText) {
    const TemporaryFolder folder;
    std::string text = R"({"images": [{"id": 1, "file_name": "a.jpg"}], "annotations": [)";
    for (int i = 0; i < 40000; ++i) {
        text += i == 0 ? "" : ",\n";
        text += R"({"image_id": 1, "category_id": )" + std::to_string(i) + R"(, "bbox": [1, 2, 3, 4]})";
    }
    text += "]}";
    ASSERT_GT(text.size(), std::size_t{2} << 20U);
    write_bytes(folder / "a.json", text);
    const CocoAnnotations read = read_coco_json(folder / "a.json");
    ASSERT_EQ(read.images.at(0).boxes.size(), 40000U);
    for (int i = 0; i < 40000; ++i) ASSERT_EQ(read.images[0].boxes[static_cast<std::size_t>(i)].category, i);
    write_bytes(folder / "b.json", "");
    EXPECT_THROW((void)read_coco_json(folder / "b.json"), DataError);
}

TEST(CocoNpy, BoxesMoveWithTheSizeOfTheArray) {
    const TemporaryFolder folder;
    const std::vector<float> pixels(3 * 4 * 8, 0.5F);
    write_bytes(folder / "a.jpg.npy", to_npy(Tensor::of<float>(Shape{3, 4, 8}, pixels).view()));
    write_bytes(folder / "b.jpg.npy", to_npy(Tensor::of<float>(Shape{3, 4, 4}, std::span(pixels).first(48)).view()));
    write_bytes(folder / "a.json", R"({"images": [{"id": 1, "file_name": "a.jpg", "height": 2, "width": 16},
        {"id": 2, "file_name": "b.jpg"}], "annotations": [
        {"image_id": 1, "category_id": 5, "bbox": [2, 1, 4, 1], "area": 4},
        {"image_id": 2, "category_id": 5, "bbox": [0, 0, 1, 1], "area": 1}]})");
    const std::string root = "{root: " + folder.path() + ", npy_dir: ., anno_dir: a.json}";
    const auto dataset = make_dataset("COCONpy", section(root));
    EXPECT_EQ(to_text(dataset->schema().inputs), "image fp32 [3,4,N]") << "sizes that differ are open";
    const Sample sample = dataset->read(0);
    EXPECT_THAT(target_of<float>(sample, 0), ElementsAre(2, 1, 4, 3));
    EXPECT_THAT(target_of<float>(sample, 3), ElementsAre(4)) << "in pixels of the original";
    EXPECT_THAT(target_of<std::int64_t>(sample, 5), ElementsAre(4, 8));
    EXPECT_THAT(target_of<std::int64_t>(sample, 6), ElementsAre(2, 16));
    EXPECT_THAT(target_of<std::int64_t>(dataset->read(1), 6), ElementsAre(4, 4)) << "what the JSON does not say";
    std::filesystem::remove(folder / "a.jpg.npy");
    EXPECT_THAT(message_of<DataError>([&] { (void)make_dataset("COCONpy", section(root)); }),
                HasSubstr("a.json: images[0] (id 1): its picture " + folder.path()));
}

}  // namespace
}  // namespace halftone
