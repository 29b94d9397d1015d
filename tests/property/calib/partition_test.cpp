// Any way of cutting the samples into shards and batches, and any grouping and order of merging, ends in the same
// bytes.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/rng.hpp"
#include "calib/statistics.hpp"

namespace halftone {
namespace {

/// Values of very different magnitude, so that histograms grow at different moments; zeros and NaN among them.
std::vector<float> awkward_values(std::uint64_t seed) {
    Rng rng(seed);
    std::vector<float> values(3000 + rng.below(90000));
    const int spread = 1 + static_cast<int>(rng.below(60));
    for (float& value : values) {
        const int exponent = static_cast<int>(rng.below(static_cast<std::uint64_t>(spread))) - spread / 2;
        value = static_cast<float>(std::ldexp(rng.normal(), exponent));
        if (rng.below(3) == 0) value = rng.below(2) == 0 ? 0.0F : -0.0F;
        if (rng.below(500) == 0) value = NAN;
    }
    return values;
}

/// Borders of up to `parts` random pieces, from 0 to `size`.
std::vector<std::size_t> random_cuts(Rng& rng, std::size_t size, std::size_t parts) {
    std::vector<std::size_t> cuts{0, size};
    for (std::size_t i = 1; i < parts; ++i) cuts.push_back(rng.below(size + 1));
    std::sort(cuts.begin(), cuts.end());
    return cuts;
}

ValueStatistics observed(std::span<const float> values, std::size_t batch) {
    ValueStatistics statistics;
    for (; !values.empty(); values = values.subspan(std::min(batch, values.size()))) {
        statistics.observe(values.first(std::min(batch, values.size())));
    }
    return statistics;
}

class Partitions : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(Partitions, EndInTheSameBytes) {
    const std::vector<float> values = awkward_values(GetParam());
    const std::string whole = observed(values, values.size()).encode();
    Rng rng(mix(GetParam(), 1));
    for (int round = 0; round < 8; ++round) {
        const std::vector<std::size_t> cuts = random_cuts(rng, values.size(), 1 + rng.below(9));
        std::vector<ValueStatistics> parts;
        for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
            parts.push_back(observed(std::span(values).subspan(cuts[i], cuts[i + 1] - cuts[i]), 1 + rng.below(5000)));
        }
        while (parts.size() > 1) {  // any two, in any order, by way of bytes as between ranks
            const std::size_t from = rng.below(parts.size());
            const ValueStatistics taken = ValueStatistics::decode(parts[from].encode());
            parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(from));
            parts[rng.below(parts.size())].merge(taken);
        }
        EXPECT_EQ(parts.front().encode(), whole) << "round " << round;
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Partitions, ::testing::Range<std::uint64_t>(0, 12));

TEST(Shards, OneThreeAndSevenShardsWithBatchesOfOneEightAndThirtyTwo) {
    const std::vector<float> values = awkward_values(99);
    const std::string whole = observed(values, values.size()).encode();
    for (const std::size_t shards : {1U, 3U, 7U}) {
        for (const std::size_t batch : {1U, 8U, 32U}) {
            ValueStatistics merged;
            for (std::size_t shard = 0; shard < shards; ++shard) {
                const std::size_t first = shard * values.size() / shards;
                const std::size_t last = (shard + 1) * values.size() / shards;
                merged.merge(observed(std::span(values).subspan(first, last - first), batch));
            }
            EXPECT_EQ(merged.encode(), whole) << shards << " shards, batches of " << batch;
        }
    }
}

}  // namespace
}  // namespace halftone
