// TFRecord files and their records. The shards in golden/data/records are TensorFlow's own (PROVENANCE.md); the others
// are written here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <limits>
#include <map>

#include "base/path.hpp"
#include "data/formats/picture.hpp"
#include "data/formats/tf_example.hpp"
#include "data/formats/tf_record.hpp"
#include "support/config_text.hpp"
#include "support/temporary_folder.hpp"
#include "support/tf_records.hpp"
#include "tensor/npy.hpp"

namespace halftone {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kRecords = HALFTONE_TEST_DATA "/data/records";
const std::string kRecordPictures = HALFTONE_TEST_DATA "/data/pictures";

std::unique_ptr<Dataset> open_records(const std::string& word, const std::string& root, const std::string& more = "") {
    return make_dataset(word, section("{root: " + root + more + "}"));
}

template <class T>
std::vector<T> values_of(const FieldValue& value) {
    const auto values = std::get<Tensor>(value).as<T>();
    return {values.begin(), values.end()};
}

/// What Pillow reads of a golden picture, with three channels.
std::vector<std::uint8_t> rgb_of(const std::string& name) {
    const Tensor picture = decode_rgb_picture(bytes_of_file(kRecordPictures + "/" + name), name);
    const auto values = picture.as<std::uint8_t>();
    return {values.begin(), values.end()};
}

std::string imagenet_example(std::int64_t label) {
    return tf_example({{"image/class/label", one_integer(label)},
                       {"image/encoded", one_text(bytes_of_file(kRecordPictures + "/rgb.jpg"))}});
}

TEST(TfRecord, ShardsOfTensorFlowAreReadInTheOrderOfTheirNames) {
    const auto dataset = open_records("ImageRecord", kRecords, ", num_cores: 4");
    ASSERT_EQ(dataset->size(), 3);
    EXPECT_EQ(to_text(dataset->schema().inputs), "image uint8 [N,N,3]");
    EXPECT_EQ(to_text(dataset->schema().targets), "label int64 []");
    const std::vector<std::pair<std::int64_t, std::string>> expected{
        {1, "rgb.jpg"}, {1000, "grey.jpg"}, {7, "grey.png"}};
    for (std::int64_t i = 0; i < 3; ++i) {
        const Sample sample = dataset->read(i);
        const auto& [label, picture] = expected[static_cast<std::size_t>(i)];
        EXPECT_EQ(label_of(sample), label);
        EXPECT_EQ(values_of<std::uint8_t>(sample.inputs[0]), rgb_of(picture)) << picture;
    }
}

TEST(TfRecord, OurOwnWriterMakesTheBytesOfTensorFlow) {
    const std::string golden = kRecords + "/validation-00001-of-00002";
    // TensorFlow writes features in the order of its own table, so the record is compared as values, its frame as
    // bytes.
    const std::string record = read_tf_record(golden, read_tf_record_index(golden).at(0), 0);
    EXPECT_EQ(tf_record(record), bytes_of_file(golden));
    const TfExample example = parse_tf_example(record, "golden");
    const std::string ours = tf_example({{"image/encoded", one_text(bytes_of_file(kRecordPictures + "/grey.png"))},
                                         {"image/class/label", one_integer(7)},
                                         {"image/format", one_text("JPEG")}});
    const TfExample again = parse_tf_example(ours, "ours");
    for (const char* name : {"image/encoded", "image/format"}) EXPECT_EQ(again.one_text(name), example.one_text(name));
    EXPECT_EQ(again.one_integer("image/class/label"), example.one_integer("image/class/label"));
}

TEST(TfRecord, FeaturesOfAllKindsAreReadByName) {
    const auto dataset = open_records("TFRecordDataset", kRecords + "/numbers.tfrecord",
                                      ", inputs: {ids: ids, x: x}, targets: {row: one, answer: text}");
    ASSERT_EQ(dataset->size(), 3);
    EXPECT_EQ(to_text(dataset->schema().inputs), "ids int64 [4], x fp32 [2]");
    EXPECT_EQ(to_text(dataset->schema().targets), "row int64 [], answer text");
    const Sample sample = dataset->read(2);
    EXPECT_THAT(values_of<std::int64_t>(sample.inputs[0]),
                ElementsAre(1, -2, std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()));
    EXPECT_THAT(values_of<float>(sample.inputs[1]), ElementsAre(0.5F, -1.5F));
    EXPECT_THAT(values_of<std::int64_t>(sample.targets[0]), ElementsAre(2));
    EXPECT_THAT(std::get<std::vector<std::string>>(sample.targets[1]), ElementsAre("a", "b"));
}

TEST(TfRecord, WithoutNamesASampleIsTheBytesOfItsRecord) {
    const TemporaryFolder folder;
    write_bytes(folder / "a.tfrecord", tf_record("one") + tf_record("") + tf_record(std::string("\0x", 2)));
    const auto dataset = open_records("TFRecordDataset", folder.path());
    EXPECT_EQ(to_text(dataset->schema().inputs), "record text");
    EXPECT_THAT(std::get<std::vector<std::string>>(dataset->read(1).inputs[0]), ElementsAre(""));
    EXPECT_THAT(std::get<std::vector<std::string>>(dataset->read(2).inputs[0]), ElementsAre(std::string("\0x", 2)));
}

TEST(TfRecord, BoxesOfCocoAreInPixelsAndNamesBecomeIds) {
    const auto dataset = open_records("COCORecord", kRecords + "/coco.record");
    ASSERT_EQ(dataset->size(), 3);
    EXPECT_EQ(to_text(dataset->schema().targets),
              "boxes fp32 [N,4], labels int64 [N], crowd bool [N], area fp32 [N], image_id text, size int64 [2], "
              "original_size int64 [2]");
    const Sample two = dataset->read(0);
    const Shape& shape = first_input(two).shape();
    const auto h = static_cast<float>(shape[0]);
    const auto w = static_cast<float>(shape[1]);
    EXPECT_THAT(values_of<float>(two.targets[0]),
                ElementsAre(0.25F * h, 0.5F * w, 0.75F * h, w, 0, 0, 0.5F * h, 0.125F * w));
    EXPECT_THAT(values_of<std::int64_t>(two.targets[1]), ElementsAre(18, 90));
    EXPECT_THAT(values_of<std::uint8_t>(two.targets[2]), ElementsAre(0, 1));
    EXPECT_THAT(values_of<float>(two.targets[3]), ElementsAre(10.5F, 3));
    EXPECT_THAT(std::get<std::vector<std::string>>(two.targets[4]), ElementsAre("139"));
    EXPECT_THAT(values_of<std::int64_t>(two.targets[5]), ElementsAre(shape[0], shape[1]));
    EXPECT_THAT(values_of<std::int64_t>(two.targets[6]), ElementsAre(shape[0], shape[1]));

    const Sample none = dataset->read(1);
    EXPECT_EQ(std::get<Tensor>(none.targets[0]).shape(), (Shape{0, 4}));
    EXPECT_EQ(first_input(none).shape()[2], 3) << "a grey picture has three channels";

    const Sample in_context = dataset->read(2);
    EXPECT_THAT(values_of<std::int64_t>(in_context.targets[1]), ElementsAre(90));
    EXPECT_THAT(values_of<float>(in_context.targets[3]), ElementsAre(0.5F * h * 0.5F * w)) << "the box's";
}

TEST(TfRecord, MasksOfVocAreClassNumbers) {
    const auto dataset = open_records("VOCRecord", kRecords + "/voc.tfrecord");
    EXPECT_EQ(to_text(dataset->schema().targets), "mask uint8 [N,N]");
    const Sample sample = dataset->read(0);
    const Shape& shape = first_input(sample).shape();
    const auto mask = values_of<std::uint8_t>(sample.targets[0]);
    ASSERT_EQ(std::get<Tensor>(sample.targets[0]).shape(), (Shape{shape[0], shape[1]}));
    for (std::size_t i = 0; i < mask.size(); ++i) ASSERT_EQ(mask[i], i % 256 % 21) << i;
}

TEST(TfRecord, AMaskWithAPaletteGivesTheNumbersOfItsEntries) {
    const std::string palette = bytes_of_file(kRecordPictures + "/palette.png");
    const Tensor colours = decode_picture(palette, "palette.png");
    const Tensor numbers = decode_class_mask(palette, "palette.png");
    ASSERT_EQ(numbers.shape(), (Shape{colours.shape()[0], colours.shape()[1]}));
    // Two pixels have the same colour exactly where they have the same number.
    std::map<std::uint8_t, std::array<std::uint8_t, 3>> colour_of;
    const auto rgb = colours.as<std::uint8_t>();
    for (std::size_t i = 0; i < numbers.as<std::uint8_t>().size(); ++i) {
        const std::array<std::uint8_t, 3> colour{rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2]};
        const auto [known, is_new] = colour_of.emplace(numbers.as<std::uint8_t>()[i], colour);
        ASSERT_EQ(known->second, colour) << i;
    }
    EXPECT_GT(colour_of.size(), 2U);
    EXPECT_LT(colour_of.rbegin()->first, 64) << "the entries of a small palette are counted from 0";
    const Tensor bits = decode_class_mask(bytes_of_file(kRecordPictures + "/two_colours.png"), "two_colours.png");
    EXPECT_TRUE(std::ranges::all_of(bits.as<std::uint8_t>(), [](std::uint8_t bit) { return bit <= 1; }));
}

