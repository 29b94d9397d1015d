// HDF5: datasets as h5py writes them. The files are h5py's own (golden/data/PROVENANCE.md).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "base/file_system.hpp"
#include "support/config_text.hpp"
#include "support/temporary_folder.hpp"

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

TEST(Hdf5, RowsOfVariableLengthAreReadAsH5pyWritesThem) {
    const auto dataset = open_h5_fields("inputs: {ids: lists}, targets: {text: texts}", "variable.h5");
    ASSERT_EQ(dataset->size(), 3);
    EXPECT_EQ(to_text(dataset->schema().inputs), "ids int64 [N]");
    EXPECT_EQ(to_text(dataset->schema().targets), "text text");
    const auto ids_of = [&](std::int64_t id) {
        const Sample sample = dataset->read(id);
        const auto values = first_input(sample).as<std::int64_t>();
        return std::vector<std::int64_t>(values.begin(), values.end());
    };
    EXPECT_THAT(ids_of(0), ElementsAre(1, 2, 3));
    EXPECT_THAT(ids_of(1), ElementsAre());
    EXPECT_THAT(ids_of(2), ElementsAre(-7));
    EXPECT_THAT(std::get<std::vector<std::string>>(dataset->read(0).targets[0]), ElementsAre("one"));
    EXPECT_THAT(std::get<std::vector<std::string>>(dataset->read(1).targets[0]), ElementsAre(""));
    EXPECT_THAT(std::get<std::vector<std::string>>(dataset->read(2).targets[0]), ElementsAre("zw\xc3\xb6lf"));
    const auto chunked = open_h5_fields("inputs: {x: chunked}", "variable.h5");
    const Sample longest = chunked->read(3);
    ASSERT_EQ(first_input(longest).elements(), 3000);
    EXPECT_EQ(first_input(longest).as<float>()[2999], 2999);
    EXPECT_THAT(std::get<std::vector<std::string>>(open_h5_fields("inputs: {x: eval/free}")->read(1).inputs[0]),
                ElementsAre("two"));
    EXPECT_THAT(
        std::get<std::vector<std::string>>(open_h5_fields("inputs: {x: packed}", "variable.h5")->read(2).inputs[0]),
        ElementsAre("zw\xc3\xb6lf"));
    EXPECT_THAT(h5_refusal("square", "variable.h5"), HasSubstr("one text or list for each row is read"));
    // It says what to write instead, in a line that Python takes.
    const std::string opened = "f = h5py.File('" + kFolder + "/variable.h5', 'a'); ";
    EXPECT_THAT(h5_refusal("square", "variable.h5"),
                HasSubstr(opened + "f.create_dataset('/square_0', data=f['/square'][:, 0], dtype=f['/square'].dtype)"));
}

TEST(Hdf5, PackedRowsOfVariableLengthAreUnpacked) {
    for (const char* name : {"gzip", "shuffled", "both"}) {
        SCOPED_TRACE(name);
        const auto dataset = open_h5_fields(std::string("inputs: {x: ") + name + "}", "variable_packed.h5");
        ASSERT_EQ(dataset->size(), 7);
        for (const std::int64_t row : {6, 0, 3, 4, 1, 5, 2}) {  // to and fro between the two chunks
            const Sample sample = dataset->read(row);
            const auto values = first_input(sample).as<std::int64_t>();
            ASSERT_EQ(values.size(), static_cast<std::size_t>(row));
            for (std::int64_t i = 0; i < row; ++i) EXPECT_EQ(values[static_cast<std::size_t>(i)], i - 3);
        }
    }
    EXPECT_THAT(h5_refusal("other", "variable_packed.h5"),
                HasSubstr("/other: is stored with a filter that is not read"));
}

/// Bytes behind each place in which a packed chunk may begin (zlib's first byte is 0x78) are damaged in turn: rows are
/// what they were, or they are refused as the data's fault.
TEST(Hdf5, DamagedPackedRowsAreRefused) {
    const TemporaryFolder folder;
    const std::string good = make_posix_file_system()->read(kFolder + "/variable_packed.h5");
    std::vector<std::size_t> places;
    for (std::size_t at = good.find('\x78'); at != std::string::npos; at = good.find('\x78', at + 1)) {
        for (const std::size_t byte : {1U, 3U, 8U}) places.push_back(std::min(at + byte, good.size() - 1));
    }
    int refused = 0;
    for (const std::size_t at : places) {
        std::string bad = good;
        bad[at] = static_cast<char>(bad[at] ^ 0x5A);
        std::ofstream(folder / "bad.h5", std::ios::binary) << bad;
        try {
            const auto dataset =
                make_dataset("HDF5", section("{path: " + (folder / "bad.h5") + ", inputs: {x: both}}"));
            for (std::int64_t id = 0; id < std::min<std::int64_t>(dataset->size(), 7); ++id) (void)dataset->read(id);
        } catch (const DataError& error) {
            EXPECT_THAT(error.what(), HasSubstr("bad.h5"));
            ++refused;
        }
    }
    EXPECT_GE(refused, 2) << "both chunks of the dataset were damaged, of " << places.size() << " places";
}

TEST(Hdf5, ReferencesThatLeadNowhereAreRefusedWithTheRecord) {
    const TemporaryFolder folder;
    const auto files = make_posix_file_system();
    const std::string good = files->read(kFolder + "/variable.h5");
    const auto read_all = [&](const std::string& bytes) {
        std::ofstream(folder / "bad.h5", std::ios::binary) << bytes;
        const auto dataset = make_dataset("HDF5", section("{path: " + (folder / "bad.h5") + ", inputs: {x: lists}}"));
        for (std::int64_t id = 0; id < dataset->size(); ++id) (void)dataset->read(id);
    };
    // The first list's reference: three elements, an address, object number.
    const std::string three("\x03\0\0\0", 4);
    const std::size_t heap = good.find("GCOL");
    std::string address(8, '\0');
    for (std::size_t i = 0; i < 8; ++i) address[i] = static_cast<char>(heap >> (8 * i));
    std::size_t at = good.find(three + address, good.find(three + address) + 1);  // the texts' first one comes before
    ASSERT_NE(at, std::string::npos);
    const auto changed = [&](std::size_t place, const std::string& to) {
        std::string bytes = good;
        bytes.replace(place, to.size(), to);
        return message_of<DataError>([&] { read_all(bytes); });
    };
    EXPECT_THAT(changed(at, std::string("\xff\xff\xff\xff", 4)),
                HasSubstr("/lists: record 0: its length is 4294967295"));
    EXPECT_THAT(changed(at + 4, std::string(8, '\x7f')),
                HasSubstr("record 0: refers to bytes beyond the end of the file"));
    EXPECT_THAT(changed(at + 4, std::string(8, '\0')), HasSubstr("expected a global heap collection"));
    EXPECT_THAT(changed(at + 12, std::string("\x63\0\0\0", 4)), HasSubstr("has no object 99"));
    EXPECT_THAT(changed(heap + 8, std::string(8, '\x7f')),
                HasSubstr("record 0: refers to bytes beyond the end of the file"));
}

TEST(Hdf5, WhatIsNeitherNumbersNorTextsIsRefused) {
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
