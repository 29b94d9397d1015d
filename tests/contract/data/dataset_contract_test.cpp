// What every registered data set promises: random access that any thread may use, and a hash of its content.

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <map>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "data/dataset.hpp"
#include "support/temporary_folder.hpp"

namespace halftone {
namespace {

constexpr std::int64_t kSamples = 5;

std::string big_endian(std::uint32_t value) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
    return bytes;
}

/// The test split of kSamples images of 3 x 4 pixels; `first_pixel` begins the first of them.
std::string write_idx_files(const std::string& folder, char first_pixel) {
    std::string pixels;
    for (char i = 0; i < kSamples * 12; ++i) pixels += i;
    pixels[0] = first_pixel;
    std::ofstream(folder + "/t10k-images-idx3-ubyte", std::ios::binary)
        << big_endian(0x803) << big_endian(kSamples) << big_endian(3) << big_endian(4) << pixels;
    std::ofstream(folder + "/t10k-labels-idx1-ubyte", std::ios::binary)
        << big_endian(0x801) << big_endian(kSamples) << std::string("\1\2\3\4\5");
    return "root: " + folder;
}

/// How to make each data set: writes its files into a folder and returns its section of the config. Sets made with
/// another `content` differ in the first sample.
using Make = std::function<std::string(const std::string& folder, char content)>;
const std::map<std::string, Make> kMakers{
    {"FashionMNIST", write_idx_files},
    {"MNIST", write_idx_files},
    {"dummy",
     [](const std::string&, char content) {
         return "{shape: [" + std::to_string(kSamples) + ", 3, 4], low: -" + std::to_string(content) + "}";
     }},
};

bool is_equal(const Sample& a, const Sample& b) {
    const std::byte* bytes = a.data.view().data;
    return a.label == b.label && a.data.type() == b.data.type() &&
           std::equal(bytes, bytes + a.data.bytes(), b.data.view().data);
}

class EveryDataset : public ::testing::TestWithParam<std::string> {
protected:
    void SetUp() override {
        ASSERT_TRUE(kMakers.contains(GetParam())) << "say in kMakers how " << GetParam() << " is made";
        dataset_ = make(7);
    }
    [[nodiscard]] std::unique_ptr<Dataset> make(char content) const {
        const std::string yaml = kMakers.at(GetParam())(folder_.path(), content);
        return make_dataset(GetParam(), parse_yaml(yaml, folder_ / "config.yaml"));
    }
    [[nodiscard]] std::vector<Sample> read_all() const {
        std::vector<Sample> samples;
        for (std::int64_t i = 0; i < dataset_->size(); ++i) samples.push_back(dataset_->read(i));
        return samples;
    }

    TemporaryFolder folder_;
    std::unique_ptr<Dataset> dataset_;
};

TEST_P(EveryDataset, ReadsWhatItsSizeAndSpecSay) {
    ASSERT_EQ(dataset_->size(), kSamples);
    for (const Sample& sample : read_all()) EXPECT_EQ(sample.data.type(), dataset_->spec());
}

TEST_P(EveryDataset, GivesTheSameSamplesInAnyOrder) {
    const std::vector<Sample> in_order = read_all();
    for (const std::int64_t i : {4, 0, 3, 3, 1, 2, 0, 4}) {
        EXPECT_TRUE(is_equal(dataset_->read(i), in_order[static_cast<std::size_t>(i)])) << "sample " << i;
    }
}

TEST_P(EveryDataset, ASampleBelongsToItsReader) {
    const Sample before = dataset_->read(0);
    Sample mine = dataset_->read(0);
    std::fill_n(mine.data.mutable_view().data, mine.data.bytes(), std::byte{0x55});
    EXPECT_TRUE(is_equal(dataset_->read(0), before));
}

TEST_P(EveryDataset, HashesItsContentAlone) {
    const std::uint64_t hash = dataset_->content_hash();
    static_cast<void>(read_all());
    EXPECT_EQ(dataset_->content_hash(), hash) << "reading changes nothing";
    EXPECT_EQ(make(7)->content_hash(), hash) << "the same files, read again";
    EXPECT_NE(make(8)->content_hash(), hash) << "another first sample";
}

TEST_P(EveryDataset, RefusesIdsOutOfRange) {
    for (const std::int64_t i : {std::int64_t{-1}, kSamples, INT64_MAX, INT64_MIN}) {
        EXPECT_THROW((void)dataset_->read(i), Error) << i;
    }
}

TEST_P(EveryDataset, MayBeReadByTwoThreadsAtOnce) {
    const std::vector<Sample> expected = read_all();
    const Dataset& dataset = *dataset_;
    std::vector<char> is_same(2, 0);
    const auto read_often = [&](std::size_t thread) {
        bool same = true;
        for (std::size_t i = 0; i < 200; ++i) {
            const std::size_t id = (i * (thread + 1)) % expected.size();
            same = same && is_equal(dataset.read(static_cast<std::int64_t>(id)), expected[id]);
        }
        is_same[thread] = same ? 1 : 0;
    };
    std::thread other(read_often, 1);
    read_often(0);
    other.join();
    EXPECT_EQ(is_same, (std::vector<char>{1, 1}));
}

INSTANTIATE_TEST_SUITE_P(Datasets, EveryDataset, ::testing::ValuesIn(dataset_names()),
                         [](const auto& name) { return name.param; });

}  // namespace
}  // namespace halftone