/// Two good records, and what the data set says about the file after `damage` changed its bytes.
std::string refusal_after(const std::function<void(std::string&)>& damage) {
    const TemporaryFolder folder;
    std::string bytes = tf_record(imagenet_example(3)) + tf_record(imagenet_example(4));
    damage(bytes);
    write_bytes(folder / "a.tfrecord", bytes);
    return message_of<DataError>([&] { (void)open_records("ImageRecord", folder.path())->read(1); });
}

TEST(TfRecord, DamageIsRefusedWithFileAndRecord) {
    const std::size_t record = tf_record(imagenet_example(3)).size();
    EXPECT_THAT(refusal_after([&](std::string& bytes) { bytes[record + 40] ^= 1; }),
                HasSubstr("a.tfrecord: record 1: its checksum is wrong"));
    EXPECT_THAT(refusal_after([&](std::string& bytes) { bytes[record] ^= 1; }),
                HasSubstr("a.tfrecord: record 1: the checksum of its length is wrong"));
    EXPECT_THAT(refusal_after([&](std::string& bytes) { bytes[record + 9] ^= 1; }),
                HasSubstr("a.tfrecord: record 1: the checksum of its length is wrong"));
    EXPECT_THAT(refusal_after([](std::string& bytes) { bytes.pop_back(); }),
                HasSubstr("a.tfrecord: record 1: is truncated"));
    EXPECT_THAT(refusal_after([&](std::string& bytes) { bytes.resize(record + 5); }),
                HasSubstr("a.tfrecord: record 1: is truncated"));
    EXPECT_THAT(refusal_after([](std::string& bytes) { bytes.insert(0, std::string("\x1f\x8b\x08\0", 4)); }),
                HasSubstr("packed by gzip"));
}

