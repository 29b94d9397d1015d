// HDF5: datasets as h5py writes them. The files are h5py's own (golden/data/PROVENANCE.md).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "support/config_text.hpp"

namespace halftone {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kFolder = HALFTONE_TEST_DATA "/data/hdf5";

std::unique_ptr<Dataset> open_h5_fields(const std::string& fields, const std::string& file = "samples.h5") {
    return make_dataset("HDF5", section("{path: " + kFolder + "/" + file + ", " + fields + "}"));
}

std::string h5_refusal(const std::string& dataset, const std::string& file = "samples.h5") {
    return message_of<DataError>([&] { (void)open_h5_fields("inputs: {x: " + dataset + "}", file); });
}

TEST(Hdf5, RowsAreSamplesAndTextsAreTexts) {
    const auto dataset = open_h5_fields(
        "inputs: {ids: /eval/ids, half: eval/packed}, targets: {label: eval/labels, text: eval/answers}");
    ASSERT_EQ(dataset->size(), 4);
    EXPECT_EQ(to_text(dataset->schema().inputs), "ids int64 [3], half fp32 [3]");
    EXPECT_EQ(to_text(dataset->schema().targets), "label int64 [], text text");
    const Sample sample = dataset->read(2);
    EXPECT_THAT(first_input(sample).as<std::int64_t>(), ElementsAre(6, 7, 8));
    EXPECT_THAT(std::get<Tensor>(sample.inputs[1]).as<float>(), ElementsAre(3, 3.5F, 4));
    EXPECT_EQ(label_of(sample), 1);
    EXPECT_THAT(std::get<std::vector<std::string>>(sample.targets[1]), ElementsAre("three"));
    EXPECT_THAT(std::get<std::vector<std::string>>(dataset->read(3).targets[1]), ElementsAre(""));
    EXPECT_EQ(std::get<Tensor>(open_h5_fields("inputs: {s: eval/short}")->read(3).inputs[0]).as<std::uint16_t>()[0],
              65535);
}

TEST(Hdf5, LinksAndDatasetsOfOtherFilesAreRefused) {
    EXPECT_THAT(h5_refusal("elsewhere", "linked.h5"),
                HasSubstr("linked.h5::/elsewhere: is a link to elsewhere, which is not followed"));
    EXPECT_THAT(h5_refusal("virtual", "linked.h5"),
                HasSubstr("linked.h5::/virtual: takes its elements from another file"));
    EXPECT_THAT(h5_refusal("soft"), HasSubstr("samples.h5::/soft: is a link"));
}

TEST(Hdf5, WhatIsNeitherNumbersNorTextsOfAFixedLengthIsRefused) {
    EXPECT_THAT(h5_refusal("eval/free"), HasSubstr("samples.h5::/eval/free: holds texts of variable length"));
    EXPECT_THAT(h5_refusal("eval/pairs"), HasSubstr("samples.h5::/eval/pairs: holds neither texts nor numbers"));
    EXPECT_THAT(h5_refusal("eval/big_endian"), HasSubstr("little-endian"));
    EXPECT_THAT(h5_refusal("eval/one"), HasSubstr("is a single value"));
    EXPECT_THAT(h5_refusal("eval/missing"), HasSubstr("samples.h5::/eval/missing: is missing"));
    EXPECT_THAT(h5_refusal("eval/ids", "nowhere.h5"), HasSubstr("nowhere.h5: no such file"));
    EXPECT_THAT(message_of<DataError>([] { (void)open_h5_fields("inputs: {x: eval/ids}, targets: {y: eval/three}"); }),
                HasSubstr("::/eval/ids holds 4 samples, but "));
    EXPECT_THAT(message_of<ConfigError>([] { (void)make_dataset("HDF5", section("inputs: {x: a}")); }),
                HasSubstr("path"));
}

TEST(Hdf5, TwoFilesMayBeReadByTwoThreads) {
    const auto one = open_h5_fields("inputs: {ids: eval/ids}");
    const auto two = open_h5_fields("inputs: {half: eval/packed}");
    const auto read_often = [](const Dataset& dataset) {
        for (int i = 0; i < 200; ++i) (void)dataset.read(i % 4);
    };
    std::thread other(read_often, std::cref(*one));
    read_often(*two);
    other.join();
}

}  // namespace
}  // namespace halftone
