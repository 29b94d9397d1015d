// GLUE and bert: features that scripts/prepare_text.py made (golden/data/text, PROVENANCE.md).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "support/config_text.hpp"
#include "support/temporary_folder.hpp"
#include "support/tf_records.hpp"

namespace halftone {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kTexts = HALFTONE_TEST_DATA "/data/text";

std::unique_ptr<Dataset> open_text(const std::string& word, const std::string& settings) {
    return make_dataset(word, section("{" + settings + "}"));
}

std::string text_refusal(const std::string& word, const std::string& settings) {
    return message_of<DataError>([&] { (void)open_text(word, settings); });
}

std::vector<std::int64_t> input_of(const Sample& sample, std::size_t position) {
    const auto values = std::get<Tensor>(sample.inputs.at(position)).as<std::int64_t>();
    return {values.begin(), values.end()};
}

std::vector<std::string> texts_of(const Sample& sample, std::size_t position) {
    return std::get<std::vector<std::string>>(sample.targets.at(position));
}

TEST(Glue, FeaturesHaveLpotsLayout) {
    const auto dataset =
        open_text("GLUE", "data_dir: " + kTexts + ", max_seq_length: 14, task: MRPC, model_type: bert");
    ASSERT_EQ(dataset->size(), 2);
    EXPECT_EQ(to_text(dataset->schema().inputs),
              "input_ids int64 [14], attention_mask int64 [14], token_type_ids int64 [14]");
    EXPECT_EQ(to_text(dataset->schema().targets), "label int64 []");
    const Sample sample = dataset->read(1);
    EXPECT_THAT(input_of(sample, 0), ElementsAre(2, 9, 11, 3, 5, 7, 3, 0, 0, 0, 0, 0, 0, 0));
    EXPECT_THAT(input_of(sample, 1), ElementsAre(1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0));
    EXPECT_THAT(input_of(sample, 2), ElementsAre(0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0));
    EXPECT_EQ(label_of(sample), 0);
    EXPECT_EQ(label_of(dataset->read(0)), 1);
}

TEST(Glue, ModelsWithoutTokenTypesGetTwoInputsAndDynamicLengthCutsPadding) {
    const auto dataset =
        open_text("GLUE", "data_dir: " + kTexts + "/mrpc.h5, model_type: roberta, dynamic_length: True");
    EXPECT_EQ(to_text(dataset->schema().inputs), "input_ids int64 [N], attention_mask int64 [N]");
    EXPECT_THAT(input_of(dataset->read(1), 0), ElementsAre(2, 9, 11, 3, 5, 7, 3));
    EXPECT_EQ(input_of(dataset->read(0), 1).size(), 14U) << "the longest one has no padding";
}

TEST(Glue, WhereFeaturesAreMissingTheCommandThatMakesThemIsSaid) {
    const TemporaryFolder folder;
    std::filesystem::copy_file(kTexts + "/dev.tsv", folder / "dev.tsv");
    std::filesystem::copy_file(kTexts + "/vocab.txt", folder / "vocab.txt");
    EXPECT_THAT(text_refusal("GLUE", "data_dir: " + folder.path() + ", model_name_or_path: " + folder.path() +
                                         ", do_lower_case: false"),
                HasSubstr(folder.path() + "/mrpc.h5 does not exist; it is made by\n  scripts/prepare_text.py glue " +
                          folder.path() + "/dev.tsv --task mrpc --tokenizer " + folder.path() +
                          "/vocab.txt --max-seq-length 128 --cased --output " + folder.path() + "/mrpc.h5"));
    EXPECT_THAT(text_refusal("GLUE", "data_dir: nowhere, model_name_or_path: bert-base-uncased, task: mnli"),
                HasSubstr("nowhere/mnli.h5 does not exist; it is made from GLUE's file nowhere/dev_matched.tsv, which "
                          "belongs there, by\n  scripts/prepare_text.py glue nowhere/dev_matched.tsv --task mnli "
                          "--tokenizer bert-base-uncased/tokenizer.json"));
}

TEST(Glue, FeaturesOfAnotherTokenizerLengthOrTaskAreRefused) {
    const TemporaryFolder folder;
    write_bytes(folder / "vocab.txt", bytes_of_file(kTexts + "/vocab.txt"));
    const std::string dir = "data_dir: " + kTexts + ", model_name_or_path: " + folder.path();
    EXPECT_NO_THROW((void)open_text("GLUE", dir));
    write_bytes(folder / "vocab.txt", bytes_of_file(kTexts + "/vocab.txt") + "more\n");
    EXPECT_THAT(text_refusal("GLUE", dir), HasSubstr("mrpc.h5: was made with another tokenizer (vocab.txt, CRC-32C "));
    EXPECT_THAT(text_refusal("GLUE", "data_dir: " + kTexts + ", max_seq_length: 128"),
                HasSubstr("mrpc.h5: has 14 tokens in each sample, but max_seq_length is 128"));
    EXPECT_THAT(text_refusal("GLUE", "data_dir: " + kTexts + "/mrpc.h5, task: rte"),
                HasSubstr("mrpc.h5: is of the task mrpc, not rte"));
    EXPECT_THAT(text_refusal("GLUE", "data_dir: " + std::string(HALFTONE_TEST_DATA) + "/data/hdf5/samples.h5"),
                HasSubstr("samples.h5"));
}

/// The ids of the golden file lie in it as they are, so one can be made to lie outside of the vocabulary.
TEST(Glue, AnIdOutsideOfTheVocabularyIsRefusedWithItsRecord) {
    const auto dataset = open_text("bert", "root: " + kTexts + "/bad_id.h5");
    EXPECT_NO_THROW((void)dataset->read(0));
    EXPECT_THAT(message_of<DataError>([&] { (void)dataset->read(1); }),
                HasSubstr("bad_id.h5::/input_ids: record 1: the id 18 lies outside of the tokenizer's 18 tokens"));
}

TEST(Bert, WindowsOfSquadHaveWhatItsScoreNeeds) {
    const auto dataset = open_text("bert", "root: " + kTexts + "/squad.h5, label_file: squad.json");
    ASSERT_EQ(dataset->size(), 7);
    EXPECT_EQ(to_text(dataset->schema().targets), "question_id text, answers text, context text, offsets int64 [16,2]");
    const Sample first = dataset->read(0);
    EXPECT_THAT(texts_of(first, 0), ElementsAre("q1"));
    EXPECT_THAT(texts_of(first, 1), ElementsAre("shop", "big red shop"));
    const std::string context = texts_of(first, 2).at(0);
    const auto offsets = std::get<Tensor>(first.targets[3]).as<std::int64_t>();
    EXPECT_EQ(offsets[0], -1) << "[CLS] is no part of the context";
    // Token 8 is 'cafe' with an accent in the context: offsets count bytes.
    EXPECT_EQ(input_of(first, 0)[8], 15);
    EXPECT_EQ(
        context.substr(static_cast<std::size_t>(offsets[16]), static_cast<std::size_t>(offsets[17] - offsets[16])),
        "caf\xc3\xa9");
    EXPECT_EQ(
        context.substr(static_cast<std::size_t>(offsets[22]), static_cast<std::size_t>(offsets[23] - offsets[22])),
        "big");
    EXPECT_THAT(texts_of(dataset->read(6), 0), ElementsAre("q2"));
    EXPECT_THAT(texts_of(dataset->read(6), 1), ElementsAre("dog"));
}

TEST(Bert, RecordsOfLpotsOwnScriptAreReadByTheirNames) {
    const TemporaryFolder folder;
    const std::vector<std::int64_t> ids{101, 7, 102};
    write_bytes(folder / "eval.tf_record",
                tf_record(tf_example({{"unique_ids", one_integer(1000000000)},
                                      {"input_ids", ids},
                                      {"input_mask", std::vector<std::int64_t>{1, 1, 1}},
                                      {"segment_ids", std::vector<std::int64_t>{0, 0, 1}}})));
    const auto dataset = open_text("bert", "root: " + (folder / "eval.tf_record") + ", label_file: dev-v1.1.json");
    EXPECT_EQ(to_text(dataset->schema().inputs),
              "input_ids int64 [3], attention_mask int64 [3], token_type_ids int64 [3]");
    EXPECT_EQ(to_text(dataset->schema().targets), "unique_id int64 []");
    EXPECT_EQ(input_of(dataset->read(0), 0), ids);
}

TEST(Bert, WhereFeaturesAreMissingTheCommandThatMakesThemIsSaid) {
    EXPECT_THAT(text_refusal("bert", "root: a/eval.tf_record, label_file: dev-v1.1.json"),
                HasSubstr("bert: a/eval.tf_record does not exist; features are made from texts by\n  "
                          "scripts/prepare_text.py squad dev-v1.1.json --tokenizer vocab.txt --max-seq-length 384 "
                          "--output a/eval.h5\n"));
}

}  // namespace
}  // namespace halftone