TEST(TfRecord, ALengthBeyondTheFileIsTruncationAndTakesNoMemory) {
    EXPECT_THAT(refusal_after([](std::string& bytes) {
                    const std::string length = little_endian(UINT64_MAX, 8);
                    bytes = length + masked_crc_bytes(length) + bytes;
                }),
                HasSubstr("record 0: is truncated"));
}

std::string refusal_of_record(const std::string& word, const std::string& record, const std::string& more = "") {
    const TemporaryFolder folder;
    write_bytes(folder / "a.tfrecord", tf_record(record));
    return message_of<DataError>([&] { (void)open_records(word, folder.path(), more)->read(0); });
}

TEST(TfRecord, RecordsWithoutWhatIsNeededAreRefusedByNameOfTheFeature) {
    EXPECT_THAT(
        refusal_of_record("ImageRecord", tf_example({{"image/encoded", one_text("x")}, {"other", one_integer(1)}})),
        HasSubstr("a.tfrecord: record 0: is neither a JPEG nor a PNG file"));
    EXPECT_THAT(refusal_of_record("ImageRecord", tf_example({{"image/class/label", one_integer(1)}})),
                HasSubstr("a.tfrecord: record 0: has no feature 'image/encoded'; it has image/class/label"));
    EXPECT_THAT(refusal_of_record("ImageRecord", tf_example({{"image/encoded", one_integer(1)}})),
                HasSubstr("'image/encoded' holds integers, not bytes"));
    EXPECT_THAT(refusal_of_record("ImageRecord", "no message"), HasSubstr("a.tfrecord: record 0: byte "));
    const std::string picture = bytes_of_file(kRecordPictures + "/rgb.jpg");
    EXPECT_THAT(refusal_of_record("ImageRecord", tf_example({{"image/encoded", one_text(picture)},
                                                             {"image/class/label", std::vector<std::int64_t>{1, 2}}})),
                HasSubstr("'image/class/label' has 2 values; it must have one"));
    EXPECT_THAT(refusal_of_record("COCORecord", tf_example({{"image/encoded", one_text(picture)},
                                                            {"image/object/class/text", one_text("unicorn")}})),
                HasSubstr("'unicorn' is none of COCO's categories"));
    EXPECT_THAT(refusal_of_record("COCORecord", tf_example({{"image/encoded", one_text(picture)},
                                                            {"image/object/class/label", one_integer(1)}})),
                HasSubstr("'image/object/bbox/ymin' has 0 values for 1 classes"));
    EXPECT_THAT(refusal_of_record("VOCRecord", tf_example({{"image/encoded", one_text(picture)},
                                                           {"image/segmentation/class/encoded", one_text(picture)}})),
                HasSubstr("a.tfrecord: record 0: its mask: is no PNG file"));
    const std::string coloured = bytes_of_file(kRecordPictures + "/rgb.png");
    EXPECT_THAT(refusal_of_record("VOCRecord", tf_example({{"image/encoded", one_text(picture)},
                                                           {"image/segmentation/class/encoded", one_text(coloured)}})),
                HasSubstr("its mask: is a coloured picture"));
    EXPECT_THAT(refusal_of_record("TFRecordDataset", tf_example({{"x", one_integer(1)}}), ", inputs: {y: y}"),
                HasSubstr("a.tfrecord: record 0: has no values of 'y'"));
}

