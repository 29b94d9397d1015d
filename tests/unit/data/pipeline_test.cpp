#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/config_text.hpp"

namespace halftone {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

DataloaderConfig golden_loader(std::vector<PluginConfig> transforms) {
    DataloaderConfig config;
    config.dataset = plugin("FashionMNIST", "root: " HALFTONE_TEST_DATA "/data");
    config.transforms = std::move(transforms);
    return config;
}

std::uint64_t hash_of(std::vector<PluginConfig> transforms) {
    return Pipeline(golden_loader(std::move(transforms))).identity_hash();
}

TEST(Pipeline, AppliesTheTransformsInOrder) {
    const Pipeline pipeline(golden_loader({plugin("Rescale"), plugin("Transpose", "perm: [2, 0, 1]")}));
    EXPECT_EQ(pipeline.size(), 4);
    EXPECT_EQ(pipeline.spec(), (TensorType{DType::f32, Shape{1, 3, 4}}));
    Tensor batch({DType::f32, Shape{2, 1, 3, 4}});
    std::vector<std::int64_t> labels(2);
    pipeline.read(1, 2, batch.mutable_view(), labels);
    EXPECT_THAT(labels, ElementsAre(3, 6));
    EXPECT_EQ(batch.as<float>()[5], 61.0F / 255.0F);
    EXPECT_EQ(batch.as<float>()[12], 100.0F / 255.0F);
}

TEST(Pipeline, WithoutTransformsGivesThePixelsAsFloats) {
    const Pipeline pipeline(golden_loader({}));
    EXPECT_EQ(pipeline.spec(), (TensorType{DType::f32, Shape{3, 4, 1}}));
    Tensor batch({DType::f32, Shape{1, 3, 4, 1}});
    std::vector<std::int64_t> labels(1);
    pipeline.read(2, 1, batch.mutable_view(), labels);
    EXPECT_EQ(batch.as<float>()[11], 123.0F);
}

TEST(Pipeline, ZeroesTheRowsBeyondTheSamples) {
    const Pipeline pipeline(golden_loader({}));
    const std::vector<float> old(36, 7.0F);
    Tensor batch = Tensor::of<float>(Shape{3, 12}, old);
    std::vector<std::int64_t> labels(1);
    pipeline.read(3, 1, batch.mutable_view(), labels);
    EXPECT_EQ(batch.as<float>()[0], 150.0F);
    EXPECT_THAT(batch.as<float>().subspan(12), Each(0.0F));
}

TEST(Pipeline, RefusesToReadBeyondTheData) {
    const Pipeline pipeline(golden_loader({}));
    Tensor batch({DType::f32, Shape{2, 12}});
    std::vector<std::int64_t> labels(2);
    EXPECT_THROW(pipeline.read(3, 2, batch.mutable_view(), labels), InternalError);
    EXPECT_THROW(pipeline.read(0, 3, batch.mutable_view(), labels), InternalError);
}

TEST(Pipeline, ATransformThatDoesNotFitIsAConfigErrorWithBothShapes) {
    const auto message = message_of<ConfigError>([] {
        const Pipeline pipeline(golden_loader({plugin("Rescale"), plugin("Transpose", "perm: [1, 0]")}));
    });
    EXPECT_THAT(message, HasSubstr("config.yaml:1"));
    EXPECT_THAT(message, HasSubstr("perm [1,0] does not fit the input [3,4,1]"));
}

TEST(Pipeline, TheIdentityIsOfDataAndTransforms) {
    const std::uint64_t hash = hash_of({plugin("Normalize", "mean: 0.5")});
    EXPECT_EQ(hash_of({plugin("Normalize", "mean: 0.5")}), hash);
    EXPECT_NE(hash_of({plugin("Normalize", "mean: 0.25")}), hash);
    EXPECT_NE(hash_of({plugin("Normalize", "mean: 0.5"), plugin("ToArray")}), hash);
    EXPECT_NE(hash_of({}), hash);
}

TEST(Shards, CutTheSamplesWithoutGapOrOverlap) {
    for (const auto& [samples, shards] : {std::pair{10, 3}, {3, 10}, {20, 20}, {0, 4}, {9999, 20}}) {
        std::int64_t next = 0;
        for (std::int64_t shard = 0; shard < shards; ++shard) {
            const SampleRange range = shard_range(samples, shards, shard);
            EXPECT_EQ(range.first, next);
            EXPECT_EQ(range.last, (shard + 1) * samples / shards);
            next = range.last;
        }
        EXPECT_EQ(next, samples);
    }
}

TEST(Shards, CutHugeCountsWithoutOverflow) {
    EXPECT_EQ(shard_range(INT64_MAX, 1000, 999).last, INT64_MAX);
    EXPECT_THROW((void)shard_range(10, 3, 3), InternalError);
}

}  // namespace
}  // namespace halftone
