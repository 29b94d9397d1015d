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

/// Pictures of 4 x 4 pixels: bytes on the disk, then cropped to 2 x 2, then 4 bytes for each number.
Pipeline pictures() {
    DataloaderConfig config;
    config.dataset = plugin("dummy", "{shape: [8, 4, 4, 3], low: 0, high: 255, dtype: uint8}");
    config.transforms = {plugin("CenterCrop", "size: 2"), plugin("Rescale", "{}"),
                         plugin("Transpose", "perm: [2, 0, 1]")};
    return Pipeline(config);
}

TEST(SampleCache, SamplesThatDoNotFitAreKeptWhereTheyAreNarrowest) {
    const Pipeline data = pictures();
    EXPECT_EQ(data.narrowest_stage(), 1U);
    constexpr std::size_t kLabel = sizeof(std::int64_t);
    // Eight finished samples take 48 bytes each without their labels, narrow ones 12.
    SampleCache finished(data, 8 * 48 + 8 * kLabel, 8);
    SampleCache narrow(data, 8 * 47, 8);
    for (int round = 0; round < 2; ++round) {
        for (const std::int64_t id : {3, 0, 7}) {
            expect_read(finished, data, id);
            expect_read(narrow, data, id);
        }
    }
    EXPECT_EQ(finished.bytes(), 3 * (48 + kLabel));
    EXPECT_EQ(narrow.bytes(), 3 * (12 + kLabel));
    EXPECT_TRUE(finished.has_finished(7));
    EXPECT_FALSE(narrow.has_finished(7)) << "the rest of the transforms still runs";
}

TEST(SampleCache, TheNarrowestStageIsTheLastOneWhereNothingIsGainedAndWhereSizesAreOpen) {
    EXPECT_EQ(dummy_pipeline().narrowest_stage(), 0U);
    DataloaderConfig config;
    config.dataset = plugin("dummy", "{shape: [8, 4, 4, 3], low: 0, high: 255, dtype: uint8}");
    config.transforms = {plugin("Transpose", "perm: [2, 0, 1]")};
    EXPECT_EQ(Pipeline(config).narrowest_stage(), 1U);
}

}  // namespace
}  // namespace halftone