TEST(TfRecord, AFeatureOfAnotherLengthThanInTheFirstRecordIsRefused) {
    const TemporaryFolder folder;
    write_bytes(folder / "a.tfrecord", tf_record(tf_example({{"x", std::vector<float>{1, 2}}})) +
                                           tf_record(tf_example({{"x", std::vector<float>{1, 2, 3}}})));
    const auto dataset = open_records("TFRecordDataset", folder.path(), ", inputs: {x: x}");
    EXPECT_THAT(values_of<float>(dataset->read(0).inputs[0]), ElementsAre(1, 2));
    EXPECT_THAT(message_of<DataError>([&] { (void)dataset->read(1); }), HasSubstr("a.tfrecord: record 1: 'x' is "));
}

TEST(TfRecord, FilesThatAreNotThereAreNamedWithWhereTheyBelong) {
    const TemporaryFolder folder;
    EXPECT_THAT(message_of<DataError>([&] { (void)open_records("ImageRecord", folder / "none"); }),
                HasSubstr("ImageRecord: " + (folder / "none") + " does not exist; a TFRecord file or a folder"));
    EXPECT_THAT(message_of<DataError>([&] { (void)open_records("ImageRecord", folder.path()); }),
                HasSubstr("holds no TFRecord files, such as validation-00000-of-00128"));
    write_bytes(folder / "a-00000-of-00001", "");
    EXPECT_THAT(message_of<DataError>([&] { (void)open_records("ImageRecord", folder.path()); }),
                HasSubstr("a-00000-of-00001: no records"));
}

TEST(TfExample, PiecesOfOneMessageAreMergedAsProtobufDoes) {
    const std::string unpacked =
        proto_field(1, proto_field(1, "n") + proto_field(2, proto_field(3, "\x08\x05\x08\x06")));
    const std::string twice = proto_field(1, unpacked) + proto_field(1, proto_field(1, proto_field(1, "t")));
    const TfExample example = parse_tf_example(twice, "r");
    EXPECT_THAT(example.integers("n"), ElementsAre(5, 6));
    ASSERT_NE(example.find("t"), nullptr);
    EXPECT_EQ(example.find("t")->size(), 0U);
    // The other wire types of fields that nobody knows are skipped; groups are not.
    const std::string unknown =
        std::string("\x10\x07", 2) + "\x19" + std::string(8, 'x') + "\x25" + std::string(4, 'x');
    EXPECT_NO_THROW((void)parse_tf_example(unknown, "r"));
    EXPECT_THROW((void)parse_tf_example("\x13\x14", "r"), DataError);
}

}  // namespace
}  // namespace halftone
