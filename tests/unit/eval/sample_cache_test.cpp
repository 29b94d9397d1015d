#include "eval/sample_cache.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/config_text.hpp"

namespace halftone {
namespace {

constexpr std::size_t kSampleBytes = 3 * sizeof(float) + sizeof(std::int64_t);  // three values and a label

Pipeline dummy_pipeline() {
    DataloaderConfig config;
    config.dataset = plugin("dummy", "shape: [8, 3]");
    return Pipeline(config);
}

void expect_read(SampleCache& cache, const Pipeline& data, std::int64_t id, bool keep = true) {
    const Sample expected = data.read(id);
    const Sample& sample = cache.read(id, keep);
    EXPECT_EQ(sample.id, id);
    EXPECT_EQ(label_of(sample), label_of(expected));
    EXPECT_THAT(first_input(sample).as<float>(), ::testing::ElementsAreArray(first_input(expected).as<float>()));
}

TEST(SampleCache, GivesWhatThePipelineGivesTheFirstTimeAndEveryTime) {
    const Pipeline data = dummy_pipeline();
    SampleCache cache(data, 1000);
    for (int round = 0; round < 3; ++round) {
        for (const std::int64_t id : {0, 2, 5}) expect_read(cache, data, id);
    }
    EXPECT_EQ(cache.bytes(), 3 * kSampleBytes);
}

TEST(SampleCache, NeverHoldsMoreThanItsLimitAndReadsTheRestAgain) {
    const Pipeline data = dummy_pipeline();
    SampleCache cache(data, 2 * kSampleBytes + 1);
    for (int round = 0; round < 2; ++round) {
        for (const std::int64_t id : {0, 2, 4, 6}) expect_read(cache, data, id);
        EXPECT_EQ(cache.bytes(), 2 * kSampleBytes);
    }
}

TEST(SampleCache, KeepsOnlyWhatItIsAskedToKeep) {
    const Pipeline data = dummy_pipeline();
    SampleCache cache(data, 1000);
    expect_read(cache, data, 0, false);
    EXPECT_EQ(cache.bytes(), 0U);
}

TEST(SampleCache, KeepsValuesInTheirOwnType) {
    DataloaderConfig config;
    config.dataset = plugin("dummy", "{shape: [8, 3], low: 0, dtype: uint8}");
    const Pipeline data(config);
    SampleCache cache(data, 1000);
    EXPECT_EQ(first_input(cache.read(1, true)).dtype(), DType::u8);
    EXPECT_EQ(cache.bytes(), 3 + sizeof(std::int64_t));
}

}  // namespace
}  // namespace halftone
