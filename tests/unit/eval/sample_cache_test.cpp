#include "eval/sample_cache.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/config_text.hpp"

namespace halftone {
namespace {

constexpr std::size_t kBatchBytes = 2 * (3 * sizeof(float) + sizeof(std::int64_t));  // two samples of three values

Pipeline dummy_pipeline() {
    DataloaderConfig config;
    config.dataset = plugin("dummy", "shape: [8, 3]");
    return Pipeline(config);
}

struct Batch {
    std::vector<float> values;
    std::vector<std::int64_t> labels;
    friend bool operator==(const Batch&, const Batch&) = default;
};

/// Three rows of room, filled with rubbish before.
template <class Read>
Batch batch_of(const Read& read) {
    Tensor out({DType::f32, Shape{3, 3}});
    for (float& v : out.mutable_view().as<float>()) v = 99;
    std::vector<std::int64_t> labels(3, 99);
    read(out.mutable_view(), std::span(labels));
    return {{out.as<float>().begin(), out.as<float>().end()}, labels};
}

Batch direct(const Pipeline& data, std::int64_t first) {
    return batch_of([&](MutableView out, std::span<std::int64_t> labels) { data.read(first, 2, out, labels); });
}

Batch cached(SampleCache& cache, std::int64_t first, bool keep = true) {
    return batch_of([&](MutableView out, std::span<std::int64_t> labels) { cache.read(first, 2, out, labels, keep); });
}

TEST(SampleCache, GivesWhatThePipelineGivesTheFirstTimeAndEveryTime) {
    const Pipeline data = dummy_pipeline();
    SampleCache cache(data, 1000);
    for (int round = 0; round < 3; ++round) {
        for (const std::int64_t first : {0, 2, 5}) EXPECT_EQ(cached(cache, first), direct(data, first));
    }
    EXPECT_EQ(cache.bytes(), 3 * kBatchBytes);
}

TEST(SampleCache, NeverHoldsMoreThanItsLimitAndReadsTheRestAgain) {
    const Pipeline data = dummy_pipeline();
    SampleCache cache(data, 2 * kBatchBytes + 1);
    for (int round = 0; round < 2; ++round) {
        for (const std::int64_t first : {0, 2, 4, 6}) EXPECT_EQ(cached(cache, first), direct(data, first));
        EXPECT_EQ(cache.bytes(), 2 * kBatchBytes);
    }
}

TEST(SampleCache, KeepsOnlyWhatItIsAskedToKeep) {
    const Pipeline data = dummy_pipeline();
    SampleCache cache(data, 1000);
    EXPECT_EQ(cached(cache, 0, false), direct(data, 0));
    EXPECT_EQ(cache.bytes(), 0U);
}

}  // namespace
}  // namespace halftone
