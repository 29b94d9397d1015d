// Raw records of TFRecordDataset that a transform decodes, against the data sets that decode by themselves; and
// filters, which decode no picture. The records are TensorFlow's own (golden/data/PROVENANCE.md).
#include "data/record_decoder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <ostream>

#include "support/config_text.hpp"
#include "support/temporary_folder.hpp"
#include "support/tf_records.hpp"

namespace halftone {
namespace {

using ::testing::HasSubstr;

const std::string kGoldenRecords = HALFTONE_TEST_DATA "/data/records";

std::unique_ptr<Dataset> records_of(const std::string& word, const std::string& root) {
    return make_dataset(word, section("root: " + root));
}

bool is_same_value(const FieldValue& a, const FieldValue& b) {
    if (a.index() != b.index()) return false;
    if (const auto* texts = std::get_if<std::vector<std::string>>(&a)) {
        return *texts == std::get<std::vector<std::string>>(b);
    }
    const Tensor& x = std::get<Tensor>(a);
    const Tensor& y = std::get<Tensor>(b);
    return x.type() == y.type() && std::equal(x.view().data, x.view().data + x.bytes(), y.view().data);
}

struct Decoding {
    std::string transform, dataset, root;
};

/// The name of the case, which would be its bytes otherwise.
void PrintTo(const Decoding& tested, std::ostream* out) { *out << tested.transform; }

class EveryDecoder : public ::testing::TestWithParam<Decoding> {};

TEST_P(EveryDecoder, GivesTheSamplesOfItsDataset) {
    const auto raw = records_of("TFRecordDataset", kGoldenRecords + GetParam().root);
    const auto known = records_of(GetParam().dataset, kGoldenRecords + GetParam().root);
    const auto decoder = make_transform(GetParam().transform, section(""));
    EXPECT_EQ(decoder->output(raw->schema()), known->schema());
    EXPECT_EQ(decoder->output(known->schema()), known->schema()) << "what is decoded stays as it is";
    ASSERT_EQ(raw->size(), known->size());
    for (std::int64_t id = 0; id < raw->size(); ++id) {
        const Sample expected = known->read(id);
        const Sample found = decoder->apply(raw->read(id), raw->schema());
        EXPECT_EQ(found.id, id);
        EXPECT_TRUE(std::equal(found.inputs.begin(), found.inputs.end(), expected.inputs.begin(), expected.inputs.end(),
                               is_same_value));
        EXPECT_TRUE(std::equal(found.targets.begin(), found.targets.end(), expected.targets.begin(),
                               expected.targets.end(), is_same_value));
    }
}

INSTANTIATE_TEST_SUITE_P(Kinds, EveryDecoder,
                         ::testing::Values(Decoding{"ParseDecodeImagenet", "ImageRecord", "/validation-00000-of-00002"},
                                           Decoding{"ParseDecodeCoco", "COCORecord", "/coco.record"},
                                           Decoding{"ParseDecodeVoc", "VOCRecord", "/voc.tfrecord"}),
                         [](const auto& tested) { return tested.param.transform; });

TEST(RecordDecoder, NamesTheSampleWhoseRecordIsNone) {
    const auto decoder = make_transform("ParseDecodeCoco", section(""));
    const Schema schema{.inputs = {{.name = "record", .is_text = true}}, .targets = {}};
    EXPECT_THAT(message_of<DataError>(
                    [&] { (void)decoder->apply({.id = 4, .inputs = {std::vector<std::string>{"\x0a\xff"}}}, schema); }),
                HasSubstr("sample 4"));
}

TEST(LabelBalance, CountsBoxesOfRecordsWithoutDecodingPictures) {
    const TemporaryFolder folder;
    const auto record = [](std::size_t boxes) {
        const std::vector<float> low(boxes, 0.25F);
        const std::vector<float> high(boxes, 0.75F);
        return tf_record(tf_example({{"image/encoded", std::vector<std::string>{"no picture"}},
                                     {"image/height", std::vector<std::int64_t>{40}},
                                     {"image/width", std::vector<std::int64_t>{80}},
                                     {"image/object/bbox/ymin", low},
                                     {"image/object/bbox/xmin", low},
                                     {"image/object/bbox/ymax", high},
                                     {"image/object/bbox/xmax", high},
                                     {"image/object/class/label", std::vector<std::int64_t>(boxes, 3)}}));
    };
    std::ofstream(folder / "a.record", std::ios::binary) << record(2) << record(1) << record(2);
    const auto view = make_filtered("LabelBalance", section("size: 2"), records_of("COCORecord", folder / "a.record"));
    ASSERT_EQ(view->size(), 2);
    const Sample targets = view->read_targets(1);
    EXPECT_THAT(std::get<Tensor>(targets.targets[0]).as<float>(),
                ::testing::ElementsAre(10, 20, 30, 60, 10, 20, 30, 60));
    EXPECT_THROW((void)view->read(0), DataError) << "the picture is decoded when it is read";
}

}  // namespace
}  // namespace halftone
