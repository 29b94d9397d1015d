#include "exec/memory_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "base/rng.hpp"

namespace halftone {
namespace {

using ::testing::ElementsAre;

std::size_t rounded(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

TEST(MemoryPlan, NothingNeedsNothing) { EXPECT_EQ(plan_memory({}).arena_bytes, 0U); }

TEST(MemoryPlan, BuffersOfDifferentTimesShareBytes) {
    const MemoryPlan plan = plan_memory({{.bytes = 128, .first = 0, .last = 1}, {.bytes = 64, .first = 2, .last = 3}});
    EXPECT_THAT(plan.offsets, ElementsAre(0, 0));
    EXPECT_EQ(plan.arena_bytes, 128U);
}

TEST(MemoryPlan, AStepReadsAndWritesDifferentBytes) {  // lives include both ends
    const MemoryPlan plan = plan_memory({{.bytes = 128, .first = 0, .last = 1}, {.bytes = 64, .first = 1, .last = 2}});
    EXPECT_THAT(plan.offsets, ElementsAre(0, 128));
    EXPECT_EQ(plan.arena_bytes, 192U);
}

TEST(MemoryPlan, OffsetsAreMultiplesOf64) {
    const MemoryPlan plan = plan_memory({{.bytes = 65, .first = 0, .last = 0}, {.bytes = 1, .first = 0, .last = 0}});
    EXPECT_THAT(plan.offsets, ElementsAre(0, 128));
}

TEST(MemoryPlan, ASmallBufferFillsTheGapBetweenTwoLargeOnes) {
    // By size: A at 0, B beside it at 256 (both live at 1), C where A is no more but B is: below B.
    const MemoryPlan plan = plan_memory({{.bytes = 256, .first = 0, .last = 1},
                                         {.bytes = 192, .first = 1, .last = 2},
                                         {.bytes = 128, .first = 2, .last = 3}});
    EXPECT_THAT(plan.offsets, ElementsAre(0, 256, 0));
    EXPECT_EQ(plan.arena_bytes, 448U);
}

/// The rule as it is written down: each buffer is compared with all that were placed before it.
std::vector<std::size_t> offsets_by_comparing_all(const std::vector<BufferLife>& lives) {
    std::vector<std::size_t> order(lives.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return lives[a].bytes > lives[b].bytes; });
    std::vector<std::size_t> offsets(lives.size(), 0);
    for (std::size_t i = 0; i < order.size(); ++i) {
        const BufferLife& own = lives[order[i]];
        std::map<std::size_t, std::size_t> taken;  // offset to end
        for (std::size_t j = 0; j < i; ++j) {
            const BufferLife& other = lives[order[j]];
            if (own.first > other.last || other.first > own.last) continue;
            std::size_t& end = taken[offsets[order[j]]];
            end = std::max(end, offsets[order[j]] + rounded(other.bytes));
        }
        std::size_t offset = 0;
        for (const auto& [begin, end] : taken) {
            if (offset + rounded(own.bytes) <= begin) break;
            offset = std::max(offset, end);
        }
        offsets[order[i]] = offset;
    }
    return offsets;
}

TEST(MemoryPlan, OffsetsAreThoseOfComparingAllBuffers) {
    Rng rng(2);
    for (int round = 0; round < 300; ++round) {
        std::vector<BufferLife> lives(1 + rng.below(60));
        for (BufferLife& life : lives) {
            life.bytes = rng.below(3) == 0 ? 0 : rng.below(1000);
            life.first = rng.below(37);
            life.last = life.first + rng.below(rng.below(4) == 0 ? 30 : 3);
        }
        EXPECT_EQ(plan_memory(lives).offsets, offsets_by_comparing_all(lives)) << "round " << round;
    }
}

TEST(MemoryPlan, ALongChainTakesTwoBuffers) {  // with 100,000 comparisons for each buffer this took minutes
    std::vector<BufferLife> lives;
    for (std::size_t i = 0; i < 100'000; ++i) lives.push_back({.bytes = 64, .first = i, .last = i + 1});
    EXPECT_EQ(plan_memory(lives).arena_bytes, 128U);
}

TEST(MemoryPlan, LiveBuffersNeverOverlapAndTheArenaIsNoLargerThanTheirSum) {
    Rng rng(1);
    for (int round = 0; round < 300; ++round) {
        std::vector<BufferLife> lives(1 + rng.below(40));
        std::size_t sum = 0;
        for (BufferLife& life : lives) {
            life.bytes = rng.below(1000);
            life.first = rng.below(30);
            life.last = life.first + rng.below(6);
            sum += rounded(life.bytes);
        }
        const MemoryPlan plan = plan_memory(lives);
        EXPECT_LE(plan.arena_bytes, sum);
        for (std::size_t a = 0; a < lives.size(); ++a) {
            EXPECT_LE(plan.offsets[a] + lives[a].bytes, plan.arena_bytes);
            for (std::size_t b = 0; b < a; ++b) {
                const bool share_time = lives[a].first <= lives[b].last && lives[b].first <= lives[a].last;
                const bool share_bytes = plan.offsets[a] < plan.offsets[b] + lives[b].bytes &&
                                         plan.offsets[b] < plan.offsets[a] + lives[a].bytes;
                EXPECT_FALSE(share_time && share_bytes) << "round " << round << ": " << a << " and " << b;
            }
        }
    }
}

}  // namespace
}  // namespace halftone
