// A source cuts a data set into shards and padded batches, in one order.
#include "eval/sample_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <optional>

#include "support/evaluation_world.hpp"
#include "support/temporary_folder.hpp"
#include "tensor/npy.hpp"

namespace halftone {
namespace {

using namespace test;
using ::testing::ElementsAre;

/// One batch as its reader saw it.
struct SeenBatch {
    std::int64_t first = 0;
    std::vector<std::int64_t> ids;
    std::vector<float> values;
};

/// Eight samples of two values, read in batches of three.
struct SourceWorld {
    Pipeline data{noise("[8, 2]")};
    SampleSource source{data, {.samples = 8, .shards = 3, .batch = 3, .cache_bytes = 1000}};

    std::vector<SeenBatch> read(SampleRange range, Caching caching = Caching::keep) {
        Tensor input({DType::f32, Shape{3, 2}});
        std::vector<SeenBatch> seen;
        const std::vector<MutableView> inputs{input.mutable_view()};
        source.for_each_batch(range, inputs, caching, [&](const SampleBatch& batch) {
            EXPECT_EQ(std::cmp_equal(batch.ids.size(), batch.rows), true);
            EXPECT_EQ(batch.targets.size(), batch.ids.size());
            seen.push_back({batch.first,
                            {batch.ids.begin(), batch.ids.end()},
                            {input.as<float>().begin(), input.as<float>().end()}});
            for (float& value : input.mutable_view().as<float>()) value = 99;  // what a session might leave there
        });
        return seen;
    }
    /// The rows of these samples one behind the other, then zeros up to the end of a batch.
    [[nodiscard]] std::vector<float> batch_of(const std::vector<std::size_t>& samples) const {
        const auto rows = rows_of(data, 8);
        std::vector<float> values;
        for (const std::size_t s : samples) values.insert(values.end(), rows[s].begin(), rows[s].end());
        values.resize(6, 0.0F);
        return values;
    }
};

TEST(SampleSource, TheLastBatchOfARangeIsPaddedWithZeros) {
    SourceWorld world;
    for (int round = 0; round < 2; ++round) {  // from the data set, then from the cache
        const auto seen = world.read({2, 7});
        ASSERT_EQ(seen.size(), 2U);
        EXPECT_EQ(seen[0].first, 2);
        EXPECT_THAT(seen[0].ids, ElementsAre(2, 3, 4));
        EXPECT_EQ(seen[0].values, world.batch_of({2, 3, 4}));
        EXPECT_EQ(seen[1].first, 5);
        EXPECT_THAT(seen[1].ids, ElementsAre(5, 6));
        EXPECT_EQ(seen[1].values, world.batch_of({5, 6}));
    }
}

TEST(SampleSource, ReadingAheadGivesTheSameBatches) {
    for (const bool reads_ahead : {false, true}) {
        SourceWorld world;
        SampleSource source(
            world.data,
            {.samples = 8, .batch = 3, .cache_bytes = 30, .reads_ahead = reads_ahead, .worth_a_thread = {}});
        Tensor input({DType::f32, Shape{3, 2}});
        const std::vector<MutableView> inputs{input.mutable_view()};
        std::vector<std::vector<float>> seen;
        for (int round = 0; round < 3; ++round) {  // the first sample is kept, the others are read each time
            source.for_each_batch({0, 8}, inputs, Caching::keep, [&](const SampleBatch&) {
                seen.emplace_back(input.as<float>().begin(), input.as<float>().end());
            });
        }
        ASSERT_EQ(seen.size(), 9U);
        EXPECT_EQ(seen[1], world.batch_of({3, 4, 5}));
        EXPECT_EQ(seen[8], world.batch_of({6, 7}));
    }
}

TEST(SampleSource, AnEmptyRangeHasNoBatch) {
    SourceWorld world;
    EXPECT_TRUE(world.read({4, 4}).empty());
}

TEST(SampleSource, ShardsHoldEverySampleOnce) {
    const SourceWorld world;
    std::vector<std::int64_t> borders;
    for (std::int64_t s = 0; s < world.source.shards(); ++s) {
        borders.push_back(world.source.shard(s).first);
        borders.push_back(world.source.shard(s).last);
    }
    EXPECT_THAT(borders, ElementsAre(0, 3, 3, 6, 6, 8)) << "batches of 3: only the last one is not full";
}

TEST(SampleSource, HasNoMoreShardsThanSamplesAndAtLeastOne) {
    EXPECT_EQ(shard_count(100, 20, 1), 20);
    EXPECT_EQ(shard_count(7, 20, 1), 7);
    EXPECT_EQ(shard_count(0, 20, 1), 1);
    // A shard runs whole batches: 100 samples are four batches of 25, and 101 are five.
    EXPECT_EQ(shard_count(100, 20, 25), 4);
    EXPECT_EQ(shard_count(101, 20, 25), 5);
    EXPECT_EQ(shard_count(10'000, 20, 25), 20);
    EXPECT_EQ(shard_count(7, 20, 25), 1);
}

TEST(SampleSource, ANewOrderHoldsForBatchesThatWereCachedInTheOldOne) {
    SourceWorld world;
    (void)world.read({0, 3});
    world.source.set_order({7, 0, 6, 1, 5, 2, 4, 3});
    EXPECT_EQ(world.read({0, 3})[0].values, world.batch_of({7, 0, 6}));
    EXPECT_THAT(world.read({0, 3})[0].ids, ElementsAre(7, 0, 6));
    EXPECT_EQ(world.read({6, 8})[0].values, world.batch_of({4, 3}));
}

TEST(SampleSource, WhatIsReadWithoutKeepingIsTheSame) {
    SourceWorld world;
    EXPECT_EQ(world.read({0, 8}, Caching::pass)[2].values, world.batch_of({6, 7}));
    EXPECT_EQ(world.read({0, 8}, Caching::keep)[2].values, world.batch_of({6, 7}));
    EXPECT_EQ(world.read({0, 8}, Caching::pass)[2].values, world.batch_of({6, 7}));
}

/// Four samples of a file, of which sample 1 has NaN as target.
struct DirtySource {
    TemporaryFolder folder;
    std::optional<Pipeline> data;

    explicit DirtySource(bool skips) {
        const float nan = std::numeric_limits<float>::quiet_NaN();
        const auto write = [&](const char* name, const std::vector<float>& values) {
            std::ofstream(folder / name, std::ios::binary) << to_npy(Tensor::of<float>(Shape{4, 1}, values).view());
        };
        write("x.npy", {1, 2, 3, 4});
        write("y.npy", {0, nan, 0, 0});
        DataloaderConfig config;
        config.skips_bad_samples = skips;
        config.dataset = {"Numpy", parse_yaml("{inputs: {x: x.npy}, targets: {y: y.npy}}", folder / "config.yaml")};
        data.emplace(config);
    }
    /// The samples that come, by batches of two.
    [[nodiscard]] std::vector<std::vector<std::int64_t>> read(SampleSource& source) const {
        Tensor input({DType::f32, Shape{2, 1}});
        const std::vector<MutableView> inputs{input.mutable_view()};
        std::vector<std::vector<std::int64_t>> ids;
        source.for_each_batch({0, 4}, inputs, Caching::keep, [&](const SampleBatch& batch) {
            EXPECT_TRUE(std::cmp_equal(batch.ids.size(), batch.rows));
            EXPECT_EQ(batch.targets.size(), batch.ids.size());
            EXPECT_EQ(input.as<float>()[0], static_cast<float>(batch.ids[0] + 1));
            if (batch.rows == 1) {
                EXPECT_EQ(input.as<float>()[1], 0.0F);
            }
            ids.emplace_back(batch.ids.begin(), batch.ids.end());
        });
        return ids;
    }
};

TEST(SampleSource, AFaultOfABatchThatIsReadAheadComesWhenItsTurnHasCome) {
    const DirtySource world(false);
    SampleSource source(*world.data,
                        {.samples = 4, .shards = 1, .batch = 1, .reads_ahead = true, .worth_a_thread = {}});
    Tensor input({DType::f32, Shape{1, 1}});
    const std::vector<MutableView> inputs{input.mutable_view()};
    int batches = 0;
    const auto read = [&](const std::function<void(const SampleBatch&)>& body) {
        source.for_each_batch({0, 4}, inputs, Caching::keep, body);
    };
    EXPECT_THROW(read([&](const SampleBatch&) { ++batches; }), DataError);
    EXPECT_EQ(batches, 1) << "sample 0 came before the fault of sample 1";
    // A body that throws leaves no thread behind that reads on.
    EXPECT_THROW(read([](const SampleBatch&) { throw ModelError("stop"); }), ModelError);
}

TEST(SampleSource, ASampleThatCannotBeReadIsSkippedAndCountedOnce) {
    const DirtySource world(true);
    for (const bool reads_ahead : {false, true}) {
        SampleSource source(*world.data, {.samples = 4,
                                          .shards = 1,
                                          .batch = 2,
                                          .cache_bytes = 1000,
                                          .reads_ahead = reads_ahead,
                                          .worth_a_thread = {}});
        for (int round = 0; round < 2; ++round) {
            EXPECT_THAT(world.read(source), ElementsAre(ElementsAre(0), ElementsAre(2, 3)));
            EXPECT_EQ(source.skipped(), 1);
        }
    }
}

TEST(SampleSource, ASampleThatCannotBeReadEndsTheReadingUnlessItMayBeSkipped) {
    const DirtySource world(false);
    SampleSource source(*world.data, {.samples = 4, .shards = 1, .batch = 2, .cache_bytes = 1000});
    EXPECT_THROW((void)world.read(source), DataError);
}

}  // namespace
}  // namespace halftone
